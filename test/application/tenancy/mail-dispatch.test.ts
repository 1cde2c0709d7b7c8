/** Sending mails while the state store is away: what fails is tried again later, and ends nothing else. */
import { expect } from 'chai';
import { createMailDispatch } from '../../../application/tenancy/mail-dispatch.ts';
import type { Claim, MailQueue } from '../../../application/tenancy/mail-queue.ts';
import { Rejection } from '../../../domain/kernel/rejection.ts';
import { ISSUER, startTenancy, type Tenancy } from '../../support/tenancy.ts';
import { randomIds } from '../../support/random-ids.ts';
import { rejection } from '../../support/rejections.ts';
import { TENANT } from '../../api/kernel/support.ts';

const away = () => new Rejection('storage.unavailable', { retryAfter: 1 });
const turns = async (count: number): Promise<void> => {
  for (let n = 0; n < count; n += 1) await new Promise((resolve) => { setImmediate(resolve); });
};

const claim = (done: () => Promise<void>, again: () => Promise<void> = done): Claim =>
  ({ reference: { kind: 'invitation', tenant: TENANT, userId: randomIds.next(), id: randomIds.next() }, attempts: 1, done, again });

describe('sending mails while nothing can be stored', () => {
  let tenancy: Tenancy;
  beforeEach(async () => { tenancy = await startTenancy(); });
  afterEach(() => tenancy.close());

  const dispatchOf = (due: MailQueue['due'], warnings: unknown[] = []) => {
    const { aggregates, ground: { clock, sealing: { personalData } } } = tenancy;
    const queue: MailQueue = { due, put: async () => undefined, waiting: async () => ({ mails: 0, longestMs: 0 }) };
    return createMailDispatch({
      aggregates, personalData, clock, queue, publicUrl: ISSUER, views: { byId: async () => undefined },
      mailer: { send: async () => undefined }, logger: { warn: (details: object) => void warnings.push(details) },
    });
  };

  it('goes on with the others when it cannot be said of one that it is to be tried again', async () => {
    const warnings: unknown[] = [];
    let sent = 0;
    const failed = Promise.withResolvers<void>();
    const fail = async (): Promise<void> => {
      failed.resolve();
      throw away();
    };
    const dispatch = dispatchOf(async function* due() {
      yield claim(() => Promise.reject(away()), fail);
      // The next one takes its time: the first has failed by then, and nobody waits for it.
      await failed.promise;
      await turns(10);
      yield claim(async () => { sent += 1; });
    }, warnings);
    await dispatch.pass(new AbortController().signal);
    expect(sent).to.equal(1);
    expect(warnings.length).to.equal(2);
  });

  it('waits for those under way when no more can be listed, and then says why', async () => {
    const held = Promise.withResolvers<void>();
    let over = false;
    const dispatch = dispatchOf(async function* due() {
      yield claim(async () => {
        await held.promise;
        over = true;
        throw away();
      });
      throw away();
    });
    const pass = rejection(dispatch.pass(new AbortController().signal)).then(({ code }) => [code, over]);
    await turns(200);
    held.resolve();
    expect(await pass).to.deep.equal(['storage.unavailable', true]);
  });
});

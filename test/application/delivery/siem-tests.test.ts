/** Tests of SIEM sinks: whoever asks for many waits for their own. */
import { expect } from 'chai';
import { siemSinkEvents } from '../../../application/delivery/siem-events.ts';
import type { SinkTransport } from '../../../application/delivery/siem-ports.ts';
import { createToRecord } from '../../../application/delivery/siem-records.ts';
import { createSiemSinks } from '../../../application/delivery/siem-sinks.ts';
import { createEventCodec } from '../../../application/kernel/event-codec.ts';
import type { Secrets } from '../../../application/kernel/sealing.ts';
import type { TenantId } from '../../../domain/kernel/ids.ts';
import { openEmbedded } from '../../../infrastructure/runtime/embedded.ts';
import { someCause, someTenant } from '../../support/sample-events.ts';
import { failOnFatal, silentLogger } from '../../support/silent.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

const NEVER = new AbortController().signal;
const clock = { now: () => Date.UTC(2026, 2, 10, 14) };

describe('tests of SIEM sinks', () => {
  it('are four at once of a tenant; the others wait, and other tenants do not', async () => {
    const directory = temporaryDirectory();
    const opened = await openEmbedded({ dataDir: directory.path, codec: createEventCodec(siemSinkEvents), clock, logger: silentLogger, onFatal: failOnFatal });
    const free = Promise.withResolvers<void>();
    const [under, heard] = [new Map<TenantId, number>(), Promise.withResolvers<void>()];
    const way = (tenant: TenantId): SinkTransport => ({
      send: async () => {
        under.set(tenant, (under.get(tenant) ?? 0) + 1);
        if (tenant === other) heard.resolve();
        await free.promise;
      },
      close: async () => undefined,
    });
    const sinks = createSiemSinks({
      store: opened.store, log: opened.log, secrets: {} as Secrets, door: { check: () => undefined, checkHost: () => undefined }, types: [], clock,
      transport: ({ tenant }) => way(tenant), toRecord: createToRecord({ toOcsf: ({ id }) => ({ metadata: { uid: id } }), toCef: () => undefined }),
    });
    const [tenant, other] = [someTenant(), someTenant()];
    const create = (owner: TenantId): Promise<unknown> =>
      sinks.create(owner, { name: 'x', target: { kind: 'bus', topic: 'audit' }, secret: null, types: null, start: {} }, { ...someCause, commandId: 'one' });
    await create(tenant);
    await create(other);
    const mine = Array.from({ length: 10 }, () => sinks.test(tenant, 'one', NEVER));
    const theirs = sinks.test(other, 'one', NEVER);
    await heard.promise;
    for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => { setImmediate(resolve); });
    expect([under.get(tenant), under.get(other)]).to.deep.equal([4, 1]);
    free.resolve();
    expect((await Promise.all([...mine, theirs])).map(({ failure }) => failure)).to.deep.equal(Array.from({ length: 11 }, () => undefined));
    await opened.close();
    directory.remove();
  });
});

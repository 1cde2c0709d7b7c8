/** The read models of licensing as folds, and the questions that are asked of them over the embedded store. */
import { expect } from 'chai';
import type { Recorded } from '../../../application/kernel/ports.ts';
import type { LicenceStatus } from '../../../application/licensing/licences.ts';
import type { CredentialPrincipal } from '../../../application/tenancy/access.ts';
import type { Message } from '../../../domain/kernel/decider.ts';
import type { Position, StreamId } from '../../../domain/kernel/ids.ts';
import type { AnyProjection } from '../../../projections/kernel/projection.ts';
import { licensingProjections } from '../../../projections/licensing/index.ts';
import { licensingLicences } from '../../../projections/licensing/licences.ts';
import { licensingRevocations } from '../../../projections/licensing/revocations.ts';
import { collect } from '../../support/collect.ts';
import { account, CAUSE, generatedEvent, LICENCE_KEY, type LicensingGround, type LicensingProgram, NOW, openLicensing, revokedEvent } from '../../support/licensing.ts';

const DAY_MS = 86_400_000;

const recorded = (message: Message, at: number): Recorded => ({
  ...message, id: `event-${at}`, stream: 'licensing.any' as StreamId, tenant: account().tenant.id, revision: at,
  position: String(at).padStart(20, '0') as Position, time: '1999-01-01T00:00:00.000Z', cause: CAUSE,
});

/** The document after these events, each told so often. */
const folded = (projection: unknown, events: readonly Message[], times = 1): object | undefined => {
  const { on, id } = projection as AnyProjection;
  let document: object | undefined;
  events.forEach((event, at) => {
    for (let time = 0; time < times && on[event.type] !== undefined; time += 1) {
      expect(id(recorded(event, at))).to.equal(LICENCE_KEY);
      document = on[event.type]?.(document, recorded(event, at));
    }
  });
  return document;
};

describe('the read models of licensing', () => {
  const reason = { subject: '019aa5c4-6f00-7000-8000-00000000000a', box: 'why' };
  const history = [generatedEvent(), revokedEvent({ reason })];

  it('licensing_licences holds what was generated, and that it was revoked', () => {
    const generated = { ...generatedEvent().data, revoked: false, revokedAt: null, reason: null };
    expect(folded(licensingLicences, history.slice(0, 1))).to.deep.equal(generated);
    expect(folded(licensingLicences, history)).to.deep.equal({ ...generated, revoked: true, revokedAt: '2026-11-23T06:00:00.000Z', reason });
    expect(folded(licensingLicences, [generatedEvent(), revokedEvent()])).to.include({ revoked: true, reason: null });
  });

  it('licensing_revocations holds the moment and the place in the log', () => {
    expect(folded(licensingRevocations, history)).to.deep.equal({ licenceKey: LICENCE_KEY, revokedAt: '2026-11-23T06:00:00.000Z', position: '00000000000000000001' });
  });

  it('are the same when every event is told three times', () => {
    for (const projection of licensingProjections) expect(folded(projection, history, 3)).to.deep.equal(folded(projection, history));
  });

  it('take no revocation of a licence that nobody generated for one', () => {
    expect(folded(licensingLicences, [revokedEvent()])).to.equal(undefined);
  });
});

const numbers = (fits: (number: number) => boolean): readonly number[] => Array.from({ length: 60 }, (_, index) => index + 1).filter(fits);

describe('the book of an account’s licences', function suite() {
  this.timeout(20_000);
  let ground: LicensingGround;
  let program: LicensingProgram;
  const of: CredentialPrincipal = account({ plan: 'business' });
  const other: CredentialPrincipal = account();
  const { id } = of.tenant;
  /** By number, from 1: every third ends after a day, every fifth is revoked. */
  const keys: string[] = [''];

  before(async () => {
    ground = await openLicensing();
    program = ground.program();
    for (let number = 1; number <= 60; number += 1) {
      ground.knobs.now = NOW + number;
      keys.push((await program.generate(of, { validDays: number % 3 === 0 ? 1 : 30, endCustomerId: `c${number}` })).licenceKey);
    }
    for (let number = 60; number > 0; number -= 5) {
      ground.knobs.now = NOW + 1_000 - number;
      await program.licences.revoke(of, keys[number] ?? '', number === 60 ? 'the first one' : undefined, CAUSE);
    }
    await program.generate(other);
    ground.knobs.now = NOW + 2 * DAY_MS;
  });
  after(async () => ground.close());

  const page = async (status: LicenceStatus | undefined, number: number, perPage = 50, now = NOW + 2 * DAY_MS) => {
    const { items, total } = await program.book.page(id, { ...(status !== undefined && { status }), page: number, perPage, now });
    return { numbers: items.map((licence) => licence.number), total };
  };

  it('lists all by number, page by page, and nothing of another account', async () => {
    expect(await page(undefined, 1, 25)).to.deep.equal({ numbers: numbers((number) => number <= 25), total: 60 });
    expect(await page(undefined, 3, 25)).to.deep.equal({ numbers: numbers((number) => number > 50), total: 60 });
    expect(await page(undefined, 4, 25)).to.deep.equal({ numbers: [], total: 60 });
    expect(await page(undefined, 1_000_000, 100)).to.deep.equal({ numbers: [], total: 60 });
  });

  it('lists active and expired ones by the end of their validity, revoked ones by the moment', async () => {
    const [active, expired] = [numbers((number) => number % 3 !== 0 && number % 5 !== 0), numbers((number) => number % 3 === 0 && number % 5 !== 0)];
    expect(await page('active', 1)).to.deep.equal({ numbers: active, total: active.length });
    expect(await page('expired', 1)).to.deep.equal({ numbers: expired, total: expired.length });
    expect(await page('expired', 2, 10)).to.deep.equal({ numbers: expired.slice(10), total: expired.length });
    expect(await page('revoked', 1)).to.deep.equal({ numbers: numbers((number) => number % 5 === 0).toReversed(), total: 12 });
  });

  it('a licence has expired at the very moment of its end', async () => {
    const end = NOW + 3 + DAY_MS;
    expect((await page('expired', 1, 50, end - 1)).numbers).to.deep.equal([]);
    expect((await page('expired', 1, 50, end)).numbers).to.deep.equal([3]);
    expect((await page('active', 1, 50, end)).numbers).to.include(6).and.not.include(3);
  });

  it('tells all of one licence, and of no other account’s', async () => {
    const licence = await program.book.get(id, keys[60] ?? '');
    expect(licence).to.deep.include({ number: 60, endCustomerId: 'c60', metadata: { company: 'Acme Corp' }, revokedAt: '2026-11-22T06:00:00.940Z', revokedReason: 'the first one' });
    expect(await program.book.get(other.tenant.id, keys[60] ?? '')).to.equal(undefined);
    expect(await program.book.get(id, LICENCE_KEY)).to.equal(undefined);
  });

  it('streams revocations from a moment on, that moment included', async () => {
    const all = await collect(program.book.revocations(id, undefined));
    expect(all.map(({ licenceKey }) => keys.indexOf(licenceKey))).to.deep.equal(numbers((number) => number % 5 === 0).toReversed());
    expect(all[0]?.revokedAt).to.equal('2026-11-22T06:00:00.940Z');
    expect(await collect(program.book.revocations(id, '2026-11-22T06:00:00.980Z'))).to.deep.equal(all.slice(8));
    expect(await collect(program.book.revocations(id, '2026-11-22T06:00:00.981Z'))).to.deep.equal(all.slice(9));
    expect(await collect(program.book.revocations(id, '2099-01-01T00:00:00.000Z'))).to.deep.equal([]);
    expect(await collect(program.book.revocations(other.tenant.id, undefined))).to.deep.equal([]);
  });

  it('streams revocations after a position of the log, whatever the clock said', async () => {
    const all = await collect(program.book.revocationsAfter(id, undefined));
    expect(all.map(({ position }) => position)).to.deep.equal(all.map(({ position }) => position).toSorted());
    expect(await collect(program.book.revocationsAfter(id, all[4]?.position))).to.deep.equal(all.slice(5));
    expect(await collect(program.book.revocationsAfter(id, all.at(-1)?.position))).to.deep.equal([]);
  });
});

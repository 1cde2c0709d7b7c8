/** The sweeper over the real embedded stores and projections: what it ends, and what it leaves alone. */
import { expect } from 'chai';
import { catalogue } from '../../../application/catalogue.ts';
import { createEventCodec } from '../../../application/kernel/event-codec.ts';
import type { Cause, EventStore } from '../../../application/kernel/ports.ts';
import { createApprovals } from '../../../application/signing/approvals.ts';
import { createSigningOperations, operationStream } from '../../../application/signing/operations.ts';
import type { SignedDigest, SigningBackend } from '../../../application/signing/ports.ts';
import { createSigningQuotas } from '../../../application/signing/quota.ts';
import { createSignDigest } from '../../../application/signing/sign-digest.ts';
import type { SignRequest } from '../../../application/signing/sign-request.ts';
import { createSweeper, type SweeperDeps } from '../../../application/signing/sweeper.ts';
import type { TenantId } from '../../../domain/kernel/ids.ts';
import { Rejection } from '../../../domain/kernel/rejection.ts';
import { openEmbedded, type Embedded } from '../../../infrastructure/runtime/embedded.ts';
import { createProjections, type Projections } from '../../../projections/kernel/projections.ts';
import { createOpenSignings, openSigningOperations, openSigningReservations } from '../../../projections/signing/open-operations.ts';
import { randomIds } from '../../support/random-ids.ts';
import { rejection } from '../../support/rejections.ts';
import { failOnFatal, silentLogger } from '../../support/silent.ts';
import { completed, DIGEST, person, qwickPlan, requested, tenantView, UNLIMITED, USER } from '../../support/signing.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

const START = Date.parse('2026-03-09T15:00:00.000Z');
const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;
const CAUSE: Cause = { actor: { kind: 'system', id: 'test' }, correlation: 'test' };
const SIGNED: SignedDigest = { pkcs7: Uint8Array.of(4), certificateChain: [Uint8Array.of(1)], certificateSerial: '0a', timestamp: '2026-03-09T15:00:03Z' };
const iso = (at: number): string => new Date(at).toISOString();

const request = (): SignRequest => ({ commandId: randomIds.next(), digest: Buffer.from(DIGEST, 'base64'), fileName: 'a.exe', fileSize: 1, ip: '192.0.2.7' });

describe('the sweeper', () => {
  const directory = temporaryDirectory();
  const clock = { time: START, now: () => clock.time };
  let embedded: Embedded;
  let projections: Projections;
  let store: EventStore;

  const open = async () => {
    embedded = await openEmbedded({ dataDir: directory.path, codec: createEventCodec(catalogue), clock, logger: silentLogger, onFatal: failOnFatal });
    projections = createProjections({
      clock, log: embedded.log, store: embedded.readModels, logger: silentLogger, definitions: [openSigningOperations, openSigningReservations],
    });
    await projections.start();
    store = embedded.store;
  };
  const close = async () => {
    await projections.stop();
    await embedded.close();
  };
  before(open);
  after(async () => {
    await close();
    directory.remove();
  });
  beforeEach(() => {
    clock.time = START;
  });

  const program = (over: Partial<Pick<SweeperDeps, 'logger'>> & Readonly<{ store?: EventStore; sign?: SigningBackend['sign']; take?: () => Promise<() => void> }> = {}) => {
    const operations = createSigningOperations(over.store ?? store);
    const quotas = createSigningQuotas({ store: over.store ?? store, clock });
    const approvals = createApprovals({ store: over.store ?? store, operations, policies: { current: async () => ({ policy: {}, revision: -1 }) }, clock, ids: randomIds });
    const sweeper = createSweeper({
      operations, approvals, quotas, clock, ids: randomIds, logger: over.logger ?? silentLogger, open: createOpenSignings({ readModels: embedded.readModels, reader: projections.reader }),
    });
    const sweep = async () => {
      const head = await embedded.log.head();
      for (const name of ['open_signing_operations', 'open_signing_reservations']) if (head !== undefined) await projections.freshness.until(name, head);
      return sweeper.sweep();
    };
    const signDigest = createSignDigest({
      ...UNLIMITED, operations, quotas, clock, ids: randomIds,
      ...(over.take !== undefined && { places: { take: over.take } }),
      backend: { sign: over.sign ?? (async () => SIGNED) },
      personalData: { seal: async ({ id }) => ({ subject: id, box: 'sealed' }) },
    });
    return { operations, approvals, quotas, sweep, signDigest };
  };
  type Program = ReturnType<typeof program>;

  const tenant = () =>
    tenantView({ id: randomIds.next() as TenantId, plans: qwickPlan({ since: iso(START), limits: { signingOperations: 10 } }) });
  /** An operation whose process died after the intent, or after the signature. */
  const begun = async ({ operations, quotas }: Program, of: ReturnType<typeof tenant>, more: { awaitResult?: boolean; signed?: boolean } = {}) => {
    const operationId = randomIds.next();
    const stream = operationStream(of.id, operationId);
    await quotas.reserve(of, operationId, CAUSE);
    const { data } = requested({ operationId, requestedAt: iso(clock.time), ...(more.awaitResult === true && { awaitResult: true }) });
    await operations.execute(stream, { type: 'RequestSigning', data }, CAUSE);
    if (more.signed === true) {
      await operations.execute(stream, { type: 'CompleteSigning', data: completed({ operationId, signedAt: iso(clock.time) }).data }, CAUSE);
    }
    return { operationId, stream, status: async () => (await operations.load(stream)).state.status };
  };
  const usedBy = async ({ quotas }: Program, of: ReturnType<typeof tenant>) => (await quotas.usage(of)).used;

  it('times out what has been pending for a minute, and not a moment before; and gives back what it took', async () => {
    const running = program();
    const acme = tenant();
    const operation = await begun(running, acme);
    clock.time = START + MINUTE - 1;
    await running.sweep();
    expect(await operation.status()).to.equal('pending');
    clock.time = START + MINUTE;
    expect(await running.sweep()).to.deep.equal({ timedOut: 1, abandoned: 0, settled: 0 });
    expect([await operation.status(), await usedBy(running, acme)]).to.deep.equal(['timeout', 1]);
    clock.time = START + 2 * MINUTE;
    expect(await running.sweep()).to.deep.equal({ timedOut: 0, abandoned: 0, settled: 1 });
    expect(await usedBy(running, acme)).to.equal(0);
  });

  it('gives the approval back that an operation without a signature had used, and no other', async () => {
    const running = program();
    const acme = tenant();
    const asked = (operationId: string) => ({ principal: person({ tenant: acme }), request: request(), cause: CAUSE, operationId });
    const dead = await begun(running, acme);
    const { approvalId } = await running.approvals.request(asked(dead.operationId), clock.time);
    const place = { approvalId, requesterUserId: USER, digest: DIGEST };
    await running.approvals.decide(acme.id, place, { by: { kind: 'operator' }, verdict: 'granted', cause: CAUSE });
    await running.approvals.use(asked(dead.operationId), clock.time);
    const status = async () => {
      const { events } = await embedded.log.feed({ types: ['ApprovalUsed', 'ApprovalReturned'] }).pull(undefined, 1_000, AbortSignal.timeout(5_000));
      return events.filter((event) => event.tenant === acme.id).map(({ type }) => type);
    };
    clock.time = START + MINUTE;
    await running.sweep();
    expect(await status()).to.deep.equal(['ApprovalUsed', 'ApprovalReturned']);
    const signed = await begun(running, acme, { signed: true });
    await running.approvals.use(asked(signed.operationId), clock.time);
    clock.time = START + 10 * MINUTE;
    await running.sweep();
    expect(await status(), 'spent').to.deep.equal(['ApprovalUsed', 'ApprovalReturned', 'ApprovalUsed']);
  });

  it('abandons what has been signed for a day without a report', async () => {
    const running = program();
    const operation = await begun(running, tenant(), { awaitResult: true, signed: true });
    const reported = await begun(running, tenant(), { signed: true });
    clock.time = START + DAY - 1;
    await running.sweep();
    expect(await operation.status()).to.equal('signed');
    clock.time = START + DAY;
    expect((await running.sweep()).abandoned).to.equal(1);
    expect([await operation.status(), await reported.status()]).to.deep.equal(['abandoned', 'completed']);
  });

  it('has nothing to do the second time, and two at once do it once', async () => {
    const running = program();
    const operations = await Promise.all(Array.from({ length: 20 }, async () => begun(running, tenant())));
    clock.time = START + 3 * MINUTE;
    const both = await Promise.all([running.sweep(), program().sweep(), program().sweep()]);
    expect(both.reduce((sum, { timedOut }) => sum + timedOut, 0)).to.equal(20);
    expect(await Promise.all(operations.map(({ status }) => status()))).to.deep.equal(Array.from({ length: 20 }, () => 'timeout'));
    await running.sweep();
    expect(await running.sweep()).to.deep.equal({ timedOut: 0, abandoned: 0, settled: 0 });
    for (const { stream } of operations) expect((await running.operations.load(stream)).revision).to.equal(1);
  });

  it('finds after a restart what a crash left, whatever its age and tenant', async () => {
    const acme = tenant();
    const before = program();
    const left = [await begun(before, acme), await begun(before, tenant()), await begun(before, acme, { signed: true })];
    await close();
    clock.time = START + 10 * DAY;
    await open();
    const running = program();
    await running.sweep();
    const statuses = await Promise.all(left.map(async ({ stream }) => (await running.operations.load(stream)).state.status));
    expect(statuses).to.deep.equal(['timeout', 'timeout', 'completed']);
    expect(await usedBy(running, acme), 'one was signed').to.equal(1);
  });

  it('a signature that comes too late goes nowhere: the caller is told to try again, and it does not count', async () => {
    const signing = Promise.withResolvers<SignedDigest>();
    const entered = Promise.withResolvers<void>();
    const running = program({ sign: () => { entered.resolve(); return signing.promise; } });
    const acme = tenant();
    const answer = rejection(running.signDigest(person({ tenant: acme }), request(), CAUSE));
    await entered.promise;
    clock.time = START + MINUTE;
    expect((await running.sweep()).timedOut).to.equal(1);
    signing.resolve(SIGNED);
    expect((await answer).code).to.equal('signing.operation_timed_out');
    expect(await usedBy(running, acme)).to.equal(0);
  });

  it('a completion that was first stays: whoever races, there is one end', async () => {
    const races = 60;
    const running = program();
    const operations = await Promise.all(Array.from({ length: races }, async () => begun(running, tenant())));
    clock.time = START + MINUTE;
    const data = (operationId: string) => completed({ operationId, signedAt: iso(clock.time) }).data;
    const completing = operations.map(async ({ stream, operationId }) =>
      program().operations.execute(stream, { type: 'CompleteSigning', data: data(operationId) }, CAUSE).then(() => 'completed', ({ code }: Rejection) => code));
    const answers = await Promise.all([...completing, running.sweep().then(() => 'swept')]);
    for (const [index, { status }] of operations.entries()) {
      expect([answers[index], await status()].join(' ')).to.be.oneOf(['completed completed', 'signing.operation_timed_out timeout']);
    }
  });

  it('a request that waits longer than its reservation lasts is not signed for any more', async () => {
    const waiting = Promise.withResolvers<() => void>();
    const entered = Promise.withResolvers<void>();
    let used = 0;
    const running = program({
      take: () => { entered.resolve(); return waiting.promise; },
      sign: async () => { used += 1; return SIGNED; },
    });
    const acme = tenant();
    const asked = request();
    const answer = rejection(running.signDigest(person({ tenant: acme }), asked, CAUSE));
    await entered.promise;
    expect(await usedBy(running, acme)).to.equal(1);
    clock.time = START + 2 * MINUTE;
    await running.sweep();
    expect(await usedBy(running, acme)).to.equal(0);
    waiting.resolve(() => undefined);
    expect((await answer).code).to.equal('signing.operation_timed_out');
    expect([used, await usedBy(running, acme)], 'the key was not used').to.deep.equal([0, 0]);
    expect(await running.signDigest(person({ tenant: acme }), asked, CAUSE), 'and a retry begins anew').to.have.property('signed', SIGNED);
    expect(await usedBy(running, acme)).to.equal(1);
  }).timeout(5_000);

  it('settles what was signed by a process that died before it could', async () => {
    const running = program();
    const acme = tenant();
    const { operationId } = await begun(running, acme, { signed: true });
    clock.time = START + 2 * MINUTE;
    expect((await running.sweep()).settled).to.equal(1);
    expect(await usedBy(running, acme)).to.equal(1);
    const { quotas } = running;
    const { period } = await quotas.usage(acme);
    await quotas.release({ tenant: acme.id, period: period.id, operationId }, CAUSE);
    expect(await usedBy(running, acme), 'spent is final').to.equal(1);
  });

  it('says what it could not end, goes on with the others, and ends it the next time', async () => {
    const errors: object[] = [];
    const acme = tenant();
    const { stream, operationId } = await begun(program(), acme);
    const other = await begun(program(), tenant());
    const broken: EventStore = {
      ...store,
      append: (at, ...rest) => (at === stream ? Promise.reject(new Rejection('storage.unavailable')) : store.append(at, ...rest)),
    };
    clock.time = START + MINUTE;
    expect((await program({ store: broken, logger: { error: (fields) => void errors.push(fields) } }).sweep()).timedOut).to.equal(1);
    expect(errors).to.have.length(1);
    expect(errors[0]).to.include({ tenant: acme.id, operation: operationId });
    expect(await other.status()).to.equal('timeout');
    expect((await program().sweep()).timedOut).to.equal(1);
  });

  it('leaves alone what a clock that was set back makes young again', async () => {
    const running = program();
    const operation = await begun(running, tenant());
    clock.time = START - 10 * DAY;
    expect(await running.sweep()).to.deep.equal({ timedOut: 0, abandoned: 0, settled: 0 });
    expect(await operation.status()).to.equal('pending');
    clock.time = START + MINUTE;
    expect((await running.sweep()).timedOut).to.equal(1);
  });
});

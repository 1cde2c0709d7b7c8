/**
 * Promise 8, for signing: of 500 requests at once exactly as many sign as the plan allows, and never more at a time than it has places. The
 * judge is the log: who was let in, and in which order, is read from the events alone.
 */
import { expect } from 'chai';
import { catalogue } from '../../application/catalogue.ts';
import { createEventCodec } from '../../application/kernel/event-codec.ts';
import type { Cause, EventStore, Recorded } from '../../application/kernel/ports.ts';
import { createSigningOperations } from '../../application/signing/operations.ts';
import type { SignedDigest, SigningPlaces } from '../../application/signing/ports.ts';
import { createSigningQuotas } from '../../application/signing/quota.ts';
import { createSignDigest } from '../../application/signing/sign-digest.ts';
import type { PlanState, TenantView } from '../../application/tenancy/access.ts';
import type { TenantId } from '../../domain/kernel/ids.ts';
import { Rejection } from '../../domain/kernel/rejection.ts';
import { openEventStore, type OpenEventStore } from '../../infrastructure/event-store/event-store.ts';
import { createInProcessPlaces } from '../../infrastructure/signing/in-process-places.ts';
import { createCredential, createTenant, startApp, type App } from '../support/app.ts';
import { randomIds } from '../support/random-ids.ts';
import { failOnFatal } from '../support/silent.ts';
import { DIGEST, person, qwickPlan, tenantView, UNLIMITED } from '../support/signing.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const RACES = Number(process.env['CHANCERY_RACES'] ?? 20);
const AT_ONCE = 500;
const START = Date.parse('2026-03-09T15:00:00.000Z');
const SIGNED: SignedDigest = { pkcs7: Uint8Array.of(4), certificateChain: [Uint8Array.of(1)], certificateSerial: '0a', timestamp: '2026-03-09T15:00:03Z' };
const CAUSE: Cause = { actor: { kind: 'system', id: 'test' }, correlation: 'test' };

type Log = OpenEventStore['log'];

/** What the log says of one tenant: signatures, and the most operations between intent and end at any moment. */
const judge = async (log: Log, tenant: TenantId) => {
  const events: Recorded[] = [];
  const feed = log.feed({ types: ['SigningRequested', 'SigningCompleted', 'SigningFailed', 'SigningReserved', 'SigningReleased'] });
  for (let after: Recorded['position'] | undefined; ; ) {
    const page = await feed.pull(after, 1_000, AbortSignal.abort());
    events.push(...page.events.filter((event) => event.tenant === tenant));
    if (page.scannedTo === undefined || page.scannedTo === after) break;
    after = page.scannedTo;
  }
  const most = (up: string, ...down: readonly string[]): number => {
    let now = 0;
    return Math.max(0, ...events.map(({ type }) => (now += Number(type === up) - Number(down.includes(type)))));
  };
  return {
    signatures: events.filter(({ type }) => type === 'SigningCompleted').length,
    mostInside: most('SigningRequested', 'SigningCompleted', 'SigningFailed'),
    mostReserved: most('SigningReserved', 'SigningReleased'),
  };
};

/** Who is beyond the limit is told so when it was spent, and to come again while it is only reserved: which of both depends on who is quicker. */
const BEYOND: ReadonlySet<string> = new Set(['signing.limit_reached', 'signing.free_limit_reached', 'signing.queue_timeout']);
const judged = (outcomes: Readonly<Record<string, number>>) => {
  const beyond = Object.entries(outcomes).flatMap(([outcome, count]) => (BEYOND.has(outcome) ? [count] : []));
  return { signed: outcomes['signed'] ?? 0, beyond: beyond.reduce((sum, count) => sum + count, 0) };
};

const codeOf = (error: unknown): string => (error instanceof Rejection ? error.code : String(error));

const tenantOn = (plan: Partial<PlanState>): TenantView =>
  tenantView({ id: randomIds.next() as TenantId, plans: qwickPlan({ since: new Date(START).toISOString(), ...plan }) });

const counted = (statuses: readonly number[]): Readonly<Record<string, number>> =>
  Object.fromEntries(Object.entries(Object.groupBy(statuses, String)).map(([status, all]) => [status, all?.length ?? 0]));

const aMoment = () => new Promise<void>((resolve) => { setImmediate(resolve); });

/** A planted fault: looks whether there is room, and enters a moment later. */
const hasty = (): SigningPlaces => {
  const line = { inside: 0 };
  const hasRoom = (limit: number): boolean => line.inside < limit;
  return {
    take: async (_tenant, limit) => {
      while (!hasRoom(limit)) await aMoment();
      await aMoment();
      line.inside += 1;
      return () => { line.inside -= 1; };
    },
  };
};

/** Signs for nobody until so many are inside, and then for everybody: places that stay empty would be waited for in vain. */
const rendezvous = (places: number) => {
  const all = Promise.withResolvers<void>();
  let inside = 0;
  return async (): Promise<SignedDigest> => {
    inside += 1;
    if (inside === places) all.resolve();
    await all.promise;
    return SIGNED;
  };
};

describe('promise 8: signing quota and sessions under 500 requests at once', function suite() {
  this.timeout(60_000);
  const directory = temporaryDirectory();
  const clock = { now: () => START };
  let opened: OpenEventStore;

  before(async () => {
    opened = await openEventStore({ path: `${directory.path}/events.db`, codec: createEventCodec(catalogue), clock, ids: randomIds, onFatal: failOnFatal });
  });
  after(async () => {
    await opened.close();
    directory.remove();
  });

  type Faults = Readonly<{ store?: EventStore; places?: () => SigningPlaces; sign?: () => Promise<SignedDigest> }>;
  const signer = ({ store = opened.store, places = createInProcessPlaces, sign = async () => SIGNED }: Faults = {}) =>
    createSignDigest({
      ...UNLIMITED, operations: createSigningOperations(store), quotas: createSigningQuotas({ store, clock }), places: places(), backend: { sign },
      personalData: { seal: async ({ id }) => ({ subject: id, box: 'sealed' }) }, clock, ids: randomIds,
    });
  /** Requests at once, spread over several programs on the same data; answers the outcomes, counted. */
  const race = async (tenant: TenantView, requests: number, programs: readonly ReturnType<typeof signer>[]) => {
    const outcomes: Record<string, number> = {};
    const asked = Array.from({ length: requests }, async (_, index) => {
      const request = { commandId: randomIds.next(), digest: Buffer.from(DIGEST, 'base64'), fileName: 'a.exe', fileSize: 1, ip: '192.0.2.7' };
      const outcome = await programs[index % programs.length]?.(person({ tenant }), request, CAUSE).then(() => 'signed', codeOf);
      outcomes[outcome ?? ''] = (outcomes[outcome ?? ''] ?? 0) + 1;
    });
    await Promise.all(asked);
    return { outcomes, ...(await judge(opened.log, tenant.id)) };
  };
  /** Everybody gets a place sooner or later: what is left to refuse is the quota. */
  const roomy = (): SigningPlaces => createInProcessPlaces({ mostWaiting: AT_ONCE });

  it(`exactly 100 of ${AT_ONCE} on Free, one at a time`, async () => {
    const { outcomes, ...seen } = await race(tenantOn({ plan: 'free' }), AT_ONCE, [signer()]);
    expect({ outcomes: judged(outcomes), ...seen }).to.deep.equal({ outcomes: { signed: 100, beyond: 400 }, signatures: 100, mostInside: 1, mostReserved: 100 });
  });

  it(`exactly the limit in ${RACES} races, two programs racing on the same data`, async () => {
    for (let raced = 0; raced < RACES; raced += 1) {
      const tenant = tenantOn({ plan: 'enterprise', limits: { signingOperations: 7 } });
      const { outcomes, signatures, mostReserved } = await race(tenant, 40, [signer({ places: roomy }), signer({ places: roomy })]);
      expect({ outcomes: judged(outcomes), signatures, mostReserved }).to.deep.equal({ outcomes: { signed: 7, beyond: 33 }, signatures: 7, mostReserved: 7 });
    }
  });

  it('and when some of the signatures fail: what is given back is taken by others, once', async () => {
    for (let raced = 0; raced < RACES; raced += 1) {
      let turn = 0;
      const sign = async () => ((turn += 1) % 3 === 0 ? Promise.reject(new Rejection('signing.backend_transient')) : SIGNED);
      const tenant = tenantOn({ plan: 'enterprise', limits: { signingOperations: 7, concurrency: 3 } });
      const first = await race(tenant, 30, [signer({ places: roomy, sign })]);
      expect(first.mostReserved).to.be.at.most(7);
      const left = 7 - (first.outcomes['signed'] ?? 0);
      const { outcomes, signatures, mostReserved } = await race(tenant, 20, [signer({ places: roomy })]);
      expect(judged(outcomes)).to.deep.equal({ signed: left, beyond: 20 - left });
      expect([signatures, mostReserved]).to.deep.equal([7, 7]);
    }
  });

  for (const [plan, limits, places] of [['pro', {}, 2], ['enterprise', {}, 16], ['enterprise', { concurrency: 5 }, 5]] as const) {
    it(`never more than ${places} at a time on ${plan} ${JSON.stringify(limits)}, and all of them used`, async () => {
      const { outcomes, mostInside } = await race(tenantOn({ plan, limits }), AT_ONCE, [signer({ places: roomy, sign: rendezvous(places) })]);
      expect([outcomes, mostInside]).to.deep.equal([{ signed: AT_ONCE }, places]);
    });
  }

  it('turns away whom the queue has no room for, and counts none of them', async () => {
    const tenant = tenantOn({ plan: 'pro' });
    const { outcomes, signatures, mostInside } = await race(tenant, AT_ONCE, [signer({ sign: rendezvous(2) })]);
    expect({ outcomes, signatures, mostInside }).to.deep.equal({ outcomes: { signed: 102, 'signing.queue_timeout': 398 }, signatures: 102, mostInside: 2 });
    expect((await createSigningQuotas({ store: opened.store, clock }).usage(tenant)).used).to.equal(102);
  });

  describe('goes red on planted faults', () => {
    it('a quota that does not ask for the revision it decided on', async () => {
      const careless: EventStore = { ...opened.store, append: (stream, _expected, events, how) => opened.store.append(stream, 'any', events, how) };
      let most = 0;
      for (let raced = 0; raced < RACES && most <= 7; raced += 1) {
        const tenant = tenantOn({ plan: 'enterprise', limits: { signingOperations: 7 } });
        const programs = Array.from({ length: 4 }, () => signer({ places: roomy, store: careless }));
        most = (await race(tenant, 40, programs)).mostReserved;
      }
      expect(most).to.be.greaterThan(7);
    });

    it('a queue that looks first and enters later', async () => {
      expect((await race(tenantOn({ plan: 'pro' }), 50, [signer({ places: hasty })])).mostInside).to.be.greaterThan(2);
    });
  });
});

describe('promise 8: plan limits over HTTP', function suite() {
  this.timeout(60_000);
  let app: App;

  before(async () => {
    app = await startApp();
  });
  after(async () => app.close());

  const setPlan = async (slug: string, plan: string, limits: object) =>
    app.ask('PUT', `/platform/v1/tenants/${slug}/plans/qwick-cert`, { token: app.operatorToken, body: { plan, limits: { requests_per_minute: 1_000_000, ...limits } } });

  it('exactly 100 of 500 signatures in a year of Free', async () => {
    const tenant = await createTenant(app, 'free', 'free');
    await setPlan('free', 'free', {});
    const { secret } = await createCredential(app, tenant);
    const body = { digest: DIGEST, algorithm: 'sha256', file_name: 'a.exe', file_size: 1, organization_slug: 'free' };
    const answers = await Promise.all(Array.from({ length: AT_ONCE }, async () => app.ask('POST', '/qwick-cert/api/v1/sign-digest', { token: secret, body })));
    expect(counted(answers.map(({ status }) => status))).to.deep.equal({ 200: 100, 429: 400 });
    const refused = answers.filter(({ status }) => status === 429);
    expect(refused.filter(({ text }) => !/QWICK_BILLING_702|QWICK_SIGN_101/u.test(text))).to.deep.equal([]);
    await app.restart();
    const after = await app.ask('POST', '/qwick-cert/api/v1/sign-digest', { token: secret, body });
    expect([after.status, (after.json() as { error: { code: string } }).error.code], 'nor after a restart').to.deep.equal([429, 'QWICK_BILLING_702']);
  });

  it('exactly two of twenty new members beside the owner of a Free tenant', async () => {
    await createTenant(app, 'small', 'free');
    const add = async (number: number) =>
      app.ask('POST', '/platform/v1/tenants/small/members', { token: app.operatorToken, body: { email: `m${number}@small.example`, password: 'plenty of words to remember 7', role: 'signer' } });
    const answers = await Promise.all(Array.from({ length: 20 }, async (_, number) => add(number)));
    expect(counted(answers.map(({ status }) => status))).to.deep.equal({ 201: 2, 403: 18 });
    const refused = answers.find(({ status }) => status === 403)?.json();
    expect(refused).to.include({ code: 'tenancy.member_limit', limit: 3 });
    await setPlan('small', 'free', { members: 4 });
    expect([(await add(21)).status, (await add(22)).status]).to.deep.equal([201, 403]);
  });
});

/**
 * Promise 5: whatever the clock does (jumps by a second or ten years, stands still, runs backwards, crosses 2038), the log keeps its order,
 * nothing that has expired is accepted, no certificate signs outside its days, and no window lets one request more through.
 */
import { expect } from 'chai';
import { randomInt, X509Certificate } from 'node:crypto';
import { resolve } from '../../api/composition/provide.ts';
import { storage } from '../../api/composition/tokens.ts';
import { defineRoute } from '../../api/kernel/route.ts';
import { createLoginThrottle } from '../../application/tenancy/login-throttle.ts';
import type { StateStore } from '../../application/kernel/state.ts';
import { systemClock } from '../../infrastructure/runtime/clock.ts';
import { openStateStore, type OpenStateStore } from '../../infrastructure/state/state-store.ts';
import { ask, serve, testSurface, type Running, type TestPrincipal } from '../api/kernel/support.ts';
import { startApp, createTenant, OWNER_PASSWORD, type App, type Answer, type Tenant } from '../support/app.ts';
import { rejection } from '../support/rejections.ts';
import { seeded, type Seeded } from '../support/seeded.ts';
import { failOnFatal, silentLogger } from '../support/silent.ts';
import { temporaryDirectory, type TemporaryDirectory } from '../support/temporary-directory.ts';
import { createJumpingClock, START, type JumpingClock } from './jumping-clock.ts';

const STEPS = Number(process.env['CHANCERY_CLOCK_STEPS'] ?? 150);
/** Requests against one rate window. */
const REQUESTS = 600;

const DAY_MS = 86_400_000;
const REFRESH_MS = 30 * DAY_MS;
const CHAIN_MS = 90 * DAY_MS;
const QUERY = 'organization_slug=clock';

type Key = Readonly<{ secret: string; expiresAt: number }>;
type Session = Readonly<{ access: string; from: number; until: number; refresh: string; refreshUntil: number; chainUntil: number }>;

const claimsOf = (token: string) => JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as { iat: number; exp: number };

const expectStatus = (answer: Answer, status: number, what: string): void => {
  expect(answer.status, `${what}: ${answer.text.slice(0, 300)}`).to.equal(status);
};

/** The whole program and what its users hold; each action checks what it is told. */
class Office {
  readonly #app: App;
  readonly #clock: JumpingClock;
  readonly #random: Seeded;
  readonly #tenant: Tenant;
  readonly #keys: Key[] = [];
  #sessions: Session[] = [];
  /** Requests that appended, in the order of their answers, and the moment by the clock. */
  readonly appended: Readonly<{ request: string; at: number }>[] = [];
  /** Uses of keys and tokens that were in time. */
  accepted = 0;

  constructor(app: App, clock: JumpingClock, random: Seeded, tenant: Tenant) {
    this.#app = app;
    this.#clock = clock;
    this.#random = random;
    this.#tenant = tenant;
  }

  async open(): Promise<void> {
    await this.makesKey();
    await this.signsIn();
  }

  async #makeKey(more: object): Promise<{ id: string; secret: string }> {
    const answer = await this.#app.ask('POST', '/platform/v1/tenants/clock/credentials', { token: this.#app.operatorToken, body: { surface: 'qwick-cert', name: 'k', ...more } });
    expectStatus(answer, 201, 'a key');
    this.#note(answer);
    return answer.json() as { id: string; secret: string };
  }

  #note(answer: Answer): void {
    this.appended.push({ request: answer.headers.get('x-request-id') ?? '', at: this.#clock.now() });
  }

  async makesKey(): Promise<void> {
    const expiresAt = this.#clock.now() + this.#random.pick([1, 60_000, DAY_MS, 365 * DAY_MS]);
    const { id, secret } = await this.#makeKey({ permissions: ['read_audit'], expires_at: new Date(expiresAt).toISOString() });
    this.#keys.push({ secret, expiresAt });
    // What was written is read, whatever time it is.
    const listed = await this.#app.ask('GET', '/platform/v1/tenants/clock/credentials?limit=100', { token: this.#app.operatorToken });
    expectStatus(listed, 200, 'the list of keys');
    if (this.#keys.length < 90) expect(listed.text).to.include(id);
  }

  async usesKey(): Promise<void> {
    const { secret, expiresAt } = this.#random.pick(this.#keys);
    const valid = this.#clock.now() < expiresAt;
    expectStatus(await this.#app.ask('GET', `/qwick-cert/api/v1/signing-operations?${QUERY}`, { token: secret }), valid ? 200 : 401, 'a key');
    this.accepted += Number(valid);
  }

  async signsIn(): Promise<void> {
    const answer = await this.#app.ask('POST', '/platform/v1/sessions', { body: { email: this.#tenant.ownerEmail, password: OWNER_PASSWORD } });
    expectStatus(answer, 201, 'signing in');
    this.#note(answer);
    this.#keep(answer, this.#clock.now() + CHAIN_MS);
  }

  #keep(answer: Answer, chainUntil: number): void {
    const { access_token: access, refresh_token: refresh } = answer.json() as { access_token: string; refresh_token: string };
    const { iat, exp } = claimsOf(access);
    expect(exp - iat, 'seconds that a token lives').to.equal(900);
    this.#sessions.push({ access, from: iat * 1_000, until: exp * 1_000, refresh, refreshUntil: Math.min(chainUntil, this.#clock.now() + REFRESH_MS), chainUntil });
  }

  async usesSession(): Promise<void> {
    const { access, from, until } = this.#random.pick(this.#sessions);
    const now = this.#clock.now();
    const answer = await this.#app.ask('GET', `/qwick-cert/api/v1/apikeys?${QUERY}`, { token: access });
    if (now >= until) expectStatus(answer, 401, 'an expired token');
    if (now >= from && now < until) expectStatus(answer, 200, 'a token');
    this.accepted += Number(answer.status === 200);
  }

  async refreshes(): Promise<void> {
    const session = this.#random.pick(this.#sessions);
    const valid = this.#clock.now() < session.refreshUntil;
    const answer = await this.#app.ask('POST', '/platform/v1/sessions/refresh', { body: { refresh_token: session.refresh } });
    expectStatus(answer, valid ? 200 : 401, 'a refresh token');
    if (!valid) return;
    this.#note(answer);
    this.#sessions = this.#sessions.filter((each) => each !== session);
    this.#keep(answer, session.chainUntil);
  }

  async signs(): Promise<void> {
    await this.signsIn();
    const body = { digest: 'n4bQgYhMfWWaL+qgxVrQFaO/TxsrC4Is0V1sFbDwCgg=', algorithm: 'sha256', file_name: 'a.exe', file_size: 1, organization_slug: 'clock' };
    const answer = await this.#app.ask('POST', '/qwick-cert/api/v1/sign-digest', { token: this.#sessions.at(-1)?.access, body });
    expectStatus(answer, 200, 'signing');
    this.#note(answer);
    const [leaf = ''] = (answer.json() as { data: { certificate_chain: string[] } }).data.certificate_chain;
    const { validFromDate, validToDate } = new X509Certificate(Buffer.from(leaf, 'base64'));
    const now = this.#clock.now();
    expect(now, `the leaf is valid from ${validFromDate.toISOString()} to ${validToDate.toISOString()}`).to.be.within(validFromDate.getTime(), validToDate.getTime());
  }

  /** Long after everything has expired. */
  async isRefusedEverything(): Promise<void> {
    this.#clock.set(START + 30 * 365 * DAY_MS);
    for (const { secret } of this.#keys) expectStatus(await this.#app.ask('GET', `/qwick-cert/api/v1/signing-operations?${QUERY}`, { token: secret }), 401, 'a key');
    for (const { access, refresh } of this.#sessions) {
      expectStatus(await this.#app.ask('GET', `/qwick-cert/api/v1/apikeys?${QUERY}`, { token: access }), 401, 'a token');
      expectStatus(await this.#app.ask('POST', '/platform/v1/sessions/refresh', { body: { refresh_token: refresh } }), 401, 'a refresh token');
    }
  }

  /** One of all that, each as often as its number says. */
  async act(): Promise<void> {
    const actions: readonly (readonly [number, () => Promise<void>])[] = [
      [30, () => this.usesKey()], [20, () => this.usesSession()], [12, () => this.makesKey()], [12, () => this.refreshes()], [5, () => this.signsIn()], [4, () => this.signs()],
    ];
    await this.#random.pick(actions.flatMap(([often, action]) => Array.from({ length: often }, () => action)))();
  }
}

const readLog = async (app: App) => {
  const log = resolve(app.program.container, storage.log);
  const { events } = await log.feed().pull(undefined, 1_000_000, new AbortController().signal);
  return events;
};

describe('promise 5: whatever the clock does', function suite() {
  this.timeout(120_000 * Math.max(1, STEPS / 150));

  it(`keeps order and validity over ${STEPS} steps`, async () => {
    const seed = randomInt(2 ** 31);
    const random = seeded(seed);
    const clock = createJumpingClock(random);
    const app = await startApp({ clock });
    try {
      const office = new Office(app, clock, random, await createTenant(app, 'clock'));
      await office.open();
      for (let step = 0; step < STEPS; step += 1) {
        clock.move();
        await office.act();
      }
      await office.signs();
      await office.isRefusedEverything();
      const events = await readLog(app);
      expect(events.map(({ position }) => Number(position))).to.deep.equal(events.map((_, index) => index + 1));
      const first = office.appended.map(({ request }) => events.findIndex(({ cause }) => cause.correlation === request));
      expect(first, 'the order of the answers').to.deep.equal(first.toSorted((one, two) => one - two)).and.not.include(-1);
      for (const { request, at } of office.appended) expect(events.find(({ cause }) => cause.correlation === request)?.time).to.equal(new Date(at).toISOString());
      expect(office.appended.length, 'requests that appended').to.be.greaterThan(STEPS / 10);
      expect(office.accepted, 'uses accepted').to.be.greaterThan(0);
    } catch (error) {
      throw new Error(`seed ${seed}: ${String(error)}`, { cause: error });
    } finally {
      await app.close();
    }
  });
});

const LIMIT = 5;
const WINDOW_MS = 60_000;

const THING = defineRoute<TestPrincipal>({
  method: 'GET', path: '/thing', operationId: 'get', summary: 's', permission: 'read', replies: { 204: { description: 'd' } },
  handle: async () => ({ status: 204 }),
});

/**
 * What the document says of a window: sixty seconds from its first request; and of a clock that was set back: it neither opens a new
 * window, nor does it keep this one open for longer than sixty seconds from now.
 */
const createReferee = (clock: JumpingClock): (() => boolean) => {
  let [count, closesAt] = [0, Number.NEGATIVE_INFINITY];
  return () => {
    const now = clock.now();
    if (closesAt <= now) [count, closesAt] = [0, now + WINDOW_MS];
    closesAt = Math.min(closesAt, now + WINDOW_MS);
    if (count === LIMIT) return false;
    count += 1;
    return true;
  };
};

describe('promise 5: rate windows, whatever the clock does', () => {
  let directory: TemporaryDirectory;
  let clock: JumpingClock;
  let opened: OpenStateStore;

  beforeEach(async () => {
    directory = temporaryDirectory();
    clock = createJumpingClock(seeded(randomInt(2 ** 31)));
    opened = await openStateStore({ path: `${directory.path}/state.db`, clock, logger: silentLogger, onFatal: failOnFatal });
  });
  afterEach(async () => {
    await opened.close();
    directory.remove();
  });

  const limited = (state: StateStore): Promise<Running> =>
    serve([testSurface([THING], { rate: () => ({ key: 'all', limit: LIMIT, windowMs: WINDOW_MS }) })], { clock, state });

  /** How often the program and the referee disagree. */
  const disagreements = async (state: StateStore): Promise<number> => {
    const running = await limited(state);
    try {
      const referee = createReferee(clock);
      let wrong = 0;
      for (let request = 0; request < REQUESTS; request += 1) {
        clock.move();
        const { status } = await ask(running, 'GET', '/tiny/thing');
        wrong += Number((status === 204) !== referee());
      }
      return wrong;
    } finally {
      await running.close();
    }
  };

  it('let not one request more through', async () => {
    expect(await disagreements(opened.state)).to.equal(0);
  });

  it('stay closed while the clock stands still or runs backwards', async () => {
    let accepted = 0;
    const running = await limited(opened.state);
    for (const back of [0, 0, 0, 1_000, 3_600_000, DAY_MS, 3_650 * DAY_MS, 0, 1, 0]) {
      clock.set(clock.now() - back);
      accepted += Number((await ask(running, 'GET', '/tiny/thing')).status === 204);
    }
    await running.close();
    expect(accepted).to.equal(LIMIT);
  });

  it('go red when the limiter reads another clock', async () => {
    const planted: StateStore = { ...opened.state, hit: (scope, key, rule) => opened.state.hit(scope, key, { ...rule, now: systemClock.now() }) };
    expect(await disagreements(planted)).to.be.greaterThan(0);
  });

  it('count failed sign-ins: ten, then none, and no longer than a minute by any clock', async () => {
    const throttle = createLoginThrottle({ state: opened.state, clock });
    const fail = () => throttle.attempt(['account:a'], async () => undefined);
    clock.set(START + 3_650 * DAY_MS);
    for (let failure = 0; failure < 10; failure += 1) expect(await fail()).to.equal(undefined);
    clock.set(START);
    expect(await rejection(fail())).to.deep.equal({ code: 'tenancy.too_many_attempts', details: { retryAfter: 60 } });
    clock.set(START + 59_999);
    expect((await rejection(fail())).code).to.equal('tenancy.too_many_attempts');
    clock.set(START + 60_000);
    expect(await fail()).to.equal(undefined);
  });
});

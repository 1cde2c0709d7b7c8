/**
 * Promise 20: rate limits are exact under concurrency. Over the whole program with a clock that a test turns: who was let in is counted outside
 * of it, the headers are compared with that count, and nothing widens a window: no burst, no restart, no forged header, no clock set back.
 */
import { expect } from 'chai';
import { defineRoute } from '../../api/kernel/route.ts';
import type { StateStore } from '../../application/kernel/state.ts';
import { createCredential, createTenant, startApp, type Answer, type App, type Tenant } from '../support/app.ts';
import { ask, createMemoryState, serve, testSurface, type TestPrincipal } from '../api/kernel/support.ts';

const START = Date.parse('2026-03-09T15:00:00.400Z');
const MINUTE = 60_000;
const PLANS = [['free', 60], ['pro', 300], ['enterprise', 1_000]] as const;
const CLIENTS = 64;

const turned = (time: number) => ({ time, now() { return this.time; } });

/** Requests made by so many clients at once, each as soon as its last one is answered; answers in no particular order. */
const storm = async <Reply>(requests: number, clients: number, make: () => Promise<Reply>): Promise<readonly Reply[]> => {
  const answers: Reply[] = [];
  let made = 0;
  const client = async (): Promise<void> => {
    while ((made += 1) <= requests) answers.push(await make());
  };
  await Promise.all(Array.from({ length: clients }, client));
  return answers;
};

type Told = Pick<Answer, 'status' | 'headers'>;
const numberIn = ({ headers }: Told, name: string): number => Number(headers.get(name));
const accepted = (answers: readonly Told[]): readonly Told[] => answers.filter(({ status }) => status === 200);

/** Exactly the limit was let in, and the headers counted down to it without a gap or a repetition. */
const expectExact = (answers: readonly Told[], limit: number): void => {
  const let_in = accepted(answers);
  expect(let_in.length, 'let in').to.equal(limit);
  expect(answers.every(({ status }) => status === 200 || status === 429)).to.equal(true);
  const remaining = let_in.map((answer) => numberIn(answer, 'x-ratelimit-remaining')).toSorted((one, other) => other - one);
  expect(remaining).to.deep.equal(Array.from({ length: limit }, (_, taken) => limit - 1 - taken));
  for (const answer of answers) expect(numberIn(answer, 'x-ratelimit-limit')).to.equal(limit);
  for (const answer of answers.filter(({ status }) => status === 429)) expect(numberIn(answer, 'x-ratelimit-remaining')).to.equal(0);
  expect(new Set(answers.map((answer) => numberIn(answer, 'x-ratelimit-reset'))).size, 'one window').to.equal(1);
};

describe('promise 20: rate limits are exact', function suite() {
  this.timeout(60_000);
  const clock = turned(START);
  let app: App;
  const tenants = new Map<string, Readonly<{ tenant: Tenant; key: string }>>();

  before(async () => {
    app = await startApp({ clock });
    for (const [plan] of PLANS) {
      const tenant = await createTenant(app, plan, plan);
      tenants.set(plan, { tenant, key: (await createCredential(app, tenant)).secret });
    }
  });
  after(async () => app.close());
  /** Past every window that is open. */
  beforeEach(() => {
    clock.time += 10 * MINUTE;
  });

  const list = (plan: string, headers: Readonly<Record<string, string>> = {}): Promise<Answer> =>
    app.ask('GET', `/qwick-cert/api/v1/signing-operations?organization_slug=${plan}&page_size=1`, { token: tenants.get(plan)?.key ?? '', headers });

  for (const [plan, limit] of PLANS) {
    it(`${limit} of ${limit + CLIENTS} requests a minute on ${plan}, by ${CLIENTS} clients`, async () => {
      expectExact(await storm(limit + CLIENTS, CLIENTS, () => list(plan)), limit);
    });
  }

  it('in window after window, whatever their beginnings, alone or in company', async () => {
    for (const [clients, offset] of [[1, 1], [3, 59_999], [16, 31_337], [64, 60_001], [8, 777]] as const) {
      clock.time += 2 * MINUTE + offset;
      expectExact(await storm(60 + clients, clients, () => list('free')), 60);
    }
  });

  it('Retry-After is true: then it works, a second earlier it does not', async () => {
    for (const elapsed of [0, 1, 999, 17_300, 59_000]) {
      clock.time += 5 * MINUTE;
      await storm(60, 8, () => list('free'));
      clock.time += elapsed;
      const refused = await list('free');
      expect(refused.status).to.equal(429);
      const wait = numberIn(refused, 'retry-after');
      expect(wait).to.be.within(1, 60);
      expect(numberIn(refused, 'x-ratelimit-reset') * 1_000 - (clock.time + wait * 1_000), 'the reset says the same').to.be.within(-1_000, 1_000);
      const at = clock.time;
      clock.time = at + (wait - 1) * 1_000;
      expect((await list('free')).status, `${elapsed} ms in, a second early`).to.equal(429);
      clock.time = at + wait * 1_000;
      expect((await list('free')).status, `${elapsed} ms in, in time`).to.equal(200);
    }
  });

  it('a restart does not refill', async () => {
    expectExact([...(await storm(40, 8, () => list('free'))), ...(await app.restart().then(() => storm(40, 8, () => list('free'))))], 60);
    await app.restart();
    expect((await list('free')).status).to.equal(429);
  });

  it('nor does a clock that is set back, and one set forward opens one window, not several', async () => {
    await storm(61, 8, () => list('free'));
    clock.time -= 30_000;
    expect(accepted(await storm(20, 8, () => list('free')))).to.have.length(0);
    clock.time += 365 * 24 * 60 * MINUTE / 1_000;
    expectExact(await storm(80, 16, () => list('free')), 60);
  });

  it('nor does a forged X-Forwarded-For, or asking as another of the same organization', async () => {
    const { secret: another } = await createCredential(app, { slug: 'free' });
    let asked = 0;
    const forged = () => list('free', { 'x-forwarded-for': `203.0.113.${(asked += 1) % 250}`, forwarded: `for=203.0.113.${asked % 250}` });
    const asAnother = () => app.ask('GET', '/qwick-cert/api/v1/signing-operations?organization_slug=free&page_size=1', { token: another });
    expectExact([...(await storm(50, 8, forged)), ...(await storm(50, 8, asAnother))], 60);
  });

  it('one organization\'s requests are not another\'s', async () => {
    await storm(70, 16, () => list('free'));
    expect((await list('pro')).status).to.equal(200);
  });

  const signInAs = (email: string, headers: Readonly<Record<string, string>>): Promise<Answer> =>
    app.ask('POST', '/platform/v1/sessions', { body: { email, password: 'wrong', tenant: 'free' }, headers });

  it('failed sign-ins: ten a minute, whoever they say they are and wherever they say they come from', async () => {
    let tried = 0;
    const guess = () => {
      tried += 1;
      return signInAs(`nobody${tried}@free.example`, { 'x-forwarded-for': `203.0.113.${tried}` });
    };
    const answers = await storm(24, 8, guess);
    expect(answers.filter(({ status }) => status === 401)).to.have.length(10);
    const refused = answers.filter(({ status }) => status === 429);
    expect(refused).to.have.length(14);
    const wait = numberIn(refused[0] as Told, 'retry-after');
    const at = clock.time;
    clock.time = at + (wait - 1) * 1_000;
    expect((await guess()).status).to.equal(429);
    clock.time = at + wait * 1_000;
    expect((await guess()).status).to.equal(401);
  });
});

describe('promise 20: behind a proxy that is trusted', function suite() {
  this.timeout(30_000);

  it('counts the hop that the proxy saw, whatever stands before it', async () => {
    const app = await startApp({ env: { TRUST_PROXY: '127.0.0.0/8' } });
    try {
      let tried = 0;
      const guess = (seen: string): Promise<Answer> => {
        tried += 1;
        const headers = { 'x-forwarded-for': `198.51.100.${tried}, ${seen}` };
        return app.ask('POST', '/platform/v1/sessions', { body: { email: `nobody${tried}@example.org`, password: 'wrong' }, headers });
      };
      const answers = await storm(14, 4, () => guess('203.0.113.9'));
      expect(answers.filter(({ status }) => status === 401)).to.have.length(10);
      expect((await guess('203.0.113.10')).status, 'somebody else').to.equal(401);
    } finally {
      await app.close();
    }
  });
});

describe('promise 20: the check goes red on a planted fault', () => {
  const LIMIT = 20;
  const route = defineRoute<TestPrincipal>({
    method: 'GET', path: '/things', operationId: 'list', summary: 's', permission: 'read', replies: { 200: { description: 'done' } },
    handle: async () => ({ status: 200, body: {} }),
  });
  const surface = () => testSurface([route], { rate: ({ actor }) => ({ key: actor.id, limit: LIMIT, windowMs: MINUTE }) });
  const exact = async (state: StateStore): Promise<void> => {
    const running = await serve([surface()], { clock: { now: () => START }, state });
    try {
      expectExact(await storm(60, 16, () => ask(running, 'GET', '/tiny/things')), LIMIT);
    } finally {
      await running.close();
    }
  };

  it('and green without it', () => exact(createMemoryState(() => START)));

  it('a counter that is read, and written later', async () => {
    const sound = createMemoryState(() => START);
    let counted = 0;
    const hit: StateStore['hit'] = async (_scope, _key, { limit, windowMs, now }) => {
      const read = counted;
      await new Promise((resolve) => { setImmediate(resolve); });
      const exceeded = read >= limit;
      if (!exceeded) counted = read + 1;
      return { count: counted, exceeded, resetAt: now + windowMs };
    };
    expect(await exact({ ...sound, hit }).then(() => 'green', () => 'red')).to.equal('red');
  });

  it('a counter that forgets at every restart', async () => {
    const answers: Told[] = [];
    for (let life = 0; life < 2; life += 1) {
      const running = await serve([surface()], { clock: { now: () => START }, state: createMemoryState(() => START) });
      answers.push(...(await storm(15, 4, () => ask(running, 'GET', '/tiny/things'))));
      await running.close();
    }
    expect(() => expectExact(answers, LIMIT)).to.throw();
  });
});

/**
 * Promise 11: more than can be done is done as fast as ever, what is not done is refused properly, and nothing that was acknowledged is lost;
 * clients that never finish what they ask hold up nobody.
 */
import { expect } from 'chai';
import { availableParallelism, loadavg } from 'node:os';
import { defineRoute } from '../../api/kernel/route.ts';
import type { ServerOptions } from '../../api/kernel/server.ts';
import { serve, testSurface } from '../api/kernel/support.ts';
import { serveProgram, type ServedProgram } from '../support/served-program.ts';
import { temporaryDirectory, type TemporaryDirectory } from '../support/temporary-directory.ts';
import { until } from '../support/until.ts';
import { crowd, drip, gather, type Told } from './crowd.ts';

/** Connections that never come to an end. */
const SLOW = 2_000;
/** Clients that make all that can be done of it, and far more than three times as many. */
const ENOUGH = 32;
const TOO_MANY = 400;
/** One in which nobody else keeps the machine busy is enough. */
const ROUNDS = 6;
const ROUND_MS = 700;
const ROUND_ANSWERS = 300;
/** RELIABILITY says 80 %; on a machine that others use a round more or less is worth a fifth. */
const GOODPUT = 0.6;
/** Whether others keep the processors from the program: what it makes in a second then says nothing of it, what it makes of its processor time still does. */
const isBusy = (): boolean => (loadavg()[0] ?? 0) > 2 * availableParallelism();
/** By RELIABILITY; where more want to run than there are processors, everybody waits for longer. */
const LONGEST_STALL_MS = 100 * Math.max(1, (loadavg()[0] ?? 0) / availableParallelism());
const SLUG = 'overloaded';

const program = (name: string): URL => new URL(`programs/${name}.ts`, import.meta.url);

const median = (values: readonly number[]): number => values.toSorted((one, other) => one - other)[Math.floor(values.length / 2)] ?? Number.NaN;

/** For how long the event loop was held, in milliseconds: the most in each fifth of a second, since so many of them. */
const held = ({ said }: ServedProgram, since = 0): readonly number[] => [...said().matchAll(/^held (\S+)$/gmu)].map(([, ms]) => Number(ms)).slice(since);

const isRefusal = ({ status, retryAfter }: Told): boolean => (status === 429 || status === 503) && Number(retryAfter) > 0;

/** Whether anybody is served, within two seconds, while slow connections have taken all places. */
const isServed = async (options: ServerOptions): Promise<boolean> => {
  const route = defineRoute<never>({ method: 'GET', path: '/any', operationId: 'any', summary: 's', permission: 'public', replies: { 200: { description: 'ok' } }, handle: async () => ({ status: 200, body: {} }) });
  const running = await serve([testSurface([route as never])], {}, { maxConnections: 200, connectionsCheckingInterval: 50, ...options });
  const slow = await drip(running.url, 200, 50);
  const end = performance.now() + 2_000;
  const served = await until('an answer', async () => {
    const answer = await fetch(`${running.url}/tiny/any`).catch(() => undefined);
    if (answer?.status === 200) return 'yes';
    return performance.now() > end ? 'no' : undefined;
  });
  slow.stop();
  await running.close();
  return served === 'yes';
};

describe('promise 11: more than can be done', function suite() {
  this.timeout(90_000);
  let directory: TemporaryDirectory;
  const running: ServedProgram[] = [];
  beforeEach(() => { directory = temporaryDirectory(); });
  afterEach(async () => {
    for (const served of running.splice(0)) {
      served.process.kill('SIGKILL');
      await served.gone;
    }
    directory.remove();
  });

  const start = async (preload?: URL) => {
    const served = serveProgram({ dataDir: directory.path, ...(preload && { preload }) });
    running.push(served);
    const url = await served.listening;
    const token = served.operatorToken();
    const ask = async (method: string, path: string, body?: object) =>
      fetch(new URL(`/platform/v1${path}`, url), { method, headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' }, ...(body && { body: JSON.stringify(body) }) });
    const stop = async (signal: NodeJS.Signals): Promise<void> => {
      served.process.kill(signal);
      await served.gone;
    };
    return { served, url, token, ask, stop };
  };
  type Started = Awaited<ReturnType<typeof start>>;

  const found = async ({ ask }: Started): Promise<void> => {
    const made = await ask('POST', '/tenants', { slug: SLUG, name: 'Overloaded', owner: { email: 'owner@overloaded.example', password: 'a long enough passphrase 7' } });
    expect(made.status).to.equal(201);
  };
  const writing = ({ token }: Started): string => {
    const body = JSON.stringify({ surface: 'quantum-lock', name: 'one of many' });
    return `POST /platform/v1/tenants/${SLUG}/credentials HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${token}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
  };

  /** Processor time that the program has used, in seconds. */
  const worked = async ({ url, token }: Started): Promise<number> => {
    const text = await (await fetch(new URL('/metrics', url), { headers: { authorization: `Bearer ${token}` } })).text();
    return Number(/^process_cpu_seconds_total (\S+)$/mu.exec(text)?.[1]);
  };

  /** What clients are told, how many a second were told of success, and how many for a second of processor time. */
  const measured = async (started: Started, count: number) => {
    const clients = await gather(started.url, count);
    const before = await worked(started);
    const { told, perSecond } = await crowd(clients, writing(started), { ms: ROUND_MS, least: ROUND_ANSWERS - count });
    return { told, perSecond, perWork: told.filter(({ status }) => status < 300).length / (await worked(started) - before) };
  };

  /** What was made with far too many clients of what was with as many as it takes, by turns: the best of each; and all that was told. */
  const overload = async (started: Started, rounds: number) => {
    const best = { perSecond: 0, perWork: 0 };
    const told: Told[] = [];
    // What is compiled meanwhile is not weighed.
    await measured(started, ENOUGH);
    for (let round = 0; round < rounds && Math.min(best.perSecond, best.perWork) < GOODPUT; round += 1) {
      const enough = await measured(started, ENOUGH);
      const tooMany = await measured(started, TOO_MANY);
      best.perSecond = Math.max(best.perSecond, tooMany.perSecond / enough.perSecond);
      best.perWork = Math.max(best.perWork, tooMany.perWork / enough.perWork);
      told.push(...enough.told, ...tooMany.told);
    }
    return { ...best, told };
  };

  /** Every credential that the log knows of. */
  const inLog = async ({ ask }: Started): Promise<ReadonlySet<string>> => {
    const ids = new Set<string>();
    for (let cursor: string | null = ''; cursor !== null; ) {
      const page = (await (await ask('GET', `/tenants/${SLUG}/events?limit=100&type=chancery.tenancy.credential.created${cursor === '' ? '' : `&cursor=${cursor}`}`)).json()) as { items: readonly { data: { credential_id: string } }[]; next_cursor: string | null };
      for (const { data } of page.items) ids.add(data.credential_id);
      cursor = page.next_cursor;
    }
    return ids;
  };

  it(`does as much for ${TOO_MANY} clients at once as for ${ENOUGH}, refuses properly what it does not do, and loses nothing that it has acknowledged, killed right after it`, async () => {
    const first = await start(program('loop-delay'));
    await found(first);
    const since = held(first.served).length;
    const { perSecond, perWork, told } = await overload(first, ROUNDS);
    const stalls = held(first.served, since);
    await first.stop('SIGKILL');
    const again = await start();
    const ids = await inLog(again);
    await again.stop('SIGTERM');
    const done = told.filter(({ status }) => status < 300);
    expect(done.length).to.be.greaterThan(100);
    expect(told.filter((one) => one.status >= 300 && !isRefusal(one))).to.deep.equal([]);
    expect(done.filter(({ body }) => !ids.has((JSON.parse(body) as { id: string }).id))).to.deep.equal([]);
    expect(perWork).to.be.greaterThan(GOODPUT);
    if (!isBusy()) expect(perSecond).to.be.greaterThan(GOODPUT);
    expect(median(stalls), 'the event loop').to.be.lessThan(LONGEST_STALL_MS);
  });

  it('goes red where each request costs more the more of them wait', async () => {
    const started = await start(program('congested'));
    await found(started);
    const { perSecond, perWork } = await overload(started, 1);
    await started.stop('SIGKILL');
    expect(perWork).to.be.lessThan(GOODPUT);
    if (!isBusy()) expect(perSecond).to.be.lessThan(GOODPUT);
  });

  it(`answers beside ${SLOW} connections that send a head octet by octet`, async () => {
    const started = await start(program('loop-delay'));
    const slow = await drip(started.url, SLOW, 500);
    expect(slow.connected()).to.equal(SLOW);
    const since = held(started.served).length;
    const took: number[] = [];
    for (let n = 0; n < 50; n += 1) {
      const begun = performance.now();
      expect((await started.ask('GET', '/tenants')).status).to.equal(200);
      took.push(performance.now() - begun);
    }
    await until('a look at the event loop', () => held(started.served).length > since || undefined);
    slow.stop();
    await started.stop('SIGTERM');
    expect(median(took)).to.be.lessThan(LONGEST_STALL_MS);
    expect(median(held(started.served, since))).to.be.lessThan(LONGEST_STALL_MS);
  });

  it('cuts off who takes too long to ask, even where they have taken all places', async () => expect(await isServed({ headersTimeout: 300 })).to.equal(true));
  it('goes red where a head may take as long as it likes', async () => expect(await isServed({ headersTimeout: 0, requestTimeout: 0 })).to.equal(false));
});

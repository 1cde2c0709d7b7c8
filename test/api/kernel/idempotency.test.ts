/** Idempotency-Key: one effect however often and however many at once, and nothing kept that should not be. */
import { expect } from 'chai';
import { join } from 'node:path';
import Type from 'typebox';
import { parseIdempotencyKey } from '../../../api/kernel/idempotency.ts';
import { defineRoute, type Route } from '../../../api/kernel/route.ts';
import type { StateStore } from '../../../application/kernel/state.ts';
import { Rejection } from '../../../domain/kernel/rejection.ts';
import { openStateStore, type OpenStateStore } from '../../../infrastructure/state/state-store.ts';
import { collect } from '../../support/collect.ts';
import { failOnFatal, silentLogger } from '../../support/silent.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';
import { ask, serve, testSurface, type Running, type TestPrincipal } from './support.ts';

const LEASE_MS = 30_000;
const DAY_MS = 24 * 60 * 60 * 1000;

const nothing = async (): Promise<void> => undefined;

/** What is said of a key that is none. */
const wordsOf = (bad: string): unknown => {
  try {
    return parseIdempotencyKey(bad);
  } catch (error) {
    return (error as Rejection).details['fields'];
  }
};

describe('kernel: Idempotency-Key', () => {
  let running: Running;
  const directory = temporaryDirectory();
  let store: OpenStateStore;
  let state: StateStore;
  let now = 1_750_000_000_000;
  let effects: string[] = [];
  /** What the next handlers do before they answer. */
  let meanwhile: () => Promise<void> = nothing;

  const body = Type.Object({ name: Type.String() });
  const row = { method: 'POST', summary: 's', permission: 'write', body, replies: { 201: { description: 'made' } } } as const;
  const routes: readonly Route<TestPrincipal>[] = [
    defineRoute({ ...row, path: '/things', operationId: 'create', query: Type.Object({ dry: Type.Optional(Type.String()) }), handle: async ({ body: { name }, commandId }) => {
      effects.push(commandId);
      await meanwhile();
      return { status: 201, body: { name, number: effects.length }, headers: { Location: `/things/${effects.length}` } };
    } }),
    defineRoute({ ...row, path: '/keys', operationId: 'key', idempotentCopy: 'secret', handle: async () => {
      effects.push('key');
      return { status: 201, body: { secret: `canary-secret-${effects.length}` } };
    } }),
    defineRoute({ ...row, path: '/open', operationId: 'open', permission: 'public', handle: async ({ ip }) => {
      effects.push(ip);
      return { status: 201, body: { number: effects.length } };
    } }),
  ];

  before(async () => {
    store = await openStateStore({ path: join(directory.path, 'state.db'), clock: { now: () => now }, logger: silentLogger, onFatal: failOnFatal });
    ({ state } = store);
    running = await serve([testSurface(routes)], { state, clock: { now: () => now }, idempotencyWaitMs: 200, trustProxy: ['127.0.0.1'] });
  });
  after(async () => {
    await running.close();
    await store.close();
    directory.remove();
  });
  beforeEach(() => { effects = []; meanwhile = nothing; });

  let keys = 0;
  const newKey = (): string => `key-${(keys += 1)}`;
  const create = (key: string, name = 'a', more: Readonly<{ as?: string; path?: string; headers?: Record<string, string> }> = {}) =>
    ask(running, 'POST', more.path ?? '/tiny/things', { body: { name }, as: more.as ?? 'all', headers: { 'idempotency-key': key, ...more.headers } });

  it('has one effect and gives the first answer again, bytes, status and headers', async () => {
    const key = newKey();
    const first = await create(key);
    const second = await create(key);
    expect(effects).to.have.length(1);
    expect([second.status, second.text, second.headers.get('location')]).to.deep.equal([201, first.text, '/things/1']);
    expect([first.headers.get('idempotent-replayed'), second.headers.get('idempotent-replayed')]).to.deep.equal([null, 'true']);
    expect(second.headers.get('x-request-id')).to.not.equal(first.headers.get('x-request-id'));
  });

  it('has one effect for 64 at once, and one answer', async () => {
    const key = newKey();
    const answers = await Promise.all(Array.from({ length: 64 }, () => create(key)));
    expect(effects).to.have.length(1);
    expect(new Set(answers.map(({ status, text }) => `${status} ${text}`)).size).to.equal(1);
    expect(answers.filter(({ headers }) => headers.get('idempotent-replayed') === 'true')).to.have.length(63);
  });

  it('does without a key what it is asked, every time', async () => {
    await ask(running, 'POST', '/tiny/things', { body: { name: 'a' } });
    await ask(running, 'POST', '/tiny/things', { body: { name: 'a' } });
    expect(new Set(effects).size).to.equal(2);
  });

  it('refuses the key with another payload, in body or query', async () => {
    const key = newKey();
    await create(key);
    for (const [name, path] of [['b', '/tiny/things'], ['a', '/tiny/things?dry=1']] as const) {
      const { status, json } = await create(key, name, { path });
      expect([status, json.oops]).to.deep.equal([422, 'idempotency.mismatch']);
    }
    expect(effects).to.have.length(1);
  });

  it('keeps callers and paths apart', async () => {
    const key = newKey();
    await create(key);
    await create(key, 'a', { as: 'other' });
    await create(key, 'a', { path: '/tiny/keys' });
    expect(effects).to.have.length(3);
  });

  it('keeps strangers apart by their address', async () => {
    const key = newKey();
    const from = (ip: string) => create(key, 'a', { as: 'nobody', path: '/tiny/open', headers: { 'x-forwarded-for': ip } });
    await from('192.0.2.1');
    await from('192.0.2.2');
    await from('192.0.2.1');
    expect(effects).to.deep.equal(['192.0.2.1', '192.0.2.2']);
  });

  it('takes a stranger\'s key with another payload for another call: nobody blocks a key for others behind the same address', async () => {
    const key = newKey();
    const say = (name: string) => create(key, name, { as: 'nobody', path: '/tiny/open' });
    const answers = [await say('one'), await say('two'), await say('one')];
    expect(answers.map(({ status, headers }) => [status, headers.get('idempotent-replayed')])).to.deep.equal([[201, null], [201, null], [201, 'true']]);
    expect(answers[2]?.text).to.equal(answers[0]?.text);
  });

  it('says 409 while the first is at work, and lets it finish', async () => {
    const key = newKey();
    const gate = Promise.withResolvers<void>();
    meanwhile = () => gate.promise;
    const first = create(key);
    // Over another connection, the second could come first.
    while (effects.length < 1) await new Promise(setImmediate);
    const second = await create(key);
    expect([second.status, second.json.oops, second.headers.get('retry-after')]).to.deep.equal([409, 'idempotency.in_progress', '1']);
    gate.resolve();
    expect((await first).status).to.equal(201);
    expect((await create(key)).headers.get('idempotent-replayed')).to.equal('true');
    expect(effects).to.have.length(1);
  });

  it('waits for the answer of another process, as for one of its own', async () => {
    const looks: unknown[] = [];
    const looking: StateStore = Object.assign(Object.create(state) as StateStore, { get: (...which: Parameters<StateStore['get']>) => {
      looks.push(which);
      return state.get(...which);
    } });
    const other = await serve([testSurface(routes)], { state: looking, clock: { now: () => now } });
    const gate = Promise.withResolvers<void>();
    meanwhile = () => gate.promise;
    const key = newKey();
    const first = create(key);
    while (effects.length < 1) await new Promise(setImmediate);
    const others = Array.from({ length: 8 }, () => ask(other, 'POST', '/tiny/things', { body: { name: 'a' }, headers: { 'idempotency-key': key } }));
    while (looks.length < 10) await new Promise(setImmediate);
    gate.resolve();
    const { status, text } = await first;
    for (const answer of await Promise.all(others)) expect([answer.status, answer.text, answer.headers.get('idempotent-replayed')]).to.deep.equal([status, text, 'true']);
    expect([status, effects.length]).to.deep.equal([201, 1]);
    await other.close();
  });

  it('keeps nothing of refusals and failures: asking again is judged again', async () => {
    for (const error of [new Rejection('test.conflict'), new Rejection('storage.unavailable'), new Error('boom')]) {
      const key = newKey();
      meanwhile = () => Promise.reject(error);
      expect((await create(key)).status).to.be.oneOf([409, 503, 500]);
      meanwhile = nothing;
      const again = await create(key);
      expect([again.status, again.headers.get('idempotent-replayed')]).to.deep.equal([201, null]);
    }
  });

  it('judges each of many that come at once and are refused, also of two processes, and gives the first answer to the rest', async () => {
    // Whoever waits has time enough, however busy the machine is.
    const patient = { state, clock: { now: () => now }, idempotencyWaitMs: 60_000 };
    const both = [await serve([testSurface(routes)], patient), await serve([testSurface(routes)], patient)];
    const [key, gate] = [newKey(), Promise.withResolvers<void>()];
    meanwhile = async () => {
      await gate.promise;
      if (effects.length < 6) throw new Rejection('test.conflict');
    };
    const asked = Array.from({ length: 9 }, (_, index) => ask(both[index % 2] as Running, 'POST', '/tiny/things', { body: { name: 'a' }, headers: { 'idempotency-key': key } }));
    while (effects.length < 1) await new Promise(setImmediate);
    gate.resolve();
    const answers = await Promise.all(asked);
    expect([201, 409].map((one) => answers.filter(({ status }) => status === one).length)).to.deep.equal([4, 5]);
    expect(answers.filter(({ json }) => json.oops === 'test.conflict')).to.have.length(5);
    expect([effects.length, new Set(effects).size]).to.deep.equal([6, 1]);
    for (const { close } of both) await close();
  });

  it('keeps nothing of input that never reached the handler', async () => {
    const key = newKey();
    expect((await ask(running, 'POST', '/tiny/things', { body: {}, headers: { 'idempotency-key': key } })).status).to.equal(400);
    expect((await create(key, 'a', { as: 'reader' })).status).to.equal(403);
    expect((await create(key)).headers.get('idempotent-replayed')).to.equal(null);
  });

  it('asks for the same command after a crash, once the dead one\'s lease is over', async () => {
    const key = newKey();
    const dying = await serve([testSurface(routes)], { state, clock: { now: () => now } });
    meanwhile = () => new Promise(() => undefined);
    const lost = ask(dying, 'POST', '/tiny/things', { body: { name: 'a' }, headers: { 'idempotency-key': key } }).catch(() => 'lost');
    while (effects.length < 1) await new Promise(setImmediate);
    await dying.server.close(0);
    expect(await lost).to.equal('lost');
    meanwhile = nothing;
    const next = await serve([testSurface(routes)], { state, clock: { now: () => now }, idempotencyWaitMs: 20 });
    const retry = () => ask(next, 'POST', '/tiny/things', { body: { name: 'a' }, headers: { 'idempotency-key': key } });
    expect((await retry()).status).to.equal(409);
    now += LEASE_MS + 1;
    expect((await retry()).status).to.equal(201);
    expect([effects.length, new Set(effects).size]).to.deep.equal([2, 1]);
    await next.close();
  });

  it('forgets after a day', async () => {
    const key = newKey();
    await create(key);
    now += DAY_MS - 1;
    expect((await create(key)).headers.get('idempotent-replayed')).to.equal('true');
    now += 1;
    expect((await create(key)).headers.get('idempotent-replayed')).to.equal(null);
  });

  it('keeps a shown secret sealed only, and shows it again to the same caller', async () => {
    const key = newKey();
    const first = await create(key, 'a', { path: '/tiny/keys' });
    expect((await create(key, 'a', { path: '/tiny/keys' })).text).to.equal(first.text);
    const stored = (await collect(state.list('idempotency'))).map(({ value }) => value).join('\n');
    expect(first.text).to.contain('canary-secret-1');
    for (const form of ['utf8', 'hex', 'base64', 'base64url'] as const) expect(stored).to.not.contain(Buffer.from(first.text).toString(form).replace(/=+$/, ''));
    expect(stored).to.contain('"sealed"').and.not.contain(key);
  });

  it('still answers when the answer cannot be kept', async () => {
    const key = newKey();
    const broken: StateStore = { ...state, compareAndSet: (scope, id, expected, next) => (expected === undefined ? state.compareAndSet(scope, id, expected, next) : Promise.reject(new Rejection('storage.unavailable'))) };
    const server = await serve([testSurface(routes)], { state: broken, clock: { now: () => now } });
    expect((await ask(server, 'POST', '/tiny/things', { body: { name: 'a' }, headers: { 'idempotency-key': key } })).status).to.equal(201);
    expect(server.logs.join('')).to.contain('idempotent answer not kept');
    await server.close();
  });

  it('keeps no key for a call that could not begin, though the store took it and its answer was lost', async () => {
    const key = newKey();
    const lossy: StateStore = Object.assign(Object.create(state) as StateStore, { compareAndSet: async (...asked: Parameters<StateStore['compareAndSet']>) => {
      const done = await state.compareAndSet(...asked);
      return asked[2] === undefined ? Promise.reject(new Rejection('storage.unavailable')) : done;
    } });
    const other = await serve([testSurface(routes)], { state: lossy, clock: { now: () => now } });
    expect((await ask(other, 'POST', '/tiny/things', { body: { name: 'a' }, headers: { 'idempotency-key': key } })).status).to.equal(503);
    expect([(await create(key)).status, effects.length]).to.deep.equal([201, 1]);
    await other.close();
  });

  it('keeps the answer also where a renewal meanwhile was stored and its own answer lost', async () => {
    const key = newKey();
    const ticks: (() => void)[] = [];
    const every = globalThis.setInterval;
    const begun = Promise.withResolvers<void>();
    const lossy: StateStore = Object.assign(Object.create(state) as StateStore, { compareAndSet: async (...asked: Parameters<StateStore['compareAndSet']>) => {
      const done = await state.compareAndSet(...asked);
      if (asked[2] === undefined || asked[3]?.value.includes('"running"') !== true) return done;
      begun.resolve();
      throw new Rejection('storage.unavailable');
    } });
    const other = await serve([testSurface(routes)], { state: lossy, clock: { now: () => now }, idempotencyWaitMs: 0 });
    meanwhile = async () => {
      now += LEASE_MS / 3;
      for (const tick of ticks) tick();
      await begun.promise;
    };
    const once = () => ask(other, 'POST', '/tiny/things', { body: { name: 'a' }, headers: { 'idempotency-key': key } });
    try {
      globalThis.setInterval = ((tick: () => void, ms: number) => {
        if (ms === LEASE_MS / 3) ticks.push(tick);
        return every(tick, ms);
      }) as typeof setInterval;
      const first = await once();
      const second = await once();
      expect([first.status, second.status, second.headers.get('idempotent-replayed'), second.text]).to.deep.equal([201, 201, 'true', first.text]);
      expect(effects).to.have.length(1);
    } finally {
      globalThis.setInterval = every;
      await other.close();
    }
  });

  it('reads structured strings and bare keys', () => {
    expect(parseIdempotencyKey('"8e03978e-40d5-43dd-bc93-6894a57f9324"')).to.equal('8e03978e-40d5-43dd-bc93-6894a57f9324');
    expect(parseIdempotencyKey('8e03978e')).to.equal('8e03978e');
    expect(parseIdempotencyKey(String.raw`"a\"b\\ c"`)).to.equal(String.raw`a"b\ c`);
    expect(parseIdempotencyKey('x'.repeat(255))).to.have.length(255);
    expect(wordsOf('a b')).to.deep.equal({ 'Idempotency-Key': 'holds characters that are not allowed: it is printable ASCII, with spaces, commas and quotes only inside a quoted string' });
    expect(wordsOf('x'.repeat(256))).to.deep.equal({ 'Idempotency-Key': 'must have 1 to 255 characters' });
    expect(wordsOf('""')).to.deep.equal({ 'Idempotency-Key': 'must have 1 to 255 characters' });
    for (const bad of ['', '""', 'x'.repeat(256), '"open', 'a b', 'a, b', 'é', '"a"b', String.raw`"\x"`]) {
      expect(() => parseIdempotencyKey(bad), bad).to.throw(Rejection).with.property('code', 'idempotency.key_invalid');
    }
  });
});

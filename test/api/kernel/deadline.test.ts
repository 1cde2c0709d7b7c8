/** A handler that does not heed its signal: its client is answered in time, nothing is acknowledged that is not done, no key is held for ever. */
import { expect } from 'chai';
import Type from 'typebox';
import { defineRoute } from '../../../api/kernel/route.ts';
import { until } from '../../support/until.ts';
import { ask, createMemoryState, serve, testSurface, type Running, type TestPrincipal } from './support.ts';

const TIMEOUT_MS = 400;
const LEASE_MS = 30_000;

describe('kernel: the time that a handler has', () => {
  let running: Running;
  let now = 1_750_000_000_000;
  let effects: string[] = [];
  let gate: PromiseWithResolvers<void>;
  let authenticated: Promise<void> = Promise.resolve();
  let key = 0;

  const create = defineRoute<TestPrincipal, undefined, undefined, ReturnType<typeof Type.Object>>({
    method: 'POST', path: '/things', operationId: 'create', summary: 's', permission: 'write', body: Type.Object({}),
    replies: { 201: { description: 'made' } },
    handle: async ({ commandId }) => {
      effects.push(commandId);
      const number = effects.length;
      await gate.promise;
      return { status: 201, body: { number } };
    },
  });
  let waits = Promise.withResolvers<void>();
  const wait = defineRoute<TestPrincipal>({
    method: 'GET', path: '/waits', operationId: 'wait', summary: 's', permission: 'read',
    replies: { 204: { description: 'nothing' } },
    handle: ({ signal }) => new Promise((_resolve, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason as Error));
      waits.resolve();
    }),
  });
  const surface = testSurface([create, wait], { permit: async () => authenticated });
  const post = (idempotencyKey: string) => ask(running, 'POST', '/tiny/things', { body: {}, headers: { 'idempotency-key': idempotencyKey } });
  const newKey = (): string => `key-${(key += 1)}`;
  /** Asks again until it is answered with success. */
  const untilDone = async (idempotencyKey: string) => {
    for (;;) {
      const answer = await post(idempotencyKey);
      if (answer.status < 300) return answer;
      expect([answer.status, answer.json.oops]).to.deep.equal([409, 'idempotency.in_progress']);
    }
  };

  before(async () => {
    const clock = { now: () => now };
    running = await serve([surface], { clock, state: createMemoryState(clock.now), handlerTimeoutMs: TIMEOUT_MS, idempotencyWaitMs: 20 });
  });
  after(() => running.close());
  beforeEach(() => {
    effects = [];
    gate = Promise.withResolvers<void>();
    authenticated = Promise.resolve();
  });

  it('is answered when it is up, with the time after which to come back', async () => {
    const { status, json, headers } = await ask(running, 'POST', '/tiny/things', { body: {} });
    expect([status, json.oops, headers.get('retry-after')]).to.deep.equal([408, 'request.timeout', '5']);
    gate.resolve();
  });

  it('ends with its client, which is no failure that anybody should look into', async () => {
    waits = Promise.withResolvers<void>();
    const client = new AbortController();
    const before = running.logs.length;
    const asked = fetch(`${running.url}/tiny/waits`, { headers: { authorization: 'Bearer all' }, signal: client.signal }).catch((error: unknown) => (error as Error).name);
    await waits.promise;
    client.abort();
    expect(await asked).to.equal('AbortError');
    await until('the line of the request', () => running.logs.slice(before).find((line) => line.includes('"msg":"request"')));
    // Whatever else is said of it comes in the same turn.
    expect((await ask(running, 'GET', '/tiny/nothing')).status).to.equal(404);
    const since = running.logs.slice(before);
    expect(since.filter((line) => line.includes('"level":"error"'))).to.deep.equal([]);
  });

  it('leaves an effect that comes later to whoever asks again with the same key: one effect, its own answer', async () => {
    const mine = newKey();
    expect((await post(mine)).status).to.equal(408);
    gate.resolve();
    const answer = await untilDone(mine);
    expect([answer.json.data.number, answer.headers.get('idempotent-replayed')]).to.deep.equal([1, 'true']);
    expect(effects).to.have.length(1);
    expect(running.logs.join('')).to.include('a handler ended after its request had been answered');
  });

  it('frees the key of a handler that never ends; the next one asks for the same command', async () => {
    const mine = newKey();
    expect((await post(mine)).status).to.equal(408);
    gate = Promise.withResolvers<void>();
    gate.resolve();
    let answer = await post(mine);
    for (; answer.status === 409; answer = await post(mine)) now += LEASE_MS;
    expect(answer.status).to.equal(201);
    expect([effects.length, new Set(effects).size]).to.deep.equal([2, 1]);
  });

  it('begins nothing for a client that has been told to come back', async () => {
    const slow = Promise.withResolvers<void>();
    authenticated = slow.promise;
    expect((await post(newKey())).status).to.equal(408);
    authenticated = Promise.resolve();
    slow.resolve();
    gate.resolve();
    expect((await post(newKey())).status).to.equal(201);
    expect(effects).to.have.length(1);
  });

  it('is over for everybody when the disk has failed: what is under way and what still comes is answered at once', async () => {
    const failing = new AbortController();
    const dying = await serve([surface], { failing: failing.signal });
    const asked = () => ask(dying, 'POST', '/tiny/things', { body: {} });
    const underWay = [asked(), asked()];
    while (effects.length < underWay.length) await new Promise(setImmediate);
    failing.abort();
    const answers = await Promise.all([...underWay, asked()]);
    expect(answers.map(({ status, json, headers }) => [status, json.oops, headers.get('retry-after')])).to.deep.equal(answers.map(() => [503, 'storage.unavailable', '5']));
    expect(effects).to.have.length(underWay.length);
    gate.resolve();
    await dying.close();
  });
});

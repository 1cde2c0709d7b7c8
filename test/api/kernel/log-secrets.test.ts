/** Canaries through every part of a request, on every way that a request can go: none may reach the log. */
import { expect } from 'chai';
import Type from 'typebox';
import { createLogger } from '../../../infrastructure/runtime/logger.ts';
import { defineRoute, type ApiRequest } from '../../../api/kernel/route.ts';
import { Rejection } from '../../../domain/kernel/rejection.ts';
import { ask, serve, testSurface, type Running, type TestPrincipal } from './support.ts';

/** None of them looks like a secret: only keeping requests out of the log keeps these out. */
const canary = (place: string): string => `plain-words-canary-${place}`;

type Telling = ApiRequest<TestPrincipal, { token: string }, { q?: string }, { password?: string; nested?: unknown }>;

/** The ways of a handler that would like to tell the log all it knows. */
const WAYS: Readonly<Record<string, (request: Telling) => unknown>> = {
  answer: (request) => ({ seen: request.body.password }),
  reject: ({ body }) => { throw new Rejection('test.conflict', { password: body.password }); },
  storage: ({ body }) => { throw new Rejection('storage.unavailable', { password: body.password }); },
  unmapped: ({ body }) => { throw new Rejection('nobody.knows', { password: body.password }); },
  fail: ({ body, params, query, header }) => { throw new Error(`no such user ${body.password}, ${params.token}, ${query.q}, ${header('cookie')}, ${header('x-own')}, ${JSON.stringify(body.nested)}`); },
  parse: ({ body }) => JSON.parse(String(body.password)) as unknown,
  'parse half': ({ body }) => JSON.parse(`["a", ${'x '.repeat(50)}${body.password}${' x'.repeat(50)}]`) as unknown,
  'parse the end': ({ body }) => JSON.parse(`[${'1,'.repeat(50)}plain-words-${body.password?.slice(12)}${'y'.repeat(100)}]`) as unknown,
  'fail with frames': ({ body }) => { throw new Error(`two lines\n    at ${body.password} (secret.ts:1:1)\nend`); },
  throws: ({ body }) => { throw body.password; }, // oxlint-disable-line typescript/only-throw-error, no-throw-literal -- what a library may do
  object: ({ body }) => { throw Object.assign(new TypeError('x'), { password: body.password, code: 'E_SOME', cause: body }); },
  code: ({ body }) => { throw Object.assign(new Error('coded'), { code: body.password }); },
};

const route = defineRoute({
  method: 'POST', path: '/way/:token', operationId: 'way', summary: 's', permission: 'read',
  params: Type.Object({ token: Type.String() }), query: Type.Object({ q: Type.Optional(Type.String()), way: Type.String() }),
  body: Type.Object({ password: Type.Optional(Type.String()), nested: Type.Optional(Type.Unknown()) }),
  replies: { 200: { description: 'ok' } },
  handle: async (request: ApiRequest<TestPrincipal, { token: string }, { q?: string; way: string }, { password?: string; nested?: unknown }>) => ({ status: 200, body: WAYS[request.query.way]?.(request) }),
});

describe('kernel: the log', () => {
  let running: Running;
  before(async () => { running = await serve([testSurface([route])]); });
  after(() => running.close());
  beforeEach(() => { running.logs.length = 0; });

  const everywhere = (way: string, body: unknown = { password: canary('body'), nested: { deep: [canary('deep')] } }) =>
    ask(running, 'POST', `/tiny/way/${canary('path')}?q=${canary('query')}+%63anary%20${canary('second')}&way=${way}`, {
      body,
      headers: {
        cookie: `session=${canary('cookie')}`, 'x-own': canary('header'), 'x-request-id': canary('id'), 'idempotency-key': canary(`key-${way}`),
        'x-forwarded-for': canary('forwarded'), 'user-agent': canary('agent'), referer: `http://x/${canary('referer')}`,
      },
    });

  const lines = (): string => running.logs.join('');
  /** The line of a request is written when its answer is through, which may be a moment after the client has it. */
  const settled = async (count: number): Promise<void> => {
    while (running.logs.filter((line) => line.includes('"msg":"request"')).length < count) await new Promise(setImmediate);
  };

  for (const way of Object.keys(WAYS)) {
    it(`keeps everything of a request out: ${way}`, async () => {
      await everywhere(way);
      await settled(1);
      expect(lines()).to.contain('"route":"/way/:token"');
      expect(lines()).to.not.contain('canary');
    });
  }

  it('also of requests that never reach a handler', async () => {
    await everywhere('answer', '{"password": "plain-words-canary-broken');
    await everywhere('answer', { password: 5, extra: canary('extra') });
    await everywhere('answer', `["${canary('list')}"]`);
    await ask(running, 'POST', `/tiny/way/${canary('path')}?%ff=${canary('query')}`, { as: canary('credential'), body: canary('body') });
    await ask(running, 'GET', `/tiny/${canary('unknown')}`);
    await ask(running, 'PUT', `/${canary('outside')}`);
    await settled(6);
    expect(lines()).to.not.contain('canary');
  });

  it('says why all the same', async () => {
    await everywhere('fail');
    await settled(1);
    expect(lines()).to.contain('no such user').and.contain('log-secrets.test.ts').and.contain('"requestId"');
  });

  it('goes red when somebody logs a body', () => {
    const logs: string[] = [];
    createLogger({ level: 'info', destination: { write: (line) => void logs.push(line) } }).info({ note: { password: canary('body'), free: canary('leak') } }, 'planted');
    expect(logs.join('')).to.contain('canary-leak').and.not.contain('canary-body');
  });
});

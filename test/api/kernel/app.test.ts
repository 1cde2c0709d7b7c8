/** The pipeline from outside: where requests go, in which order they are judged, what every answer carries. */
import { expect } from 'chai';
import { request as httpRequest } from 'node:http';
import Type from 'typebox';
import { defineRoute, type Route } from '../../../api/kernel/route.ts';
import { Rejection } from '../../../domain/kernel/rejection.ts';
import { ask, serve, testSurface, type Running, type TestPrincipal } from './support.ts';

const uuid = '0198c0de-7000-7000-8000-0000000000ff';
const common = { summary: 's', permission: 'read', replies: { 200: { description: 'ok' } } } as const;
const handled: string[] = [];
const noted = (name: string) => async () => {
  handled.push(name);
  return { status: 200, body: name };
};

const routes: readonly Route<TestPrincipal>[] = [
  defineRoute({ ...common, method: 'GET', path: '/things/:id', operationId: 'get', params: Type.Object({ id: Type.String({ format: 'uuid' }) }), handle: async ({ params }) => ({ status: 200, body: params.id, headers: { 'X-Own': 'yes' } }) }),
  defineRoute({ ...common, method: 'GET', path: '/things/export', operationId: 'export', handle: noted('export') }),
  defineRoute({ ...common, method: 'DELETE', path: '/things/:name', operationId: 'remove', permission: 'write', handle: async () => ({ status: 204 }) }),
  defineRoute({
    ...common, method: 'POST', path: '/things', operationId: 'create', permission: 'write',
    query: Type.Object({ page: Type.Optional(Type.Integer({ minimum: 1 })) }), body: Type.Object({ name: Type.String({ minLength: 1 }) }),
    handle: async ({ body, query }) => ({ status: 201, body: { ...body, ...query } }),
  }),
  defineRoute({ ...common, method: 'POST', path: '/empty', operationId: 'empty', body: Type.Object({ note: Type.Optional(Type.String()) }), handle: async ({ body }) => ({ status: 200, body }) }),
  defineRoute({ ...common, method: 'GET', path: '/who', operationId: 'who', permission: 'public', handle: async ({ ip, requestId, cause, commandId }) => ({ status: 200, body: { ip, requestId, cause, commandId } }) }),
  defineRoute({ ...common, method: 'GET', path: '/broken', operationId: 'broken', permission: 'public', handle: async () => { throw new Error('SELECT secret FROM /var/lib/things'); } }),
  defineRoute({ ...common, method: 'GET', path: '/full', operationId: 'full', permission: 'public', handle: async () => { throw new Rejection('storage.unavailable'); } }),
];

/** One with Host, which fetch does not let one choose. */
const askHost = (running: Running, host: string, path: string): Promise<{ status: number; text: string }> =>
  new Promise((resolve, reject) => {
    const sent = httpRequest({ port: running.port, host: '127.0.0.1', path, headers: { host } }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (piece: string) => { text += piece; });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text }));
    });
    sent.on('error', reject).end();
  });

describe('kernel: requests and answers', () => {
  let running: Running;
  before(async () => {
    const other = testSurface([defineRoute<TestPrincipal>({ ...common, method: 'GET', path: '/who', operationId: 'who', permission: 'public', handle: noted('other') })], { name: 'other', mount: '/other', host: 'other.example' });
    running = await serve([testSurface(routes), other], { trustProxy: ['127.0.0.1'] });
  });
  after(() => running.close());
  beforeEach(() => { handled.length = 0; });

  it('prefers a fixed path to a parameter, whatever the order of the table', async () => {
    expect((await ask(running, 'GET', '/tiny/things/export')).json.data).to.equal('export');
    expect((await ask(running, 'GET', `/tiny/things/${uuid}`)).json.data).to.equal(uuid);
  });

  it('does not find what is no id, and refuses what is no path', async () => {
    expect((await ask(running, 'GET', '/tiny/things/nonsense')).json).to.deep.equal({ oops: 'request.not_found', details: {} });
    expect((await ask(running, 'GET', '/tiny/things/%ff')).json).to.deep.equal({ oops: 'request.invalid', details: { fields: { path: 'is not valid percent-encoding' } } });
  });

  it('answers unknown paths in the surface\'s own words, and outside of any with a problem', async () => {
    for (const path of ['/tiny', '/tiny/', '/tiny/nope', '/tiny/THINGS', '/tiny/things/', '/tiny//who']) {
      const { status, json } = await ask(running, 'GET', path);
      expect([status, json.oops], path).to.deep.equal([404, 'request.not_found']);
    }
    expect(JSON.parse((await askHost(running, 'x', '/tiny/../other/who')).text).oops).to.equal('request.not_found');
    for (const path of ['/', '/nope', '/TINY/who', '/tinyy/who']) {
      const { status, json, headers } = await ask(running, 'GET', path);
      expect([status, json.title, headers.get('content-type')], path).to.deep.equal([404, 'Not Found', 'application/problem+json']);
    }
  });

  it('names the methods that a path knows, over all rows that fit it', async () => {
    const cases = { 'PUT /tiny/things/export': 'DELETE, GET, HEAD', 'POST /tiny/things/abc': 'DELETE, GET, HEAD', 'GET /tiny/things': 'POST', 'OPTIONS /tiny/who': 'GET, HEAD', 'POST /healthz': 'GET, HEAD', 'PUT /tiny/docs': 'GET, HEAD' };
    for (const [line, allow] of Object.entries(cases)) {
      const [method = '', path = ''] = line.split(' ');
      const { status, headers } = await ask(running, method, path);
      expect([status, headers.get('allow')], line).to.deep.equal([405, allow]);
    }
  });

  it('goes by Host or by mount, and never by credential', async () => {
    expect(JSON.parse((await askHost(running, 'Other.Example:8080', '/who')).text).data).to.equal('other');
    expect(JSON.parse((await askHost(running, 'tiny.example.', '/who')).text).data.ip).to.equal('127.0.0.1');
    expect(JSON.parse((await askHost(running, 'tiny.example', '/other/who')).text).oops).to.equal('request.not_found');
    expect((await askHost(running, 'elsewhere.example', '/who')).status).to.equal(404);
    expect(JSON.parse((await askHost(running, 'elsewhere.example', '/other/who')).text).data).to.equal('other');
  });

  it('judges in order: identity, then input, then right', async () => {
    const bad = { body: { name: '' } };
    expect((await ask(running, 'POST', '/tiny/things', { ...bad, as: '' })).json.oops).to.equal('test.unauthenticated');
    expect((await ask(running, 'POST', '/tiny/things', { ...bad, as: 'reader' })).json.oops).to.equal('request.invalid');
    expect((await ask(running, 'POST', '/tiny/things', { body: { name: 'x' }, as: 'reader' })).json.oops).to.equal('test.forbidden');
    expect((await ask(running, 'POST', '/tiny/things', { body: { name: 'x' } })).status).to.equal(201);
  });

  it('names bad fields of query and body together', async () => {
    const { status, json } = await ask(running, 'POST', '/tiny/things?page=0', { body: {} });
    expect([status, json.details.fields]).to.deep.equal([400, { page: 'must be >= 1', name: 'is required' }]);
  });

  it('takes no body for an empty one', async () => {
    expect((await ask(running, 'POST', '/tiny/empty')).json.data).to.deep.equal({});
    expect((await ask(running, 'POST', '/tiny/things')).json.details.fields).to.deep.equal({ name: 'is required' });
  });

  it('answers HEAD like GET without the body', async () => {
    const get = await ask(running, 'GET', `/tiny/things/${uuid}`);
    const head = await ask(running, 'HEAD', `/tiny/things/${uuid}`);
    expect([head.status, head.text, head.headers.get('content-length')]).to.deep.equal([200, '', get.headers.get('content-length')]);
  });

  it('sends nothing with 204', async () => {
    const { status, text, headers } = await ask(running, 'DELETE', '/tiny/things/x');
    expect([status, text, headers.get('content-length'), headers.get('content-type')]).to.deep.equal([204, '', null, null]);
  });

  it('gives every request an id: the caller\'s own if it is a UUID', async () => {
    const mine = await ask(running, 'GET', '/tiny/who', { headers: { 'x-request-id': uuid.toUpperCase() } });
    expect([mine.headers.get('x-request-id'), mine.json.request_id, mine.json.data.cause.correlation]).to.deep.equal([uuid, uuid, uuid]);
    for (const id of ['mine', '"><script>', `${uuid}0`]) {
      const { headers, json } = await ask(running, 'GET', '/tiny/who', { headers: { 'x-request-id': id } });
      expect(headers.get('x-request-id')).to.match(/^0198c0de-0000-/).and.equal(json.request_id);
    }
  });

  it('knows client, actor and command', async () => {
    const { json } = await ask(running, 'GET', '/tiny/who', { headers: { 'x-forwarded-for': '6.6.6.6, 203.0.113.7' } });
    expect(json.data.ip).to.equal('203.0.113.7');
    expect(json.data.cause.actor).to.deep.equal({ kind: 'credential', id: 'credential-1' });
    expect(json.data.commandId).to.match(/^0198c0de-0000-/);
  });

  it('shows nothing of an unexpected error, and says 503 with Retry-After when storage cannot', async () => {
    const broken = await ask(running, 'GET', '/tiny/broken');
    expect([broken.status, broken.json]).to.deep.equal([500, { oops: 'kernel.internal' }]);
    const full = await ask(running, 'GET', '/tiny/full');
    expect([full.status, full.headers.get('retry-after')]).to.deep.equal([503, '5']);
  });

  it('sends the safe headers with everything, and none that tell of the inside', async () => {
    for (const path of ['/tiny/who', '/tiny/nope', '/nope', '/tiny/broken', '/healthz', '/tiny/openapi.json']) {
      const { headers } = await ask(running, 'GET', path, { headers: { origin: 'https://evil.example' } });
      expect(headers.get('x-content-type-options'), path).to.equal('nosniff');
      expect(headers.get('referrer-policy'), path).to.equal('no-referrer');
      expect(headers.get('content-security-policy'), path).to.contain("default-src 'none'");
      expect(headers.get('cache-control'), path).to.match(/no-store|no-cache/);
      for (const name of ['x-powered-by', 'etag', 'server', 'access-control-allow-origin']) expect(headers.has(name), `${path} ${name}`).to.equal(false);
    }
    expect((await ask(running, 'GET', `/tiny/things/${uuid}`)).headers.get('x-own')).to.equal('yes');
  });

  it('refuses a table with two rows in one place, or one that nobody may use', async () => {
    const row = defineRoute<TestPrincipal>({ ...common, method: 'GET', path: '/a/:x', operationId: 'one', handle: noted('') });
    for (const rows of [[row, { ...row, path: '/b' }], [row, { ...row, operationId: 'two', path: '/a/:y' }], [{ ...row, permission: '' }]]) {
      const result = await serve([testSurface(rows)]).then(() => 'started', (error: unknown) => String(error));
      expect(result).to.match(/Error: tiny: (one|two) /);
    }
  });
});

/** OpenAPI and its viewers: true to the route table, linted, and with no address but their own. */
import { expect } from 'chai';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import Type from 'typebox';
import { createFiles } from '../../../api/kernel/documents.ts';
import { openApiDocument } from '../../../api/kernel/openapi.ts';
import { defineRoute, type Route } from '../../../api/kernel/route.ts';
import { lintDocuments } from '../../../scripts/lint-documents.ts';
import { requireTool } from '../../support/pending.ts';
import { runTool } from '../../support/run-tool.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';
import { ask, serve, testSurface, type Running, type TestPrincipal } from './support.ts';

const Thing = Type.Object({ id: Type.String(), name: Type.String() });
const routes: readonly Route<TestPrincipal>[] = [
  defineRoute({
    method: 'POST', path: '/things/:id/parts', operationId: 'addPart', summary: 'Adds a part', tags: ['things'], permission: 'write',
    params: Type.Object({ id: Type.String({ format: 'uuid', description: 'The thing' }) }),
    query: Type.Object({ dry: Type.Optional(Type.Boolean({ description: 'Only check' })), depth: Type.Integer({ default: 1 }) }),
    body: Type.Object({ name: Type.String(), size: Type.Object({ unit: Type.String({ default: 'mm' }), value: Type.Number() }) }), bodyExample: { name: 'wheel', size: { value: 3 } },
    replies: { 201: { description: 'The part', schema: Thing, example: { id: '1', name: 'wheel' } } }, rejections: ['test.conflict'],
    handle: async () => ({ status: 204 }),
  }),
  defineRoute({ method: 'GET', path: '/list', operationId: 'list', summary: 'As a table', permission: 'public', replies: { 200: { description: 'CSV', contentType: 'text/csv' } }, handle: async () => ({ status: 204 }) }),
  defineRoute({ method: 'DELETE', path: '/things/:id', operationId: 'remove', summary: 'Removes', permission: 'write', replies: { 204: { description: 'Gone' } }, handle: async () => ({ status: 204 }) }),
];
const surface = testSurface(routes, { host: '127.0.0.1', replyHeaders: () => ({ 'X-Tiny': 'yes' }) });
type Loose = Readonly<Record<string, any>>; // oxlint-disable-line typescript/no-explicit-any -- a document is looked into at many places

describe('kernel: documents', () => {
  let running: Running;
  before(async () => { running = await serve([surface]); });
  after(() => running.close());
  const byMount = (path: string) => ask({ ...running, url: running.url.replace('127.0.0.1', 'localhost') }, 'GET', `/tiny${path}`);
  const byHost = (path: string) => ask(running, 'GET', path);

  it('are written once for each place where the surface is served, however many ask', async () => {
    let written = 0;
    const counting = testSurface(routes, { host: '127.0.0.1', replySchema: (schema) => { written += 1; return schema; } });
    const once = await serve([counting]);
    const read = async (host: string, path: string): Promise<string> => JSON.stringify((await ask({ url: once.url.replace('127.0.0.1', host) }, 'GET', path)).json.servers);
    const ways = [['localhost', '/tiny/openapi.json'], ['127.0.0.1', '/openapi.json']] as const;
    for (const [host, path] of ways) await read(host, path);
    const atFirst = written;
    expect(atFirst).to.be.greaterThan(0);
    for (const [index, [host, path]] of [...ways, ...ways].entries()) expect(await read(host, path)).to.equal(index % 2 === 0 ? '[{"url":"/tiny"}]' : '[{"url":"/"}]');
    expect(written).to.equal(atFirst);
    await once.close();
  });

  it('have files that are read once, and once more where that failed', async () => {
    let reads = 0;
    const bytesOf = createFiles(async () => {
      reads += 1;
      if (reads === 1) throw new Error('too many open files');
      return Buffer.from('body');
    });
    expect(await bytesOf('a').then(String, (error: unknown) => (error as Error).message)).to.equal('too many open files');
    expect(await Promise.all([bytesOf('a').then(String), bytesOf('a').then(String)])).to.deep.equal(['body', 'body']);
    expect(reads).to.equal(2);
  });

  it('describe each row: parameters, body, answers on the wire, errors by status, security', () => {
    const add = openApiDocument(surface).paths['/things/{id}/parts']?.['post'] as Loose;
    expect(add['parameters'].map((row: Loose) => [row['name'] ?? row['$ref'], row['in'], row['required'], row['schema']?.type])).to.deep.equal([
      ['id', 'path', true, 'string'], ['dry', 'query', false, 'boolean'], ['depth', 'query', false, 'integer'], ['#/components/parameters/IdempotencyKey', undefined, undefined, undefined],
    ]);
    expect(add['requestBody']).to.deep.include({ required: true }).and.to.have.nested.property('content.application/json.example.name', 'wheel');
    const made = add['responses']['201'].content['application/json'];
    expect(made.schema.properties.data.properties).to.have.keys('id', 'name');
    expect(made.example.data).to.deep.equal({ id: '1', name: 'wheel' });
    expect(Object.keys(add['responses'])).to.include.members(['201', '400', '401', '404', '409', '413', '415', '422', '429', '503']);
    expect(add['responses']['409'].description).to.contain('test.conflict').and.contain('idempotency.in_progress');
    expect(add['security']).to.deep.equal([{ bearer: [] }]);
  });

  it('demand nothing that has a default', () => {
    const add = openApiDocument(surface).paths['/things/{id}/parts']?.['post'] as Loose;
    const { schema } = add['requestBody'].content['application/json'];
    expect([schema.required, schema.properties.size.required]).to.deep.equal([['name', 'size'], ['value']]);
  });

  it('name the headers of answers: ids, limits, when to come back, the surface\'s own', () => {
    const limited = testSurface(routes, {
      isLimited: ({ permission }) => permission !== 'public',
      replyHeaders: () => ({ 'X-Tiny': 'yes' }),
      replyHeaderSchemas: { 'X-Tiny': { description: 'Tiny', schema: { type: 'string', enum: ['yes'] } } },
    });
    const document = openApiDocument(limited) as Loose;
    const headers = (path: string, method: string, status: number): readonly string[] => Object.keys(document['paths'][path][method].responses[status].headers);
    const limits = ['X-RateLimit-Limit', 'X-RateLimit-Remaining', 'X-RateLimit-Reset', 'RateLimit', 'RateLimit-Policy'];
    expect(headers('/list', 'get', 200)).to.have.members(['X-Request-ID', 'X-Tiny']);
    expect(headers('/things/{id}/parts', 'post', 201)).to.have.members(['X-Request-ID', 'X-Tiny', ...limits, 'Idempotent-Replayed']);
    expect(headers('/things/{id}/parts', 'post', 401)).to.have.members(['X-Request-ID', 'X-Tiny']);
    for (const status of [429, 503]) expect(headers('/things/{id}/parts', 'post', status)).to.have.members(['X-Request-ID', 'X-Tiny', ...limits, 'Retry-After']);
    expect(document['components'].headers).to.include.keys('X-Request-ID', 'X-Tiny', 'Retry-After', ...limits);
    expect(lintDocuments({ document })[0]?.ok).to.equal(true);
  }).timeout(60_000);

  it('ask nothing of public rows, and promise no errors that they cannot have', () => {
    const list = openApiDocument(surface).paths['/list']?.['get'] as Loose;
    expect(list['security']).to.deep.equal([]);
    expect(list['responses']['200'].content).to.have.all.keys('text/csv');
    expect(Object.keys(list['responses'])).to.not.include.members(['401']).and.not.include.members(['415']);
  });

  it('refuse a row that names an error nobody renders', () => {
    const [route] = routes;
    expect(() => openApiDocument(testSurface([{ ...(route as Route<TestPrincipal>), rejections: ['test.unheard_of'] }]))).to.throw('test.unheard_of');
  });

  it('pass the linter, which fails on a broken one', function lint() {
    this.timeout(60_000);
    const good = openApiDocument(surface);
    const [fine, broken] = lintDocuments({ fine: good, broken: { ...good, paths: { '/x': { get: { responses: { 200: { descripton: 'typo' } } } } } } });
    expect(fine?.ok, fine?.report).to.equal(true);
    expect(broken?.ok).to.equal(false);
    expect(broken?.report).to.contain('descripton');
  });

  it('hold under the mount and under the surface\'s own host', async () => {
    expect((await byMount('/openapi.json')).json.servers).to.deep.equal([{ url: '/tiny' }]);
    expect((await byHost('/openapi.json')).json.servers).to.deep.equal([{ url: '/' }]);
    for (const get of [byMount, byHost]) {
      for (const page of ['/docs', '/redoc']) {
        const { status, text } = await get(page);
        expect(status).to.equal(200);
        const links = [...text.matchAll(/(?:src|href)="(?!data:)([^"]+)"/g)].map((match) => match[1] ?? '');
        expect(links.length).to.be.greaterThan(0);
        for (const link of links) expect((await get(`/${link}`)).status, link).to.equal(200);
      }
      expect((await get('/redoc/redoc.standalone.js')).headers.get('content-type')).to.contain('text/javascript');
    }
  });

  it('bear the surface\'s own headers, errors too', async () => {
    for (const path of ['/openapi.json', '/docs', '/redoc', '/docs/start.js', '/docs/']) expect((await byMount(path)).headers.get('x-tiny'), path).to.equal('yes');
    const { status, headers, json } = await ask(running, 'POST', '/docs');
    expect([status, headers.get('allow'), headers.get('x-tiny'), json.oops]).to.deep.equal([405, 'GET, HEAD', 'yes', 'request.method_not_allowed']);
  });

  it('lead on from a trailing slash, under which their links would not hold', async () => {
    for (const page of ['/docs', '/redoc']) {
      const { status, headers } = await byMount(`${page}/`);
      expect([status, headers.get('location')]).to.deep.equal([301, `..${page}`]);
      expect(new URL(headers.get('location') ?? '', `http://x/tiny${page}/`).pathname).to.equal(`/tiny${page}`);
    }
  });

  it('leave no address in ReDoc\'s bundle that a browser would fetch from', async () => {
    const { text } = await byHost('/redoc/redoc.standalone.js');
    expect(text.length).to.be.greaterThan(1_000_000);
    expect(text.match(/(?:https?:)?\/\/(?:[\w-]+\.)+[a-z]+[^"'`\s]*\.(?:svg|png|gif|jpe?g|ico|webp|woff2?|css|js)\b/g) ?? []).to.deep.equal([]);
    expect(text.match(/https?:\/\/(?:cdn|otel|static|assets|fonts|api)\.[^"'`\s]*/g) ?? []).to.deep.equal([]);
    expect(text.match(/(?:src|url\(|fetch\()[:=]?\s*["'`]?https?:/g) ?? []).to.deep.equal([]);
  });

  it('show their operations in a browser, which finds nothing to refuse', async function browser() {
    this.timeout(120_000);
    requireTool(this, 'chromium-headless-shell', 'Debian package chromium-headless-shell');
    const profile = temporaryDirectory();
    const page = (path: string) =>
      runTool('chromium-headless-shell', '--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update',
        '--disable-sync', '--enable-logging=stderr', `--user-data-dir=${profile.path}`, '--virtual-time-budget=8000', '--dump-dom', `${running.url}${path}`);
    // ReDoc shows the operations of the tag that is looked at.
    for (const [path, shown] of [['/docs', routes], ['/redoc#/things', routes.slice(0, 1)]] as const) {
      const { code, said } = await page(path);
      expect(code, said).to.equal(0);
      for (const { summary } of shown) expect(said, `${path}: ${summary}`).to.contain(summary);
      expect(said, path).to.not.match(/Content Security Policy|Refused to|CONSOLE.*(?:error|Error)/);
    }
    profile.remove();
  });

  it('name no address but their own, and may load nothing from elsewhere', async () => {
    for (const path of ['/docs', '/docs/start.js', '/redoc', '/redoc/start.js']) {
      const { text, headers } = await byHost(path);
      expect(text, path).to.not.match(/(?:https?:)?\/\/[\w-]+\./);
      if (path.endsWith('.js')) continue;
      const policy = headers.get('content-security-policy') ?? '';
      expect(policy).to.match(/default-src 'none'/).and.match(/script-src 'self';/).and.not.match(/https?:|\*|unsafe-eval/);
      expect(text, 'inline script').to.not.match(/<script(?![^>]*src=)/);
    }
    const styles = (await byHost('/docs/swagger-ui.css')).text;
    expect(styles).to.not.match(/url\(\s*["']?(?:https?:)?\/\//).and.not.match(/@import/);
  });

  it('finds the ReDoc bundle where the pinned package keeps it', () => {
    const require = createRequire(import.meta.url);
    expect(existsSync(join(dirname(require.resolve('@redocly/cli/package.json')), 'lib/chunks/redoc.standalone.js'))).to.equal(true);
  });
});

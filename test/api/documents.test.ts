/** The documents of the surfaces that are served: what asking for a permission can lead to stands in them. */
import { expect } from 'chai';
import { servedSurfaces } from '../../api/composition/surfaces.ts';
import { compileRoute } from '../../api/kernel/compiled-route.ts';
import { openApiDocument, openApiPath } from '../../api/kernel/openapi.ts';
import type { Surface } from '../../api/kernel/surface.ts';
import { createAjv } from '../../api/kernel/validation.ts';
import { PERMISSIONS as PLATFORM, permit as permitPlatform, type PlatformPrincipal } from '../../api/platform/principal.ts';
import { PERMISSIONS as LOCK, permit as permitLock, type LockPrincipal } from '../../api/quantum-lock/principal.ts';
import { PERMISSIONS as QWICK, permit as permitQwick, type QwickPrincipal } from '../../api/qwick-cert/principal.ts';
import { ATTEMPT_TIMEOUT_MS } from '../../application/delivery/send-webhook.ts';
import { Rejection } from '../../domain/kernel/rejection.ts';
import { ROLES } from '../../domain/tenancy/terms.ts';
import { startApp, type App } from '../support/app.ts';

const tenant = { id: 't', slug: 'own', name: 'Own', plans: {} };
const people = ROLES.map((role) => ({ kind: 'person', tenant, userId: 'u', role, sessionId: 's', amr: ['pwd'] }) as unknown as PlatformPrincipal & QwickPrincipal);
const keys = ROLES.flatMap((role) => [[], ['sign'], ['read_audit']].map((permissions) => ({ kind: 'credential', tenant, surface: 'qwick-cert', permissions, role }) as unknown as QwickPrincipal));
const lockKeys = ['api-key', 'service'].flatMap((form) => [[], ['licences'], ['kms']].map((permissions) => ({ kind: 'credential', form, tenant, surface: 'quantum-lock', permissions }) as unknown as LockPrincipal));

type Permit<Principal> = (principal: Principal, slug: string, permission: string) => void;

/** Codes that a permission can be refused with, over everybody who may come with a valid token. */
const refusals = <Principal>(principals: readonly Principal[], permission: string, permit: Permit<Principal>): ReadonlySet<string> => {
  const codes = new Set<string>();
  for (const principal of principals) {
    for (const slug of ['own', 'foreign']) {
      try {
        permit(principal, slug, permission);
      } catch (error) {
        codes.add((error as Rejection).code);
      }
    }
  }
  return codes;
};

const expectDocumented = (surface: Surface, permission: string, codes: ReadonlySet<string>): number => {
  const { paths } = openApiDocument(surface);
  const routes = surface.routes.filter((route) => route.permission === permission);
  for (const { path, method, operationId } of routes) {
    const operation = paths[path.replaceAll(/:([^/]+)/g, '{$1}')]?.[method.toLowerCase()] as { responses: Record<string, { description: string }> };
    for (const code of codes) {
      const { status, description } = surface.errorCatalogue[code] ?? { status: 0, description: '' };
      expect(operation.responses[status]?.description, `${operationId}: ${code}`).to.contain(description);
    }
  }
  return routes.length;
};

describe('the documents of the surfaces', () => {
  let app: App;
  let surfaces: readonly Surface[];
  before(async () => {
    app = await startApp();
    surfaces = servedSurfaces(app.program.container);
  });
  after(() => app.close());
  const named = (name: string): Surface => surfaces.find((surface) => surface.name === name) as Surface;

  const at = async (path: string, ...way: readonly string[]): Promise<unknown> =>
    way.reduce<unknown>((place, name) => (place as Record<string, unknown>)[name], (await app.ask('GET', path)).json());

  it('hold every refusal of the platform\'s permissions', () => {
    const principals: readonly PlatformPrincipal[] = [{ kind: 'operator' }, ...people];
    const counts = PLATFORM.map((permission) => expectDocumented(named('platform'), permission, refusals(principals, permission, (principal, slug, word) => permitPlatform(principal, word, slug))));
    expect(counts.reduce((sum, count) => sum + count)).to.equal(named('platform').routes.length);
  });

  it('hold every refusal of Qwick Cert\'s permissions', () => {
    const counts = QWICK.map((permission) => expectDocumented(named('qwick-cert'), permission, refusals([...people, ...keys], permission, permitQwick)));
    expect(counts.reduce((sum, count) => sum + count)).to.equal(named('qwick-cert').routes.length);
  });

  it('hold every refusal of QuantumLock\'s permissions, and which credential each route takes', async () => {
    const counts = LOCK.map((permission) => expectDocumented(named('quantum-lock'), permission, refusals<LockPrincipal>([{ kind: 'anonymous' }, ...lockKeys], permission, (principal, _slug, word) => permitLock(principal, word))));
    expect(counts.reduce((sum, count) => sum + count)).to.equal(named('quantum-lock').routes.length);
    const { paths } = openApiDocument(named('quantum-lock'));
    for (const { path, method, permission } of named('quantum-lock').routes) {
      const operation = paths[path.replaceAll(/:([^/]+)/g, '{$1}')]?.[method.toLowerCase()] as { security: unknown; responses: Record<string, { description: string }> };
      const taken = { public: [], licences: [{ apiKey: [] }], kms: [{ serviceToken: [] }] }[permission];
      const refused = { public: undefined, licences: 'Invalid or inactive API Key', kms: 'Invalid or inactive service token' }[permission];
      expect([operation.security, operation.responses['401']?.description], path).to.deep.equal([taken, refused]);
    }
  });

  it('show examples that fit what they are examples of', () => {
    const ajv = createAjv({ checked: true });
    const shown = surfaces.flatMap(({ name, routes }) =>
      routes.flatMap(({ operationId, replies, body, bodyExample }) =>
        [...Object.values(replies), { schema: body, example: bodyExample }].map(({ schema, example }) => ({ what: `${name} ${operationId}`, schema, example })),
      ),
    );
    let seen = 0;
    for (const { what, schema, example } of shown) {
      if (schema === undefined || example === undefined) continue;
      const validate = ajv.compile(schema);
      expect(validate(structuredClone(example)), `${what}: ${JSON.stringify(validate.errors?.map(({ instancePath, message }) => [instancePath, message]))}`).to.equal(true);
      seen += 1;
    }
    expect(seen).to.be.greaterThan(20);
  });

  it('stand on schemas that are what schemas must be', () => {
    const ajv = createAjv({ checked: true });
    let seen = 0;
    for (const surface of surfaces) {
      for (const route of surface.routes) {
        const { params, query, body } = compileRoute(ajv, route, surface);
        // Each is compiled by the first value.
        for (const validate of [params, query, body]) {
          expect(() => validate?.({}), `${surface.name} ${route.operationId}`).not.to.throw();
          seen += validate === undefined ? 0 : 1;
        }
      }
    }
    expect(seen).to.be.greaterThan(100);
    expect(() => compileRoute(ajv, { ...surfaces[0]!.routes[0]!, body: { type: 'object', properties: { a: { maxLength: 'x' } } } }).body?.({})).to.throw(/maxLength/);
  });

  it('say in words what each pattern of a request asks for', () => {
    const wordless = (schema: unknown, where: string): readonly string[] => {
      if (typeof schema !== 'object' || schema === null) return [];
      const own = 'pattern' in schema && !('x-expected' in schema) ? [where] : [];
      return [...own, ...Object.entries(schema).flatMap(([name, inner]) => wordless(inner, `${where}.${name}`))];
    };
    for (const { routes } of surfaces) {
      for (const { operationId, query, body } of routes) expect([...wordless(query, 'query'), ...wordless(body, 'body')], operationId).to.deep.equal([]);
    }
  });

  it('of the platform are below /platform/v1 as well, links and all', async () => {
    const [above, below] = await Promise.all(['', '/v1'].map(async (prefix) => app.ask('GET', `/platform${prefix}/openapi.json`)));
    expect([below?.status, below?.text]).to.deep.equal([200, above?.text]);
    for (const page of ['docs', 'redoc']) {
      const { status, text } = await app.ask('GET', `/platform/v1/${page}`);
      expect(status, page).to.equal(200);
      const links = [...text.matchAll(/(?:src|href)="(?!data:)([^"]+)"/g)].map((match) => match[1] ?? '');
      expect(links.length).to.be.greaterThan(0);
      for (const link of links) expect((await app.ask('GET', `/platform/v1/${link}`)).status, link).to.equal(200);
      expect((await app.ask('GET', `/platform/v1/${page}/`)).headers.get('location')).to.equal(`../${page}`);
    }
    const { status, headers } = await app.ask('POST', '/platform/v1/docs');
    expect([status, headers.get('allow')]).to.deep.equal([405, 'GET, HEAD']);
    expect((await app.ask('GET', '/qwick-cert/v1/openapi.json')).status).to.equal(404);
  });

  type Declared = Readonly<{ paths: Readonly<Record<string, Readonly<Record<string, Readonly<{ responses: Readonly<Record<string, Readonly<{ content?: object }>>> }>>>>> }>;

  /** Asks each route of a surface for nothing it can give: how many errors came, each in the one media type that is declared. */
  const expectMediaTypes = async ({ mount, routes }: Surface): Promise<number> => {
    let seen = 0;
    const { paths } = (await app.ask('GET', `${mount}/openapi.json`)).json() as Declared;
    for (const { method, path, operationId } of routes) {
      const { status, headers } = await app.ask(method, mount + path.replaceAll(/:[^/]+/g, 'x'), { headers: { 'content-type': 'text/plain' } });
      if (status < 400) continue;
      seen += 1;
      const declared = Object.keys(paths[openApiPath(path)]?.[method.toLowerCase()]?.responses[status]?.content ?? {});
      expect(declared, `${operationId}, ${status}`).to.deep.equal([headers.get('content-type')?.split(';')[0]]);
    }
    return seen;
  };

  it('say of each error in which media type it comes', async () => {
    for (const surface of surfaces) expect(await expectMediaTypes(surface), surface.name).to.be.greaterThan(surface.routes.length / 2);
  });

  it('say of the log that it is streamed as well as paged', async () => {
    for (const path of ['/v1/events', '/v1/tenants/{slug}/events']) {
      const content = (await at('/platform/openapi.json', 'paths', path, 'get', 'responses', '200', 'content')) as Readonly<Record<string, { schema: { type: string } }>>;
      expect(Object.keys(content), path).to.deep.equal(['application/json', 'text/event-stream']);
      expect(content['text/event-stream']?.schema.type).to.equal('string');
    }
  });

  it('say that a client of a stream may come back with what it had last, and that of nothing else', async () => {
    const { paths } = (await app.ask('GET', '/platform/openapi.json')).json() as { paths: Record<string, Record<string, { parameters: readonly { in?: string; name?: string; required?: boolean }[] }>> };
    const streams = Object.entries(paths).filter(([, { get }]) => get?.parameters.some(({ in: place, name, required }) => place === 'header' && name === 'Last-Event-ID' && required === false));
    expect(streams.map(([path]) => path).toSorted()).to.deep.equal(['/v1/events', '/v1/tenants/{slug}/events']);
  });

  it('say for how long a test of a webhook waits for its receiver', async () => {
    const description = await at('/platform/openapi.json', 'paths', '/v1/tenants/{slug}/webhooks/{id}/test', 'post', 'description');
    expect(description).to.contain(`${ATTEMPT_TIMEOUT_MS / 1_000} seconds`);
  });

  it('say which kinds of jobs there are, that pages have defaults, and what X-Qwick-CLI-Update says', async () => {
    const kind = await at('/platform/openapi.json', 'paths', '/v1/jobs', 'post', 'requestBody', 'content', 'application/json', 'schema', 'properties', 'kind', 'enum');
    expect(kind).to.include.members(['backup', 'backup-keys']);
    const list = ['/qwick-cert/openapi.json', 'paths', '/api/v1/signing-operations', 'get'] as const;
    const parameters = (await at(...list, 'parameters')) as readonly { name: string; required: boolean }[];
    expect(parameters.filter(({ required }) => required).map(({ name }) => name)).to.deep.equal(['organization_slug']);
    expect(await at(...list, 'responses', '200', 'headers')).to.include.keys('X-Qwick-CLI-Update', 'X-RateLimit-Limit', 'RateLimit');
    const publicHeaders = async (path: string, method: string) => at('/qwick-cert/openapi.json', 'paths', path, method, 'responses', '503', 'headers');
    expect(await publicHeaders('/api/v1/auth/login', 'post'), 'strangers who sign in are counted').to.include.keys('RateLimit');
    expect(await publicHeaders('/pki/root.pem', 'get')).to.not.include.keys('RateLimit');
  });
});

/** The whole program over an empty data directory, with two tenants that must never see each other, and everybody who could ask. */
import { randomUUID } from 'node:crypto';
import { request as httpRequest, Agent } from 'node:http';
import type { Clock } from '../../application/kernel/ports.ts';
import { servedSurfaces } from '../../api/composition/surfaces.ts';
import type { Surface } from '../../api/kernel/surface.ts';
import { createTenant, OWNER_PASSWORD, startApp, type App, type Tenant } from '../support/app.ts';

export type Asked = Readonly<{
  method: string;
  /** With query, as it goes over the wire. */
  path: string;
  authorization?: string | undefined;
  headers?: Readonly<Record<string, string>>;
  body?: string | Buffer | undefined;
}>;
export type Answered = Readonly<{ status: number; headers: Readonly<Record<string, string | string[] | undefined>>; text: string; ms: number }>;
export type Ask = (asked: Asked) => Promise<Answered>;

const headersOf = ({ authorization, headers, body }: Asked): Record<string, string> => ({
  ...(body === undefined ? {} : { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(body)) }),
  ...(authorization === undefined ? {} : { authorization }),
  ...headers,
});

/** Plain node:http: it sends what it is told, and so many at a time. Rejects when a connection breaks. */
export const createAsk = (port: number, maxSockets = 16): Readonly<{ ask: Ask; close: () => void }> => {
  const agent = new Agent({ keepAlive: true, maxSockets });
  const ask: Ask = (asked) =>
    new Promise((resolve, reject) => {
      const started = performance.now();
      const sent = httpRequest({ host: '127.0.0.1', port, agent, method: asked.method, path: asked.path, headers: headersOf(asked) }, (response) => {
        const chunks: Buffer[] = [];
        const answer = (): void => resolve({ status: response.statusCode ?? 0, headers: response.headers, text: Buffer.concat(chunks).toString(), ms: performance.now() - started });
        // A stream of events has no end: that it began is the answer.
        if (response.headers['content-type']?.startsWith('text/event-stream') === true) {
          answer();
          response.on('error', () => undefined).destroy();
          return;
        }
        response.on('data', (chunk: Buffer) => chunks.push(chunk)).on('error', reject).on('end', answer);
      });
      sent.on('error', reject).end(asked.body);
    });
  return { ask, close: () => agent.destroy() };
};

type Json = Readonly<Record<string, any>>; // oxlint-disable-line typescript/no-explicit-any -- answers are looked into at many places

/** Asks, and throws unless the answer is one of success. */
export const createMake =
  (ask: Ask) =>
  async (authorization: string, method: string, path: string, body?: object): Promise<Json> => {
    const answer = await ask({ method, path, authorization, body: body === undefined ? undefined : JSON.stringify(body) });
    if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.status} ${answer.text}`);
    return answer.text === '' ? {} : (JSON.parse(answer.text) as Json);
  };

export type Make = ReturnType<typeof createMake>;

export type World = Readonly<{
  app: App;
  surfaces: readonly Surface[];
  port: number;
  ask: Ask;
  make: Make;
  operator: string;
  clock: Clock & { advance: (ms: number) => void };
  stop: () => Promise<void>;
}>;

/** A clock that can be pushed forward, over the real one. */
const createClock = (): World['clock'] => {
  let ahead = 0;
  return {
    now: () => Math.floor(performance.timeOrigin + performance.now() + ahead),
    advance: (ms) => { ahead += ms; },
  };
};

export const startWorld = async (): Promise<World> => {
  const clock = createClock();
  const app = await startApp({ env: { TRUST_PROXY: '127.0.0.1' }, clock });
  const port = Number(new URL(app.url).port);
  const { ask, close } = createAsk(port);
  return {
    app, port, ask, clock,
    surfaces: servedSurfaces(app.program.container),
    make: createMake(ask),
    operator: `Bearer ${app.operatorToken}`,
    stop: async () => {
      close();
      await app.close();
    },
  };
};

export const ROLES = ['owner', 'admin', 'signer', 'developer', 'viewer'] as const;
export type RoleName = (typeof ROLES)[number];

export type Person = Readonly<{ userId: string; email: string; authorization: string; refresh: string }>;

/** `slug` must be new in the world. Its limits are wide enough not to stand in the way. */
export const makeTenant = async ({ app, make, operator }: World, slug: string): Promise<Tenant> => {
  const tenant = await createTenant(app, slug);
  await make(operator, 'PUT', `/platform/v1/tenants/${slug}/plans/qwick-cert`, { plan: 'enterprise', limits: { requests_per_minute: 1_000_000, concurrency: 16 } });
  return tenant;
};

export const signIn = async ({ make }: World, email: string, userId: string): Promise<Person> => {
  const session = await make('', 'POST', '/platform/v1/sessions', { email, password: OWNER_PASSWORD });
  return { userId, email, authorization: `Bearer ${session['access_token']}`, refresh: String(session['refresh_token']) };
};

export const addPerson = async (world: World, slug: string, role: RoleName, name: string = role): Promise<Readonly<{ userId: string; email: string }>> => {
  const email = `${name}@${slug}.example`;
  const made = await world.make(world.operator, 'POST', `/platform/v1/tenants/${slug}/members`, { email, password: OWNER_PASSWORD, role });
  return { userId: String(made['user_id']), email };
};

export const makeKey = async ({ make, operator }: World, slug: string, permissions: readonly string[], more: object = {}) => {
  const made = await make(operator, 'POST', `/platform/v1/tenants/${slug}/credentials`, { surface: 'qwick-cert', name: `key of ${slug}`, permissions, ...more });
  return { id: String(made['id']), authorization: `Bearer ${made['secret']}` };
};

/** A licence key (`qlk_…`), or a service token (`svc_…`), as its bearer would show it. */
export const makeLockKey = async ({ make, operator }: World, slug: string, kind: 'api-key' | 'service' = 'api-key') => {
  const made = await make(operator, 'POST', `/platform/v1/tenants/${slug}/credentials`, { surface: 'quantum-lock', name: `${kind} of ${slug}`, kind });
  return { id: String(made['id']), authorization: `Bearer ${made['secret']}` };
};

/** The same secret where the licence routes look for it. */
export const apiKeyHeader = (authorization: string | undefined): Readonly<Record<string, string>> =>
  authorization === undefined ? {} : { 'x-api-key': authorization.replace(/^Bearer /, '') };

export const signBody = (slug: string, fileName = `${slug}.exe`) => ({
  digest: 'n4bQgYhMfWWaL+qgxVrQFaO/TxsrC4Is0V1sFbDwCgg=', algorithm: 'sha256', file_name: fileName, file_size: 2_048, organization_slug: slug,
});

export const newId = (): string => randomUUID();

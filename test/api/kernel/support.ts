/** A tiny surface and everything the kernel needs to serve it, all in memory. */
import Type, { type TSchema } from 'typebox';
import type { Actor } from '../../../application/kernel/ports.ts';
import type { Secrets } from '../../../application/kernel/sealing.ts';
import type { StateEntry, StateStore } from '../../../application/kernel/state.ts';
import type { TenantId } from '../../../domain/kernel/ids.ts';
import { Rejection } from '../../../domain/kernel/rejection.ts';
import { createApp, type AppOptions } from '../../../api/kernel/app.ts';
import type { Route } from '../../../api/kernel/route.ts';
import { createHttpServer, type HttpServer, type ServerOptions } from '../../../api/kernel/server.ts';
import { defineSurface, type Surface } from '../../../api/kernel/surface.ts';
import { closing } from '../../support/leavings.ts';
import { createLogger } from '../../../infrastructure/runtime/logger.ts';
import { createMetrics } from '../../../infrastructure/runtime/metrics.ts';

export const TENANT = '0198c0de-0000-7000-8000-00000000000a' as TenantId;
export const OPERATOR_TOKEN = 'operator-token-for-tests';

export type TestPrincipal = Readonly<{ tenant: TenantId | undefined; actor: Actor; rights: readonly string[] }>;

/** State in a map, each call atomic because it does not wait. */
export const createMemoryState = (now: () => number): StateStore => {
  const entries = new Map<string, StateEntry>();
  const windows = new Map<string, { count: number; resetAt: number }>();
  const live = (id: string): string | undefined => {
    const entry = entries.get(id);
    return entry === undefined || (entry.expiresAt ?? Infinity) <= now() ? undefined : entry.value;
  };
  return {
    get: async (scope, key) => live(`${scope}/${key}`),
    compareAndSet: async (scope, key, expected, next) => {
      const id = `${scope}/${key}`;
      if (live(id) !== expected) return false;
      if (next === undefined) entries.delete(id);
      else entries.set(id, next);
      return true;
    },
    hit: async (scope, key, { limit, windowMs, now: at }) => {
      const id = `${scope}/${key}`;
      let window = windows.get(id);
      if (window === undefined || window.resetAt <= at) windows.set(id, (window = { count: 0, resetAt: at + windowMs }));
      const exceeded = window.count >= limit;
      if (!exceeded) window.count += 1;
      return { count: window.count, exceeded, resetAt: window.resetAt };
    },
    bump: () => undefined,
    totals: async () => new Map(),
    list: async function* list(scope) {
      for (const [id, { value }] of entries) if (id.startsWith(`${scope}/`)) yield { key: id.slice(scope.length + 1), value };
    },
  };
};

/** Not encryption: it only shows whether something went through the seal, and came back to the place it was made for. */
export const createPretendSecrets = (): Secrets => ({
  seal: async ({ tenant, place }, plaintext) => ({
    tenantKey: 1,
    box: Buffer.from(JSON.stringify([tenant, place, Buffer.from(plaintext).toString('base64')])).toString('base64url'),
  }),
  open: async ({ tenant, place }, { box }) => {
    const [sealedTenant, sealedPlace, data] = JSON.parse(Buffer.from(box, 'base64url').toString()) as [string, string, string];
    if (sealedTenant !== tenant || sealedPlace !== place) throw new Rejection('kernel.seal_broken');
    return Buffer.from(data, 'base64');
  },
});

const STATUS: Readonly<Record<string, number>> = {
  'request.invalid': 400, 'request.malformed_json': 400, 'request.unsupported_media_type': 415, 'request.too_large': 413,
  'request.not_found': 404, 'request.method_not_allowed': 405, 'request.timeout': 408, 'request.rate_limited': 429,
  'idempotency.key_invalid': 400, 'idempotency.mismatch': 422, 'idempotency.in_progress': 409,
  'storage.unavailable': 503, 'storage.behind': 503, 'kernel.busy': 503,
  'test.unauthenticated': 401, 'test.forbidden': 403, 'test.conflict': 409,
};

export const ErrorBody: TSchema = Type.Object({ oops: Type.String(), details: Type.Optional(Type.Unknown()) });

const PRINCIPALS: Readonly<Record<string, TestPrincipal>> = {
  'Bearer all': { tenant: TENANT, actor: { kind: 'credential', id: 'credential-1' }, rights: ['read', 'write'] },
  'Bearer other': { tenant: TENANT, actor: { kind: 'credential', id: 'credential-2' }, rights: ['read', 'write'] },
  'Bearer reader': { tenant: TENANT, actor: { kind: 'person', id: 'person-1' }, rights: ['read'] },
};
const ANONYMOUS: TestPrincipal = { tenant: undefined, actor: { kind: 'anonymous', id: 'anonymous' }, rights: [] };

/** A surface with its own error shape, an envelope, and three known callers. */
export const testSurface = (routes: readonly Route<TestPrincipal>[], more: Partial<Surface<TestPrincipal>> = {}): Surface =>
  defineSurface<TestPrincipal>({
    name: 'tiny',
    mount: '/tiny',
    host: 'tiny.example',
    info: { title: 'Tiny', version: '1', description: 'For tests.' },
    routes,
    security: { bearer: { type: 'http', scheme: 'bearer' } },
    publicPermissions: ['public'],
    authenticate: async ({ header }, permission) => {
      const known = PRINCIPALS[header('authorization') ?? ''];
      if (known !== undefined) return known;
      if (permission === 'public') return ANONYMOUS;
      throw new Rejection('test.unauthenticated');
    },
    current: async (principal) => principal,
    actor: ({ actor }) => actor,
    tenant: ({ tenant }) => tenant,
    idempotencyScope: ({ tenant, actor }) => `${tenant ?? ''}/${actor.id}`,
    rate: () => undefined,
    permit: ({ principal }, permission) => {
      if (permission !== 'public' && !principal.rights.includes(permission)) throw new Rejection('test.forbidden');
    },
    renderReply: (body, { requestId }) => ({ data: body, request_id: requestId }),
    replySchema: (schema) => Type.Object({ data: schema, request_id: Type.String() }),
    renderError: ({ code, details }) => {
      const status = STATUS[code] ?? 500;
      return { status, body: status === 500 ? { oops: 'kernel.internal' } : { oops: code, details } };
    },
    errorSchema: ErrorBody,
    errorCatalogue: Object.fromEntries(Object.entries(STATUS).map(([code, status]) => [code, { status, description: code }])),
    ...more,
  });

export type Running = Readonly<{ url: string; port: number; server: HttpServer; logs: string[]; close: () => Promise<void> }>;

/** Serves surfaces on a free loopback port. `now` moves only when the test moves it. */
export const serve = async (
  surfaces: readonly Surface[],
  options: Partial<AppOptions> = {},
  serverOptions: ServerOptions = {},
): Promise<Running> => {
  const logs: string[] = [];
  const clock = options.clock ?? { now: () => 1_750_000_000_000 };
  let ids = 0;
  const app = createApp({
    surfaces,
    state: createMemoryState(() => clock.now()),
    secrets: createPretendSecrets(),
    clock,
    ids: { next: () => `0198c0de-0000-7000-8000-${String((ids += 1)).padStart(12, '0')}` },
    logger: createLogger({ level: 'debug', destination: { write: (line) => void logs.push(line) } }),
    metrics: createMetrics(),
    operatorToken: OPERATOR_TOKEN,
    readiness: async () => ({ ready: true }),
    ...options,
  });
  const server = createHttpServer(app, serverOptions);
  const { port } = await server.listen('127.0.0.1', 0);
  return { url: `http://127.0.0.1:${port}`, port, server, logs, close: closing(() => server.close(100)) };
};

type Asked = Readonly<{ headers?: Readonly<Record<string, string>>; body?: unknown; /** Who asks; `''`: nobody. Default: who may do everything. */ as?: string }>;

const bodyOf = ({ body, headers, as = 'all' }: Asked): RequestInit => {
  const asking = { ...(as === '' ? {} : { authorization: `Bearer ${as}` }), ...headers };
  if (body === undefined) return { headers: asking };
  return { headers: { 'content-type': 'application/json', ...asking }, body: typeof body === 'string' ? body : JSON.stringify(body) };
};

export const ask = async (
  running: Pick<Running, 'url'>,
  method: string,
  path: string,
  asked: Asked = {},
): Promise<{ status: number; headers: Headers; text: string; json: any }> => { // oxlint-disable-line typescript/no-explicit-any -- tests look where they like
  const response = await fetch(`${running.url}${path}`, { method, redirect: 'manual', ...bodyOf(asked) });
  const text = await response.text();
  const isJson = (response.headers.get('content-type') ?? '').includes('json');
  return { status: response.status, headers: response.headers, text, json: isJson && text !== '' ? JSON.parse(text) : undefined };
};

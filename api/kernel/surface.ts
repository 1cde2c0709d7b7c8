/**
 * The manifest of a surface: everything in which one product's HTTP manners differ from another's. The kernel runs each request
 * through the same steps: route → authenticate → count (rate limit) → validate → authenticate again → permit → (idempotency) → handle → render.
 */
import type { TSchema } from 'typebox';
import type { Actor } from '../../application/kernel/ports.ts';
import type { TenantId } from '../../domain/kernel/ids.ts';
import type { Rejection } from '../../domain/kernel/rejection.ts';
import type { ApiRequest, Route } from './route.ts';

/** A request before anything is known of it. */
export type Incoming = Readonly<{
  requestId: string;
  method: string;
  /** The path within the surface, without query. */
  path: string;
  ip: string;
  header: (name: string) => string | undefined;
}>;

/** A fixed window: at most `limit` requests per `windowMs` for `key`. */
export type RateRule = Readonly<{ key: string; limit: number; windowMs: number }>;

export type ErrorReply = Readonly<{ status: number; body: unknown; contentType?: string; headers?: Readonly<Record<string, string>> }>;

export type Surface<Principal = unknown> = Readonly<{
  /** `qwick-cert`, `platform`, …: mount is `/<name>`, unless `mount` says otherwise. */
  name: string;
  mount: string;
  /** The host name by which the surface is also reached without its mount. */
  host?: string;
  /** A prefix of its own paths (`/v1`) below which its documents are served as well. */
  documentsBelow?: string;
  info: Readonly<{ title: string; version: string; description: string }>;
  routes: readonly Route<Principal>[];
  /** Query parameters that the table does not name: `'refused'` by their names (400), else ignored. */
  unknownQuery?: 'refused' | 'ignored';
  /** OpenAPI security schemes; the key is used for every route whose permission is not public. */
  security: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  /** Which of them a permission's routes take; undefined: all. For the OpenAPI document. */
  securityOf?: (permission: string) => readonly string[];
  publicPermissions: readonly string[];
  /** Throws a `Rejection`. Called with the route's permission; public routes may answer an anonymous principal. */
  authenticate: (incoming: Incoming, permission: string) => Promise<Principal>;
  /**
   * The same principal as it is now: asked once the whole request is there, and after every wait of the kernel, because a client may take
   * a minute over its body. Counts nothing; a matter of microseconds. Rejects as `authenticate` does.
   */
  current: (principal: Principal) => Promise<Principal>;
  actor: (principal: Principal) => Actor;
  /** Whose request it is, for the access log and for sealing; undefined: nobody's in particular (the operator, a stranger). */
  tenant?: (principal: Principal) => TenantId | undefined;
  /** The scope of idempotency keys: tenant and credential. */
  idempotencyScope: (principal: Principal) => string;
  /** Undefined: not limited. */
  rate: (principal: Principal, incoming: Incoming) => RateRule | undefined;
  /** Whether requests for a route can have a rate rule: for the OpenAPI document. Undefined: none has. */
  isLimited?: (route: Pick<Route, 'permission' | 'method'>) => boolean;
  /** Throws a `Rejection` when this principal may not do this. Runs after validation. */
  permit: (request: ApiRequest<Principal>, permission: string) => Promise<void> | void;
  /** What `permit` can reject with, by permission: for the OpenAPI document. */
  permissionRejections?: Readonly<Record<string, readonly string[]>>;
  /** Wraps a JSON answer (an envelope); identity for most. `incoming` for headers that depend on the request. */
  renderReply: (body: unknown, incoming: Incoming) => unknown;
  /** What `renderReply` makes of a reply's schema: for the OpenAPI document, which shows answers as they are on the wire. */
  replySchema?: (schema: TSchema) => TSchema;
  /** Every rejection becomes an answer here; unknown codes must become the surface's 500 with nothing leaked. */
  renderError: (rejection: Rejection, incoming: Incoming) => ErrorReply;
  /** Headers on every answer of the surface, errors included. `body` is the parsed request body, if there is one. */
  replyHeaders?: (incoming: Incoming, body: unknown) => Readonly<Record<string, string>>;
  /** What those headers say, by name: for the OpenAPI document. */
  replyHeaderSchemas?: Readonly<Record<string, Readonly<{ description: string; schema: Readonly<Record<string, unknown>> }>>>;
  /** JSON Schema of the error body, and the statuses every route may answer: for the OpenAPI document. */
  errorSchema: TSchema;
  /** Media type of errors, for the OpenAPI document; default `application/json`. */
  errorContentType?: string;
  /** Rejection code → status and description, for the OpenAPI document and its tests. */
  errorCatalogue: Readonly<Record<string, Readonly<{ status: number; description: string }>>>;
}>;

/** Forgets the principal's type, so that surfaces of all kinds fit in one list: the kernel only hands principals back. */
export const defineSurface = <Principal>(surface: Surface<Principal>): Surface => surface as unknown as Surface;

/**
 * Codes that the kernel itself rejects with; every surface renders them.
 * Details: `request.invalid` {fields}, `request.rate_limited` {retryAfter}, `storage.*` {retryAfter}.
 */
export const KERNEL_REJECTIONS = [
  'request.invalid',
  'request.malformed_json',
  'request.unsupported_media_type',
  'request.too_large',
  'request.not_found',
  'request.method_not_allowed',
  'request.timeout',
  'request.rate_limited',
  'idempotency.key_invalid',
  'idempotency.mismatch',
  'idempotency.in_progress',
  'storage.unavailable',
  'storage.behind',
  'kernel.busy',
  'kernel.internal',
] as const;

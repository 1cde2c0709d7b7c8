/**
 * A route is one row of data: it drives Express, validation, permissions, rate limits, the OpenAPI document and the tests
 * that walk every route. Handlers return values and never touch the response.
 */
import type { Static, TSchema } from 'typebox';
import type { Cause } from '../../application/kernel/ports.ts';

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

/** What a handler sees of a request once it is authenticated, counted, validated and permitted. */
export type ApiRequest<Principal, Params = unknown, Query = unknown, Body = unknown> = Readonly<{
  requestId: string;
  principal: Principal;
  params: Params;
  query: Query;
  body: Body;
  /** The client's address after TRUST_PROXY; IPv4-mapped IPv6 is given as IPv4. */
  ip: string;
  /** One header by its lower-case name. */
  header: (name: string) => string | undefined;
  /** Actor and correlation for the events this request leads to. */
  cause: Cause;
  /**
   * A UUID for what this request creates. Under an `Idempotency-Key` it follows from scope, key and payload, so that a retry after
   * a crash asks for the same thing again (the same event ids); without one it is new.
   */
  commandId: string;
  /** Aborted when the client has gone or the request's time is up. */
  signal: AbortSignal;
}>;

type Headers = Readonly<Record<string, string>>;

export type JsonReply<Body> = Readonly<{ status: number; body: Body; headers?: Headers }>;
/** Sent piece by piece as the client takes it; nothing is buffered. */
export type StreamReply = Readonly<{ status: number; stream: AsyncIterable<string | Uint8Array>; contentType: string; headers?: Headers }>;

/** A connection as whoever pushes to it sees it. */
export type Outlet = Readonly<{
  /** Takes them in any case; false: the client has not taken what came before, and is to be spared until `drained`. The same object for many costs least. */
  write: (bytes: Uint8Array) => boolean;
  /** Ends the answer properly. */
  end: () => void;
  /** Ends the connection, whatever the client has taken; `why` is an error that the log should know of. */
  cut: (why?: unknown) => void;
}>;

/** What is told of the connection. `over` comes last, once or more, also where there was no beginning. */
export type Pushed = Readonly<{ begin: (outlet: Outlet) => void; drained: () => void; over: () => void }>;

/** Sent as it happens, for as long as both sides want; who pushes minds what the client has not taken. */
export type PushReply = Readonly<{ status: number; push: Pushed; contentType: string; headers?: Headers }>;
export type BytesReply = Readonly<{ status: number; bytes: Uint8Array; contentType: string; headers?: Headers }>;
export type EmptyReply = Readonly<{ status: 204; headers?: Headers }>;
export type HttpReply<Body = unknown> = JsonReply<Body> | StreamReply | PushReply | BytesReply | EmptyReply;

export type ReplyDescription = Readonly<{ description: string; schema?: TSchema; contentType?: string; example?: unknown; /** Other forms of the answer, as text: what each is, by media type. */ alternatives?: Readonly<Record<string, string>> }>;

/** A row as the kernel sees it. `permission` is a word of the surface, which alone knows what it demands. */
export type Route<Principal = unknown> = Readonly<{
  method: Method;
  /** Relative to the surface's mount, parameters as `:name`. */
  path: string;
  operationId: string;
  summary: string;
  description?: string;
  tags?: readonly string[];
  permission: string;
  params?: TSchema;
  query?: TSchema;
  body?: TSchema;
  bodyExample?: unknown;
  /** Where bodies may be larger than the 64 kB of most routes. */
  maxBodyBytes?: number;
  /** By status. Success only; the surface adds its errors. */
  replies: Readonly<Record<number, ReplyDescription>>;
  /** Rejection codes this route can answer with, beyond those of every route: for the OpenAPI document. */
  rejections?: readonly string[];
  /** `'secret'`: the answer shows a secret, so its idempotent copy is kept sealed. POST only; default `'plain'`. */
  idempotentCopy?: 'plain' | 'secret';
  handle: (request: ApiRequest<Principal, never, never, never>) => Promise<HttpReply>;
}>;

type Of<Schema extends TSchema | undefined> = Schema extends TSchema ? Static<Schema> : undefined;

/** Types the handler by the schemas of its row. */
export const defineRoute = <
  Principal,
  Params extends TSchema | undefined = undefined,
  Query extends TSchema | undefined = undefined,
  Body extends TSchema | undefined = undefined,
>(
  row: Omit<Route<Principal>, 'handle' | 'params' | 'query' | 'body'> & {
    params?: Params;
    query?: Query;
    body?: Body;
    handle: (request: ApiRequest<Principal, Of<Params>, Of<Query>, Of<Body>>) => Promise<HttpReply>;
  },
): Route<Principal> => row as unknown as Route<Principal>;

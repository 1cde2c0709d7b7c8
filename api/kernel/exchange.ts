/** One request and its answer while they pass through the kernel: what each step has learned so far. */
import type { Request, RequestHandler, Response } from 'express';
import type { Actor, Clock, Ids, Logger } from '../../application/kernel/ports.ts';
import type { Secrets } from '../../application/kernel/sealing.ts';
import type { StateStore } from '../../application/kernel/state.ts';
import type { TenantId } from '../../domain/kernel/ids.ts';
import type { HttpMetrics } from '../../infrastructure/runtime/metrics.ts';
import type { Route } from './route.ts';
import type { Incoming, Surface } from './surface.ts';

/** What the steps need from outside. Times are milliseconds. */
export type Tools = Readonly<{
  state: StateStore;
  secrets: Secrets;
  clock: Clock;
  ids: Ids;
  logger: Logger;
  metrics: HttpMetrics;
  maxBodyBytes: number;
  /** How long a handler may take before its signal is aborted and its client told to come back; streams are not bound by it. */
  handlerTimeoutMs: number;
  /** How long a request waits for another one with the same Idempotency-Key before it is told to come back. */
  idempotencyWaitMs: number;
  /** How long a client may leave a stream unread before it is cut off. */
  streamStallMs: number;
  /** Aborted when the server begins to stop: open-ended streams end. */
  stopping: AbortSignal | undefined;
  /** Aborted when the disk has failed: whatever is under way is answered at once, since the process is about to end. */
  failing: AbortSignal | undefined;
}>;

export type Exchange = {
  readonly request: Request;
  readonly response: Response;
  readonly startedAt: number;
  incoming: Incoming;
  /** The pattern that the path fits, for log and metrics. */
  path?: string;
  surface?: Surface;
  route?: Route;
  actor?: Actor;
  tenant?: TenantId | undefined;
  /** The parsed body, once there is one. */
  body?: unknown;
};

const UUID = /^[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}$/i;

/** The caller's own request id when it is a UUID, else a new one. */
export const requestIdFor = (given: string | undefined, ids: Ids): string =>
  given !== undefined && UUID.test(given) ? given.toLowerCase() : ids.next();

/** How often a header was sent, by its lower-case name. */
export const timesSent = ({ rawHeaders }: Pick<Request, 'rawHeaders'>, name: string): number => {
  let times = 0;
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const sent = rawHeaders[at] as string;
    if (sent.length === name.length && sent.toLowerCase() === name) times += 1;
  }
  return times;
};

/** One header by its lower-case name; several of a name are joined as HTTP joins them. */
export const headerOf =
  (request: Request) =>
  (name: string): string | undefined => {
    // Of these Node keeps the first and drops the others without a word: joined, they are no credentials at all.
    if (name === 'authorization' && timesSent(request, name) > 1) return request.headersDistinct[name]?.join(', ');
    const value = request.headers[name];
    return Array.isArray(value) ? value.join(', ') : value;
  };

/** On the request itself: a WeakMap with an entry for every request under way costs the collector more than the rest of the exchange. */
const EXCHANGE = Symbol('exchange');
type Begun = Request & { [EXCHANGE]?: Exchange };

export const rememberExchange = (exchange: Exchange): void => {
  (exchange.request as Begun)[EXCHANGE] = exchange;
};

export const exchangeOf = (request: Request): Exchange => {
  const exchange = (request as Begun)[EXCHANGE];
  if (exchange === undefined) throw new Error('the request has not been begun');
  return exchange;
};

/** An Express handler that works on the exchange, and passes failures on. */
export const asHandler =
  (work: (exchange: Exchange) => Promise<void>): RequestHandler =>
  (request) =>
    work(exchangeOf(request));

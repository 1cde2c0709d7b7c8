/** The whole HTTP side as one Express application: operations, then surfaces by Host or by path prefix, then nothing. */
import express, { type Express, type NextFunction, type Request, type RequestHandler, type Response } from 'express';
import type { Clock, Ids, Logger } from '../../application/kernel/ports.ts';
import type { Secrets } from '../../application/kernel/sealing.ts';
import type { StateStore } from '../../application/kernel/state.ts';
import { Rejection } from '../../domain/kernel/rejection.ts';
import type { Metrics } from '../../infrastructure/runtime/metrics.ts';
import { createClientAddress } from './client-address.ts';
import { asHandler, exchangeOf, type Tools } from './exchange.ts';
import { createBeginning } from './beginning.ts';
import { createOperational, type Readiness } from './operational.ts';
import { createPipeline, type Pipeline } from './pipeline.ts';
import { DEFAULT_BODY_LIMIT } from './request-body.ts';
import type { Surface } from './surface.ts';
import { createSurfaceRouter } from './surface-router.ts';

export type AppOptions = Readonly<{
  surfaces: readonly Surface[];
  state: StateStore;
  /** Seals the kept copies of answers that show a secret. */
  secrets: Secrets;
  clock: Clock;
  ids: Ids;
  logger: Logger;
  metrics: Metrics;
  operatorToken: string;
  readiness: Readiness;
  /** CIDRs whose `X-Forwarded-For` is believed. Default: none. */
  trustProxy?: readonly string[];
  /** Host name (lower case, without port) → name of the surface that is served there without its mount. */
  surfaceHosts?: ReadonlyMap<string, string>;
  /** JSON that is public on every host, by path: `/.well-known/chancery-keys.json`. */
  publicDocuments?: Readonly<Record<string, () => Promise<unknown>>>;
  maxBodyBytes?: number;
  handlerTimeoutMs?: number;
  idempotencyWaitMs?: number;
  streamStallMs?: number;
  /** Aborted when the server begins to stop, so that open-ended streams end. */
  stopping?: AbortSignal;
  /** Aborted when the disk has failed, so that whatever is under way is answered before the process ends. */
  failing?: AbortSignal;
}>;

const toolsOf = (options: AppOptions): Tools => ({
  state: options.state,
  secrets: options.secrets,
  clock: options.clock,
  ids: options.ids,
  logger: options.logger,
  metrics: options.metrics.http,
  maxBodyBytes: options.maxBodyBytes ?? DEFAULT_BODY_LIMIT,
  handlerTimeoutMs: options.handlerTimeoutMs ?? 120_000,
  idempotencyWaitMs: options.idempotencyWaitMs ?? 2_000,
  streamStallMs: options.streamStallMs ?? 30_000,
  stopping: options.stopping,
  failing: options.failing,
});

const hostOf = (request: Request): string =>
  (request.headers.host ?? '').replace(/:\d*$/, '').replace(/\.$/, '').toLowerCase();

/** By host name alone: a credential never decides where a request goes. */
const createHostDispatch = (routers: ReadonlyMap<string, RequestHandler>, hosts: ReadonlyMap<string, string>): RequestHandler => {
  return (request, response, next) => {
    const router = routers.get(hosts.get(hostOf(request)) ?? '');
    if (router === undefined) return next();
    return router(request, response, next);
  };
};

/** For a surface that names a host itself, unless SURFACE_HOSTS says where hosts lead. */
const hostsOf = ({ surfaceHosts, surfaces }: AppOptions): ReadonlyMap<string, string> =>
  surfaceHosts ?? new Map(surfaces.flatMap(({ host, name }) => (host === undefined ? [] : [[host, name] as const])));

const finish = (app: Express, pipeline: Pipeline): void => {
  app.use(asHandler((exchange) => pipeline.fail(exchange, new Rejection('request.not_found'))));
  // Four parameters make it an error handler.
  app.use((error: unknown, request: Request, _response: Response, _next: NextFunction) => pipeline.fail(exchangeOf(request), error));
};

/** Throws at once on a route table with double entries or schemas that do not compile. */
export const createApp = (options: AppOptions): Express => {
  const tools = toolsOf(options);
  const pipeline = createPipeline(tools);
  const routers = new Map(
    options.surfaces.map((surface) => [surface.name, createSurfaceRouter(surface, pipeline)] as const),
  );
  const app = express();
  app.disable('x-powered-by').disable('etag').set('query parser', false).set('env', 'production');
  app.enable('case sensitive routing').enable('strict routing');
  app.use(createBeginning(tools, createClientAddress(options.trustProxy ?? [])));
  app.use(createOperational(options, pipeline));
  app.use(createHostDispatch(routers, hostsOf(options)));
  for (const surface of options.surfaces.toSorted((one, other) => other.mount.length - one.mount.length)) {
    app.use(surface.mount, routers.get(surface.name) as RequestHandler);
  }
  finish(app, pipeline);
  return app;
};

/** One surface as an Express router: its route table, its documents, and its own way of saying that there is nothing here. */
import express, { type NextFunction, type Request, type Response, type Router } from 'express';
import { Rejection } from '../../domain/kernel/rejection.ts';
import { compileRoute } from './compiled-route.ts';
import { createDocuments, documentPaths } from './documents.ts';
import { asHandler, exchangeOf, headerOf, type Exchange } from './exchange.ts';
import type { Pipeline } from './pipeline.ts';
import type { Method, Route } from './route.ts';
import type { Surface } from './surface.ts';
import { createAjv } from './validation.ts';

/** Tells the exchange whose it is: paths are the surface's own from here on. */
const enter = (exchange: Exchange, surface: Surface, request: Request): void => {
  exchange.surface = surface;
  exchange.incoming = { ...exchange.incoming, path: request.path, header: headerOf(request) };
};

const segments = (path: string): readonly string[] => path.split('/');
const isParameter = (segment: string | undefined): boolean => segment?.startsWith(':') ?? false;

/** Fixed segments come before parameters, whatever the order of the table: `/export` is never an `:id`. */
const bySpecificity = (one: Route, other: Route): number => {
  const others = segments(other.path);
  for (const [index, segment] of segments(one.path).entries()) {
    const difference = Number(isParameter(segment)) - Number(isParameter(others[index]));
    if (difference !== 0) return difference;
  }
  return 0;
};

const patternOf = (path: string): RegExp =>
  new RegExp(`^${segments(path).map((segment) => (isParameter(segment) ? '[^/]+' : RegExp.escape(segment))).join('/')}$`);

/** Which methods a path knows; empty when there is no such path. */
const createAllow = (routes: readonly Pick<Route, 'path' | 'method'>[]): ((path: string) => readonly string[]) => {
  const patterns = routes.map(({ path, method }) => ({ pattern: patternOf(path), method }));
  return (path) => {
    const methods = new Set<string>(patterns.filter(({ pattern }) => pattern.test(path)).map(({ method }) => method));
    if (methods.has('GET')) methods.add('HEAD');
    return [...methods].toSorted();
  };
};

const VERBS = { GET: 'get', POST: 'post', PUT: 'put', PATCH: 'patch', DELETE: 'delete' } as const satisfies Record<Method, string>;

const checkTable = ({ name, routes }: Surface): void => {
  const seen = new Set<string>();
  for (const { operationId, method, path, permission } of routes) {
    const shape = `${method} ${path.replaceAll(/:[^/]+/g, ':')}`;
    if (seen.has(operationId) || seen.has(shape)) throw new Error(`${name}: ${operationId} (${shape}) stands in the route table twice`);
    if (permission === '' || !path.startsWith('/')) throw new Error(`${name}: ${operationId} lacks a permission or a path`);
    seen.add(operationId).add(shape);
  }
};

export const createSurfaceRouter = (surface: Surface, pipeline: Pipeline): Router => {
  checkTable(surface);
  const router = express.Router({ caseSensitive: true, strict: true });
  const ajv = createAjv();
  const allow = createAllow([...surface.routes, ...documentPaths(surface).map((path) => ({ path, method: 'GET' as const }))]);

  router.use((request, _response, next) => {
    enter(exchangeOf(request), surface, request);
    next();
  });
  for (const route of surface.routes.toSorted(bySpecificity)) {
    const compiled = compileRoute(ajv, route);
    router[VERBS[route.method]](
      route.path,
      asHandler((exchange) => {
        exchange.route = route;
        exchange.path = route.path;
        return pipeline.run(surface, compiled, exchange);
      }),
    );
  }
  router.use(createDocuments(surface, pipeline));
  router.use(
    asHandler((exchange) => {
      const allowed = allow(exchange.request.path);
      const nothing = allowed.length === 0;
      return pipeline.fail(exchange, new Rejection(nothing ? 'request.not_found' : 'request.method_not_allowed', nothing ? {} : { allow: allowed }));
    }),
  );
  // Four parameters make it an error handler; what arrives here failed before the pipeline began.
  router.use((error: unknown, request: Request, _response: Response, _next: NextFunction) => pipeline.fail(exchangeOf(request), error));
  return router;
};

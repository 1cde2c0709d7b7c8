/** One surface as a handler of Express: its route table, its documents, and its own way of saying that there is nothing here. */
import express, { type NextFunction, type Request, type RequestHandler, type Response, type Router } from 'express';
import { Rejection } from '../../domain/kernel/rejection.ts';
import { compileRoute, type CompiledRoute } from './compiled-route.ts';
import { createDocuments, documentPaths } from './documents.ts';
import { asHandler, exchangeOf, headerOf, type Exchange } from './exchange.ts';
import type { Pipeline } from './pipeline.ts';
import { createAllow, createRouteTable, type Found } from './route-table.ts';
import type { Surface } from './surface.ts';
import { createAjv } from './validation.ts';

/** One for all surfaces: what they share is compiled once. */
const ajv = createAjv();

/** Tells the exchange whose it is: paths are the surface's own from here on. */
const enter = (exchange: Exchange, surface: Surface, request: Request): void => {
  exchange.surface = surface;
  exchange.incoming = { ...exchange.incoming, path: request.path, header: headerOf(request) };
};

const checkTable = ({ name, routes }: Surface): void => {
  const seen = new Set<string>();
  for (const { operationId, method, path, permission } of routes) {
    const shape = `${method} ${path.replaceAll(/:[^/]+/g, ':')}`;
    if (seen.has(operationId) || seen.has(shape)) throw new Error(`${name}: ${operationId} (${shape}) stands in the route table twice`);
    if (permission === '' || !path.startsWith('/')) throw new Error(`${name}: ${operationId} lacks a permission or a path`);
    seen.add(operationId).add(shape);
  }
};

/** What is no row of the table: the documents, and the answer that there is nothing. */
const createRest = (surface: Surface, pipeline: Pipeline): Router => {
  const router = express.Router({ caseSensitive: true, strict: true });
  const allow = createAllow([...surface.routes, ...documentPaths(surface).map((path) => ({ path, method: 'GET' as const }))]);
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

/** The table is looked into at once: a router of Express would try its rows one after the other. */
export const createSurfaceRouter = (surface: Surface, pipeline: Pipeline): RequestHandler => {
  checkTable(surface);
  const find = createRouteTable(surface.routes.map((route) => compileRoute(ajv, route, surface)));
  const rest = createRest(surface, pipeline);
  const run = (exchange: Exchange, { row, params }: Found<CompiledRoute>): Promise<void> => {
    exchange.route = row.route;
    exchange.path = row.route.path;
    exchange.request.params = params;
    return pipeline.run(surface, row, exchange);
  };
  return (request, response, next) => {
    const exchange = exchangeOf(request);
    enter(exchange, surface, request);
    try {
      const found = find(request.method, exchange.incoming.path);
      return found === undefined ? rest(request, response, next) : run(exchange, found);
    } catch (error) {
      return pipeline.fail(exchange, error);
    }
  };
};

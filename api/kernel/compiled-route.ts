/** A route with its schemas compiled, and the reading of one request by them. */
import type { Ajv2020 } from 'ajv/dist/2020.js';
import type { TSchema } from 'typebox';
import { Rejection } from '../../domain/kernel/rejection.ts';
import type { Exchange } from './exchange.ts';
import { parseQuery } from './query.ts';
import { parseBody, readBody } from './request-body.ts';
import type { Route } from './route.ts';
import type { Surface } from './surface.ts';
import { compileValidator, type FieldErrors, type Validator } from './validation.ts';

export type CompiledRoute = Readonly<{
  route: Route;
  params?: Validator;
  query?: Validator;
  body?: Validator;
}>;

/** `search` is the query string as it came, `bytes` the body as it came: what a payload is compared by. */
export type Input = Readonly<{ params: unknown; query: unknown; body: unknown; search: string; bytes: Buffer }>;

/** Closed, where nothing may be asked for that is not in the table; a route without a schema then takes no parameter. */
const querySchema = (query: TSchema | undefined, unknown: Surface['unknownQuery']): TSchema | undefined =>
  unknown === 'refused' ? { type: 'object', ...query, additionalProperties: false } : query;

export const compileRoute = (ajv: Ajv2020, route: Route, { unknownQuery }: Pick<Surface, 'unknownQuery'> = {}): CompiledRoute => {
  const query = querySchema(route.query, unknownQuery);
  return {
    route,
    ...(route.params && { params: compileValidator(ajv, route.params, 'path') }),
    ...(query && { query: compileValidator(ajv, query, 'query') }),
    ...(route.body && { body: compileValidator(ajv, route.body, 'body') }),
  };
};

const searchOf = (url: string): string => {
  const mark = url.indexOf('?');
  return mark < 0 ? '' : url.slice(mark + 1);
};

/** Rejects with `request.invalid`, naming every bad field of query and body; a path that does not fit is not found. */
export const readInput = async (compiled: CompiledRoute, exchange: Exchange, limit: number): Promise<Input> => {
  const { request, response } = exchange;
  const search = searchOf(request.url);
  const params: unknown = { ...request.params };
  if (compiled.params?.(params) !== undefined) throw new Rejection('request.not_found');
  const query = parseQuery(search, compiled.route.query);
  const bytes = compiled.body === undefined ? Buffer.alloc(0) : await readBody(request, response, limit);
  const body = compiled.body === undefined ? undefined : parseBody(bytes);
  exchange.body = body;
  const errors: FieldErrors = { ...compiled.query?.(query), ...compiled.body?.(body) };
  if (Object.keys(errors).length > 0) throw new Rejection('request.invalid', { fields: errors });
  return { params, query, body, search, bytes };
};

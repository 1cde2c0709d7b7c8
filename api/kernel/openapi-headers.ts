/** The headers of answers in the OpenAPI document: those of the kernel, and a surface's own. */
import type { Route } from './route.ts';
import type { Surface } from './surface.ts';

type Json = Readonly<Record<string, unknown>>;

const whole = (description: string): Json => ({ description, schema: { type: 'integer', minimum: 0 } });
const text = (description: string, example: string): Json => ({ description, schema: { type: 'string' }, example });

const REQUEST_ID: Json = { description: 'The id of this request: the one sent along if it was a UUID, else a new one.', schema: { type: 'string', format: 'uuid' } };
const RETRY_AFTER: Json = { description: 'Seconds after which to ask again', schema: { type: 'integer', minimum: 1 } };
const REPLAYED: Json = { description: 'Present when this is the answer kept of an earlier request with the same Idempotency-Key', schema: { type: 'string', enum: ['true'] } };

const LIMITS: Json = {
  'X-RateLimit-Limit': whole('Requests in a window'),
  'X-RateLimit-Remaining': whole('Requests that are left in this window'),
  'X-RateLimit-Reset': whole('When the next window begins; Unix seconds'),
  RateLimit: text('What is left: requests (r) and seconds (t); draft-ietf-httpapi-ratelimit-headers', '"default";r=59;t=60'),
  'RateLimit-Policy': text('The quota: requests (q) in a window of seconds (w); draft-ietf-httpapi-ratelimit-headers', '"default";q=60;w=60'),
};

const isLimited = (surface: Surface, route: Route): boolean => surface.isLimited?.(route) ?? false;

/** `components.headers`, by the names that the headers have. */
export const headerComponents = (surface: Surface): Json => ({
  'X-Request-ID': REQUEST_ID,
  ...surface.replyHeaderSchemas,
  ...(surface.routes.some((route) => isLimited(surface, route)) ? LIMITS : {}),
  'Retry-After': RETRY_AFTER,
  'Idempotent-Replayed': REPLAYED,
});

const RETRIED: readonly number[] = [429, 503];

/** The headers of one answer of a route. Who is not known (401) is not counted. */
export const headersOf = (surface: Surface, route: Route, status: number): Json => {
  const names = [
    'X-Request-ID',
    ...Object.keys(surface.replyHeaderSchemas ?? {}),
    ...(isLimited(surface, route) && status !== 401 ? Object.keys(LIMITS) : []),
    ...(RETRIED.includes(status) ? ['Retry-After'] : []),
    ...(route.method === 'POST' && status < 400 ? ['Idempotent-Replayed'] : []),
  ];
  return Object.fromEntries(names.map((name) => [name, { $ref: `#/components/headers/${name}` }]));
};

/** OpenAPI 3.1 of a surface, from the same rows that serve it: what is documented is what is validated. */
import type { TSchema } from 'typebox';
import { headerComponents, headersOf } from './openapi-headers.ts';
import type { ReplyDescription, Route } from './route.ts';
import { KERNEL_REJECTIONS, type Incoming, type Surface } from './surface.ts';

type Json = Readonly<Record<string, unknown>>;
type Shape = Readonly<{ properties?: Readonly<Record<string, Json>>; required?: readonly string[]; items?: Shape }>;

export type OpenApiDocument = Json & Readonly<{ openapi: '3.1.0'; paths: Readonly<Record<string, Readonly<Record<string, Json>>>> }>;

const isPublic = ({ publicPermissions }: Surface, { permission }: Route): boolean => publicPermissions.includes(permission);

const pathNames = (path: string): readonly string[] => [...path.matchAll(/:([^/]+)/g)].map((match) => match[1] as string);

export const openApiPath = (path: string): string => path.replaceAll(/:([^/]+)/g, '{$1}');

const parameter = (place: 'path' | 'query' | 'header', name: string, { description, ...schema }: Json, required: boolean): Json => ({
  name,
  in: place,
  required,
  ...(description === undefined ? {} : { description }),
  schema,
});

/** What has a default need not be sent, though handlers find it there always. */
const asSent = <Schema extends Shape>(schema: Schema): Schema => {
  const { properties, required, items } = schema;
  return {
    ...schema,
    ...(properties && { properties: Object.fromEntries(Object.entries(properties).map(([name, inner]) => [name, asSent(inner)])) }),
    ...(required && { required: required.filter((name) => properties?.[name]?.['default'] === undefined) }),
    ...(items && { items: asSent(items) }),
  };
};

/** WHATWG HTML, 9.2.3: whatever can be answered with Server-Sent Events may be asked for from where a client was cut off. */
const LAST_EVENT_ID = parameter('header', 'Last-Event-ID', { description: 'Of a stream: the `id` of the newest event that the client has; only what comes after it is sent', type: 'string' }, false);

const isStreamed = ({ replies }: Route): boolean => Object.values(replies).some(({ alternatives }) => alternatives?.['text/event-stream'] !== undefined);

const parametersOf = (route: Route): readonly Json[] => {
  const { method, path, params, query } = route;
  const inPath: Shape = params ?? {};
  const inQuery: Shape = asSent(query ?? {});
  return [
    ...pathNames(path).map((name) => parameter('path', name, inPath.properties?.[name] ?? { type: 'string' }, true)),
    ...Object.entries(inQuery.properties ?? {}).map(([name, schema]) =>
      parameter('query', name, schema, inQuery.required?.includes(name) ?? false),
    ),
    ...(isStreamed(route) ? [LAST_EVENT_ID] : []),
    ...(method === 'POST' ? [{ $ref: '#/components/parameters/IdempotencyKey' }] : []),
  ];
};

const requestBody = ({ body, bodyExample }: Route): Json => {
  if (body === undefined) return {};
  const schema: Shape = asSent(body);
  const { required = [] } = schema;
  return {
    requestBody: {
      required: required.length > 0,
      content: { 'application/json': { schema, ...(bodyExample === undefined ? {} : { example: bodyExample }) } },
    },
  };
};

const EXAMPLE_INCOMING: Incoming = {
  requestId: '0198c0de-7000-7000-8000-000000000001',
  method: 'GET',
  path: '/',
  ip: '192.0.2.1',
  header: () => undefined,
};

const exampleOf = (surface: Surface, example: unknown): Json => (example === undefined ? {} : { example: surface.renderReply(example, EXAMPLE_INCOMING) });

/** Answers are shown as they are on the wire, envelope included. */
const content = (surface: Surface, { schema, contentType = 'application/json', example }: ReplyDescription): Json => {
  if (!contentType.includes('json')) return { [contentType]: { schema: schema ?? { type: 'string' } } };
  if (schema === undefined) return {};
  return { [contentType]: { schema: surface.replySchema?.(schema) ?? schema, ...exampleOf(surface, example) } };
};

/** All forms of an answer. */
const media = (surface: Surface, reply: ReplyDescription): Json => ({
  ...content(surface, reply),
  ...Object.fromEntries(Object.entries(reply.alternatives ?? {}).map(([type, description]) => [type, { schema: { type: 'string', description } }])),
});

const successes = (surface: Surface, route: Route): Json =>
  Object.fromEntries(
    Object.entries(route.replies).map(([status, reply]) => {
      const forms = media(surface, reply);
      return [status, { description: reply.description, headers: headersOf(surface, route, Number(status)), ...(Object.keys(forms).length > 0 ? { content: forms } : {}) }];
    }),
  );

/** What no request without a body, a path parameter or an idempotency key can run into. */
const NEEDS: Readonly<Record<string, (route: Route) => boolean>> = {
  'request.malformed_json': ({ body }) => body !== undefined,
  'request.unsupported_media_type': ({ body }) => body !== undefined,
  'request.too_large': ({ body }) => body !== undefined,
  'request.not_found': ({ path }) => path.includes(':'),
  'request.method_not_allowed': () => false,
  'idempotency.key_invalid': ({ method }) => method === 'POST',
  'idempotency.mismatch': ({ method }) => method === 'POST',
  'idempotency.in_progress': ({ method }) => method === 'POST',
};

/** What the route names, and what asking for its permission can lead to. */
const ownCodes = (surface: Surface, { permission, rejections = [] }: Route): readonly string[] => [...rejections, ...(surface.permissionRejections?.[permission] ?? [])];

/** Those of the permission where it has some of its own, else every 401 of the surface. */
const authenticationCodes = (surface: Surface, route: Route): readonly string[] => {
  if (isPublic(surface, route)) return [];
  const refused = Object.entries(surface.errorCatalogue).flatMap(([code, { status }]) => (status === 401 ? [code] : []));
  const own = surface.permissionRejections?.[route.permission] ?? [];
  return refused.some((code) => own.includes(code)) ? [] : refused;
};

/** The kernel's own, those of authentication where there is any, and those that the route names. */
const codesOf = (surface: Surface, route: Route): ReadonlySet<string> => {
  const kernel = KERNEL_REJECTIONS.filter((code) => NEEDS[code]?.(route) ?? true);
  return new Set([...kernel, ...authenticationCodes(surface, route), ...ownCodes(surface, route)]);
};

const securityOf = (surface: Surface, route: Route): readonly Json[] => {
  if (isPublic(surface, route)) return [];
  const schemes = surface.securityOf?.(route.permission) ?? Object.keys(surface.security);
  return schemes.map((scheme) => ({ [scheme]: [] }));
};

/** Throws on a code that the surface cannot render. */
const failures = (surface: Surface, route: Route): Json => {
  const unknown = ownCodes(surface, route).filter((code) => surface.errorCatalogue[code] === undefined);
  if (unknown.length > 0) throw new Error(`${surface.name}: ${route.operationId} names unknown rejections: ${unknown.join(', ')}`);
  const rows = [...codesOf(surface, route)].flatMap((code) => surface.errorCatalogue[code] ?? []);
  return Object.fromEntries(
    Object.entries(Object.groupBy(rows, ({ status }) => status)).map(([status, list = []]) => [
      status,
      {
        description: [...new Set(list.map(({ description }) => description))].join('; '),
        headers: headersOf(surface, route, Number(status)),
        content: { [surface.errorContentType ?? 'application/json']: { schema: { $ref: '#/components/schemas/Error' } } },
      },
    ]),
  );
};

const operation = (surface: Surface, route: Route): Json => ({
  operationId: route.operationId,
  summary: route.summary,
  ...(route.description === undefined ? {} : { description: route.description }),
  ...(route.tags === undefined ? {} : { tags: route.tags }),
  security: securityOf(surface, route),
  parameters: parametersOf(route),
  ...requestBody(route),
  responses: { ...failures(surface, route), ...successes(surface, route) },
});

const components = (surface: Surface): Json => ({
  securitySchemes: surface.security,
  schemas: { Error: surface.errorSchema satisfies TSchema },
  headers: headerComponents(surface),
  parameters: {
    IdempotencyKey: {
      name: 'Idempotency-Key',
      in: 'header',
      required: false,
      description: 'Repeating the request with the same key within 24 hours has no further effect and gets the first answer again.',
      schema: { type: 'string', minLength: 1, maxLength: 255 },
    },
  },
});

/** `server` is the base that paths are relative to: the mount, or `/` where the surface has a host of its own. */
export const openApiDocument = (surface: Surface, server: string = surface.mount): OpenApiDocument => {
  const paths: Record<string, Record<string, Json>> = {};
  for (const route of surface.routes) {
    const operations = (paths[openApiPath(route.path)] ??= {});
    operations[route.method.toLowerCase()] = operation(surface, route);
  }
  return {
    openapi: '3.1.0',
    info: { ...surface.info, license: { name: 'Apache-2.0', identifier: 'Apache-2.0' } },
    servers: [{ url: server }],
    tags: [...new Set(surface.routes.flatMap(({ tags = [] }) => tags))].map((name) => ({ name })),
    paths,
    components: components(surface),
  };
};

/** GET /event-schemas and /event-schemas/{type}: the public vocabulary of events, for everybody. */
import { reject } from '../../../domain/kernel/rejection.ts';
import { schemaUrl } from '../../../projections/fanout/cloud-events.ts';
import { describedType, describedTypes, type DescribedType } from '../../../projections/fanout/test-event.ts';
import { defineRoute, type Route } from '../../kernel/route.ts';
import { EventSchemaReply, EventTypesReply, TypeParams } from '../event-schemas.ts';
import type { PlatformPrincipal } from '../principal.ts';

/** `publicUrl`: base of absolute links, without a trailing slash. */
export type EventSchemaDeps = Readonly<{ publicUrl: string }>;

const common = { method: 'GET', tags: ['Events'], permission: 'public' } as const;
const CACHED = { 'Cache-Control': 'public, max-age=3600' };

/** A type's JSON Schema as it is served: open, so that it holds when members are added. */
export const jsonSchemaOf = (publicUrl: string, { type, summary, schema }: DescribedType) => ({
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  $id: schemaUrl(publicUrl, type),
  title: type,
  description: summary,
  ...schema,
});

const listRoute = ({ publicUrl }: EventSchemaDeps) => {
  const items = describedTypes.map(({ type, summary, webhooks }) => ({ type, summary, webhooks, schema_url: schemaUrl(publicUrl, type) }));
  return defineRoute<PlatformPrincipal>({
    ...common,
    path: '/v1/event-schemas',
    operationId: 'listEventTypes',
    summary: 'List the public types of events',
    replies: { 200: { description: 'All of them, on one page', schema: EventTypesReply } },
    handle: async () => ({ status: 200, body: { items, next_cursor: null, limit: items.length }, headers: CACHED }),
  });
};

const getRoute = ({ publicUrl }: EventSchemaDeps) =>
  defineRoute<PlatformPrincipal, typeof TypeParams>({
    ...common,
    path: '/v1/event-schemas/:type',
    operationId: 'getEventSchema',
    summary: 'Get the JSON Schema of a type\'s data',
    params: TypeParams,
    replies: { 200: { description: 'The schema', schema: EventSchemaReply, contentType: 'application/schema+json' } },
    rejections: ['delivery.event_type_unknown'],
    handle: async ({ params }) => ({
      status: 200,
      body: jsonSchemaOf(publicUrl, describedType(params.type) ?? reject('delivery.event_type_unknown')),
      headers: { ...CACHED, 'Content-Type': 'application/schema+json; charset=utf-8' },
    }),
  });

export const eventSchemaRoutes = (deps: EventSchemaDeps): readonly Route<PlatformPrincipal>[] => [listRoute(deps), getRoute(deps)];

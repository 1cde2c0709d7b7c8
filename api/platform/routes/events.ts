/** GET /events and /tenants/{slug}/events: the log, as CloudEvents. */
import type { Static } from 'typebox';
import type { EventLog } from '../../../application/kernel/ports.ts';
import type { Access } from '../../../application/tenancy/access.ts';
import type { Position, TenantId } from '../../../domain/kernel/ids.ts';
import { rejectFields } from '../../../domain/kernel/rejection.ts';
import { createCloudEvents } from '../../../projections/fanout/cloud-events.ts';
import { createEventPages } from '../../../projections/fanout/event-pages.ts';
import { defineRoute, type ApiRequest, type HttpReply, type Route } from '../../kernel/route.ts';
import { placeOf, storedTypesOf } from '../event-questions.ts';
import { createEventStreamAnswer, refusePaging, type EventStreamDeps } from '../event-stream.ts';
import { AllEventsQuery, EventPageReply, EventsQuery } from '../event-schemas.ts';
import { effectiveLimit } from '../page.ts';
import type { PlatformPrincipal } from '../principal.ts';
import { SlugParams } from '../schemas.ts';
import { tenantOfPath } from './members.ts';

export type EventDeps = Readonly<{
  log: EventLog;
  access: Pick<Access, 'tenantBySlug' | 'current'>;
  /** Base of absolute links, without a trailing slash. */
  publicUrl: string;
  streams: EventStreamDeps['streams'];
  clock: EventStreamDeps['clock'];
}>;

type Asked = Static<typeof EventsQuery>;

const common = { method: 'GET', tags: ['Events'] } as const;
const description =
  'In the order of the log; with `stream=true` as Server-Sent Events (`text/event-stream`), each with its position as `id`. What is internal (book-keeping, keys of the program) is not told. A page is complete up to its `to_position`; `next_cursor` is null when that was the end of the log.';

const replies = {
  200: {
    description: 'A page of events, or with `stream=true` the stream of them',
    schema: EventPageReply,
    alternatives: { 'text/event-stream': 'With `stream=true`: Server-Sent Events without end. Each has its position as `id`, its type as `event`, and a CloudEvent as `data`; a comment every 15 s while nothing happens' },
  },
};

const startOf = async (log: EventLog, { after, cursor }: Asked): Promise<Position | undefined> => {
  if (after !== undefined && cursor !== undefined) return rejectFields({ cursor: 'cannot be given with after' });
  if (after !== undefined) return placeOf(log, 'after', after);
  return cursor === undefined ? undefined : placeOf(log, 'cursor', cursor);
};

/** Whose events: a tenant's, with its slug when it is in the path. */
type Scope = Readonly<{ tenant: TenantId | undefined; slug?: string }>;

const createAnswer = (deps: EventDeps) => {
  const { log, publicUrl } = deps;
  const stream = createEventStreamAnswer(deps);
  const pages = createEventPages({ log, toCloudEvent: createCloudEvents(publicUrl) });
  const page = async (query: Asked, tenant: TenantId | undefined, signal: AbortSignal) => {
    const limit = effectiveLimit(query.limit);
    const after = await startOf(log, query);
    const types = storedTypesOf('type', query.type);
    const { events, to, complete } = await pages({ after, limit, ...(types && { types }), ...(tenant && { tenant }) }, signal);
    return { status: 200, body: { items: events, next_cursor: complete ? null : (to ?? null), limit, to_position: to ?? null } };
  };
  return async (request: ApiRequest<PlatformPrincipal>, query: Asked, { tenant, slug }: Scope): Promise<HttpReply> => {
    if (query.stream !== true) return page(query, tenant, request.signal);
    refusePaging(query);
    return stream(request, { after: query.after, types: storedTypesOf('type', query.type), tenant, slug });
  };
};

type Answer = ReturnType<typeof createAnswer>;

const allRoute = ({ access }: EventDeps, answer: Answer) =>
  defineRoute<PlatformPrincipal, undefined, typeof AllEventsQuery>({
    ...common,
    permission: 'operator',
    path: '/v1/events',
    operationId: 'listEvents',
    summary: 'List the events of all tenants and of the installation',
    description,
    query: AllEventsQuery,
    replies,
    handle: async (request) => {
      const { tenant: slug, ...query } = request.query;
      const tenant = slug === undefined ? undefined : ((await access.tenantBySlug(slug)) ?? rejectFields({ tenant: 'is no tenant' }));
      return answer(request, query, { tenant: tenant?.id });
    },
  });

const tenantRoute = ({ access }: EventDeps, answer: Answer) =>
  defineRoute<PlatformPrincipal, typeof SlugParams, typeof EventsQuery>({
    ...common,
    permission: 'tenant',
    path: '/v1/tenants/:slug/events',
    operationId: 'listTenantEvents',
    summary: 'List the events of a tenant',
    description,
    params: SlugParams,
    query: EventsQuery,
    replies,
    rejections: ['tenancy.tenant_unknown', 'tenancy.forbidden'],
    handle: async (request) => {
      const { id, slug } = await tenantOfPath(access, request.params.slug);
      return answer(request, request.query, { tenant: id, slug });
    },
  });

export const eventRoutes = (deps: EventDeps): readonly Route<PlatformPrincipal>[] => {
  const answer = createAnswer(deps);
  return [allRoute(deps, answer), tenantRoute(deps, answer)];
};

/** GET and POST /tenants/{slug}/siem-sinks, GET, PATCH and DELETE …/{id}, POST …/{id}/test, /pause and /resume; the same at /siem-sinks for the operator. */
import type { Static, TSchema } from 'typebox';
import type { SiemDispatcher } from '../../../application/delivery/siem-dispatcher.ts';
import type { SinkLag } from '../../../application/delivery/siem-lag.ts';
import type { SiemSinks } from '../../../application/delivery/siem-sinks.ts';
import type { SinkStatuses } from '../../../application/delivery/siem-status.ts';
import type { Clock, EventLog } from '../../../application/kernel/ports.ts';
import type { Access } from '../../../application/tenancy/access.ts';
import type { SinkKind } from '../../../domain/delivery/siem-sink.events.ts';
import type { SiemSink } from '../../../domain/delivery/siem-sinks.ts';
import { INSTALLATION, type Position, type TenantId } from '../../../domain/kernel/ids.ts';
import { reject, Rejection } from '../../../domain/kernel/rejection.ts';
import { defineRoute, type ApiRequest, type HttpReply, type Route } from '../../kernel/route.ts';
import { answerWhole, pageOf, PageQuery } from '../page.ts';
import type { PlatformPrincipal } from '../principal.ts';
import { SlugParams } from '../schemas.ts';
import { ChangeSinkBody, CreateSinkBody, NoParams, OwnSinkParams, SinkParams, SinkReply, SinkTestReply } from '../siem-schemas.ts';
import { changedSink, showSink, wantedSink, type SinkDoing } from '../siem-shapes.ts';
import { tenantOfPath } from './members.ts';

export type SiemDeps = Readonly<{
  siemSinks: SiemSinks;
  siemStatuses: Pick<SinkStatuses, 'read'>;
  siemDispatcher: Pick<SiemDispatcher, 'position'>;
  siemLag: SinkLag;
  log: Pick<EventLog, 'head'>;
  clock: Clock;
  access: Pick<Access, 'tenantBySlug'>;
}>;

type Params = Readonly<{ slug?: string; id?: string }>;

/** Whose sinks they are: a tenant's, which get its part of the log, or the installation's, which get all of it. */
type Scope = Readonly<{
  base: string;
  permission: 'tenant' | 'operator';
  operation: (verb: string, many?: boolean) => string;
  of: string;
  all: TSchema;
  one: TSchema;
  rejections: readonly string[];
  owner: (params: Params) => Promise<TenantId>;
  location: (params: Params, id: string) => string;
}>;

type Asked<Query = unknown, Body = unknown> = ApiRequest<PlatformPrincipal, never, Query, Body>;

/** For the answer to a change: the log cannot be read just now, and what was done is done. */
const ifKnown = async (lag: Promise<number>): Promise<number | null> => {
  try {
    return await lag;
  } catch (error) {
    if (error instanceof Rejection) return null;
    throw error;
  }
};

/** A worker that begins anew tries at once, however long the one before was to wait. */
const beginsAnew = (before: SiemSink | undefined, { changes, paused }: SiemSink): boolean => before !== undefined && !paused && (before.changes !== changes || before.paused);

type Seen = Omit<SinkDoing, 'lag'>;

const createShow = ({ siemSinks, siemStatuses, siemDispatcher, siemLag, log, clock }: SiemDeps) => {
  const look = async (tenant: TenantId, sinkId: string): Promise<Seen> => {
    const name = { tenant, sinkId };
    const [position, status, head] = await Promise.all([siemDispatcher.position(name), siemStatuses.read(name), log.head()]);
    return { ...status, position, head };
  };
  const show = async (tenant: TenantId, sink: SiemSink, doing: Seen, told: (lag: Promise<number>) => Promise<number | null>): Promise<Static<typeof SinkReply>> => {
    const { position = (sink.startAfter as Position | null) ?? undefined, head } = doing;
    const lag = await told(siemLag({ tenant, sink, position, head }));
    return showSink(sink, await siemSinks.reveal(tenant, sink), { ...doing, position, lag });
  };
  return {
    one: async (tenant: TenantId, sink: SiemSink) => show(tenant, sink, await look(tenant, sink.sinkId), (lag) => lag),
    /** How it is doing is looked at before it is changed: what cannot be told then is told while nothing has happened. */
    changed: async (tenant: TenantId, sinkId: string, change: () => Promise<SiemSink>) => {
      const [before, doing] = await Promise.all([siemSinks.find(tenant, sinkId), look(tenant, sinkId)]);
      const sink = await change();
      const trouble = doing.trouble && beginsAnew(before, sink) ? { ...doing.trouble, nextAt: new Date(clock.now()).toISOString() } : doing.trouble;
      return show(tenant, sink, { ...doing, trouble }, ifKnown);
    },
  };
};

type Show = ReturnType<typeof createShow>;

/** The disk and the bus are the operator's. */
const requireOperator = (kind: SinkKind, { kind: who }: PlatformPrincipal): void => {
  if ((kind === 'ndjson-file' || kind === 'bus') && who !== 'operator') reject('tenancy.operator_required');
};

const reply = { 200: { description: 'The sink, and how it is doing', schema: SinkReply } };

const listRoute = ({ siemSinks }: SiemDeps, scope: Scope, show: Show): Route<PlatformPrincipal> =>
  defineRoute<PlatformPrincipal, TSchema, typeof PageQuery>({
    tags: ['SIEM sinks'], permission: scope.permission, params: scope.all, rejections: scope.rejections,
    method: 'GET',
    path: scope.base,
    operationId: scope.operation('list', true),
    summary: `List the SIEM sinks of ${scope.of}, and how they are doing`,
    query: PageQuery,
    replies: { 200: { description: 'A page of sinks', schema: pageOf(SinkReply, 'SIEM sinks') } },
    handle: async ({ params, query }) => {
      const tenant = await scope.owner(params as Params);
      const shown = await Promise.all((await siemSinks.list(tenant)).map((sink) => show.one(tenant, sink)));
      return answerWhole(`siem-sinks/${tenant}`, query, shown);
    },
  });

const createRoute = ({ siemSinks }: SiemDeps, scope: Scope, show: Show): Route<PlatformPrincipal> =>
  defineRoute<PlatformPrincipal, TSchema, undefined, typeof CreateSinkBody>({
    tags: ['SIEM sinks'], permission: scope.permission, params: scope.all,
    method: 'POST',
    path: scope.base,
    operationId: scope.operation('create'),
    summary: `Make a SIEM sink of ${scope.of}`,
    description:
      'Events are sent in batches, in their order, at least once: `metadata.uid` (OCSF) and `externalId` (CEF) tell repetitions. While the receiver does not take them they wait in the log. `start` may lie in the past.',
    body: CreateSinkBody,
    bodyExample: { name: 'Security team', kind: 'ocsf-http', url: 'https://siem.example.com/ingest', bearer_token: 'a token of theirs', start: { time: '2026-03-02T00:00:00Z' } },
    replies: { 201: { description: 'The sink', schema: SinkReply } },
    idempotentCopy: 'secret',
    rejections: [...scope.rejections, 'delivery.too_many_sinks', 'tenancy.operator_required'],
    handle: async ({ params, body, principal, cause, commandId }) => {
      const tenant = await scope.owner(params as Params);
      requireOperator(body.kind, principal);
      const shown = await show.changed(tenant, commandId, () => siemSinks.create(tenant, wantedSink(body), { ...cause, commandId }));
      return { status: 201, body: shown, headers: { Location: scope.location(params as Params, shown.id) } };
    },
  });

const changeRoute = ({ siemSinks }: SiemDeps, scope: Scope, show: Show): Route<PlatformPrincipal> =>
  defineRoute<PlatformPrincipal, TSchema, undefined, typeof ChangeSinkBody>({
    tags: ['SIEM sinks'], permission: scope.permission, params: scope.one,
    method: 'PATCH',
    path: `${scope.base}/:id`,
    operationId: scope.operation('change'),
    summary: `Change a SIEM sink of ${scope.of}`,
    description:
      'What is absent stays as it is; the kind stays always. It goes on from its position, at once: what waits goes to where it leads now. With another `url`, what the receiver knows the sender by has to be said again.',
    body: ChangeSinkBody,
    bodyExample: { url: 'https://siem.example.com/ingest/2', bearer_token: 'another token of theirs' },
    replies: reply,
    rejections: [...scope.rejections, 'delivery.sink_not_found', 'delivery.sink_changed', 'tenancy.operator_required'],
    handle: async ({ params, body, principal, cause }) => {
      const tenant = await scope.owner(params as Params);
      const sink = (await siemSinks.find(tenant, ((params as Params).id ?? '').toLowerCase())) ?? reject('delivery.sink_not_found');
      requireOperator(sink.target.kind, principal);
      const wanted = changedSink((await siemSinks.reveal(tenant, sink)).target, body);
      return { status: 200, body: await show.changed(tenant, sink.sinkId, () => siemSinks.change(tenant, sink, wanted, cause)) };
    },
  });

type OneRow = Readonly<{
  method: 'GET' | 'POST' | 'DELETE';
  suffix?: string;
  verb: string;
  summary: string;
  replies: Route['replies'];
  rejections?: readonly string[];
  handle: (asked: Readonly<{ tenant: TenantId; id: string; request: Asked }>) => Promise<HttpReply>;
}>;

/** A route of one sink. */
const oneRoute = (scope: Scope, { method, suffix = '', verb, summary, replies, rejections = [], handle }: OneRow): Route<PlatformPrincipal> =>
  defineRoute<PlatformPrincipal, TSchema>({
    tags: ['SIEM sinks'], permission: scope.permission, params: scope.one, rejections: [...scope.rejections, 'delivery.sink_not_found', ...rejections],
    method,
    path: `${scope.base}/:id${suffix}`,
    operationId: scope.operation(verb),
    summary,
    replies,
    ...(method === 'POST' && { idempotentCopy: 'secret' as const }),
    handle: async (request) => {
      const params = request.params as Params;
      return handle({ tenant: await scope.owner(params), id: (params.id ?? '').toLowerCase(), request: request as Asked });
    },
  });

const oneRows = ({ siemSinks }: SiemDeps, show: Show): readonly OneRow[] => [
  {
    method: 'GET', verb: 'get', summary: 'How a SIEM sink is doing: its position in the log, what it is behind, and why', replies: reply,
    handle: async ({ tenant, id }) => ({ status: 200, body: await show.one(tenant, (await siemSinks.find(tenant, id)) ?? reject('delivery.sink_not_found')) }),
  },
  {
    method: 'DELETE', verb: 'delete', summary: 'Delete a SIEM sink; files that it has written stay', replies: { 204: { description: 'It gets nothing any more' } },
    handle: async ({ tenant, id, request: { cause } }) => {
      await siemSinks.remove(tenant, id, cause);
      return { status: 204 };
    },
  },
  {
    method: 'POST', suffix: '/test', verb: 'test', summary: 'Send the event of the sink\'s making, once', replies: { 200: { description: 'What came of it', schema: SinkTestReply } }, rejections: ['delivery.unreadable'],
    handle: async ({ tenant, id, request: { signal } }) => {
      const { failure, durationMs } = await siemSinks.test(tenant, id, signal);
      const body: Static<typeof SinkTestReply> = { delivered: failure === undefined, reason: failure?.reason ?? null, status: failure?.status ?? null, duration_ms: durationMs };
      return { status: 200, body };
    },
  },
  {
    method: 'POST', suffix: '/pause', verb: 'pause', summary: 'Pause a SIEM sink: what is for it waits in the log', replies: reply,
    handle: async ({ tenant, id, request: { cause } }) => ({ status: 200, body: await show.changed(tenant, id, () => siemSinks.pause(tenant, id, cause)) }),
  },
  {
    method: 'POST', suffix: '/resume', verb: 'resume', summary: 'Let a SIEM sink go on where it stopped', replies: reply,
    handle: async ({ tenant, id, request: { cause } }) => ({ status: 200, body: await show.changed(tenant, id, () => siemSinks.resume(tenant, id, cause)) }),
  },
];

const scopesOf = (access: SiemDeps['access']): readonly Scope[] => [
  {
    base: '/v1/tenants/:slug/siem-sinks',
    permission: 'tenant',
    operation: (verb, many = false) => `${verb}SiemSink${many ? 's' : ''}`,
    of: 'a tenant',
    all: SlugParams,
    one: SinkParams,
    rejections: ['tenancy.tenant_unknown', 'tenancy.forbidden'],
    owner: async ({ slug = '' }) => (await tenantOfPath(access, slug)).id,
    location: ({ slug = '' }, id) => `/platform/v1/tenants/${slug}/siem-sinks/${id}`,
  },
  {
    base: '/v1/siem-sinks',
    permission: 'operator',
    operation: (verb, many = false) => `${verb}InstallationSiemSink${many ? 's' : ''}`,
    of: 'the installation, which get the whole log',
    all: NoParams,
    one: OwnSinkParams,
    rejections: [],
    owner: () => Promise.resolve(INSTALLATION),
    location: (_params, id) => `/platform/v1/siem-sinks/${id}`,
  },
];

export const siemSinkRoutes = (deps: SiemDeps): readonly Route<PlatformPrincipal>[] => {
  const show = createShow(deps);
  return scopesOf(deps.access).flatMap((scope) => [listRoute(deps, scope, show), createRoute(deps, scope, show), changeRoute(deps, scope, show), ...oneRows(deps, show).map((row) => oneRoute(scope, row))]);
};

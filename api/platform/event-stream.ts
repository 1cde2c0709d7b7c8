/** `?stream=true`: the log as it happens, as Server-Sent Events. */
import { decodeJwt } from 'jose/jwt/decode';
import type { Clock, EventLog, FeedFilter } from '../../application/kernel/ports.ts';
import type { Access } from '../../application/tenancy/access.ts';
import type { Position, TenantId } from '../../domain/kernel/ids.ts';
import { rejectFields } from '../../domain/kernel/rejection.ts';
import type { EventStreams } from '../../projections/fanout/stream.ts';
import type { ApiRequest, PushReply } from '../kernel/route.ts';
import { placeOf } from './event-questions.ts';
import { permit, type PlatformPrincipal } from './principal.ts';

export type EventStreamDeps = Readonly<{ log: Pick<EventLog, 'head' | 'before'>; streams: EventStreams; access: Pick<Access, 'current'>; clock: Clock }>;

type Asking = Pick<ApiRequest<PlatformPrincipal>, 'principal' | 'header'>;

/** Where a stream begins, and what of the log it shows. `slug`: of the tenant in the path; undefined: the operator's stream. */
export type StreamQuestion = Readonly<{
  after: string | undefined;
  types: readonly string[] | undefined;
  tenant: TenantId | undefined;
  slug: string | undefined;
}>;

/** WHATWG HTML, 9.2.3: what a client that comes back has already. It wins over `after`, which the client's URL still holds. */
const LAST = 'Last-Event-ID';

/** From the end of the log on, unless the client says what it has. */
const startOf = async (log: EventStreamDeps['log'], { header }: Asking, { after }: StreamQuestion): Promise<Position | undefined> => {
  const last = header(LAST.toLowerCase());
  if (last !== undefined) return placeOf(log, LAST, last);
  return after === undefined ? log.head() : placeOf(log, 'after', after);
};

/** When the access token that was presented, and found good, ends: milliseconds since 1970. */
const endOf = (authorization: string | undefined): number => {
  const { exp } = decodeJwt((authorization ?? '').replace(/^Bearer +/iu, ''));
  return (exp ?? 0) * 1_000;
};

/** Whether who asked may still be shown it: token and session live, and the person is what the route demands. A stream is no request that was under way. */
const createAuthorised = ({ access, clock }: EventStreamDeps, { principal, header }: Asking, slug: string | undefined): (() => Promise<boolean>) => {
  if (principal.kind !== 'person') return async () => true;
  const end = endOf(header('authorization'));
  return async () => {
    permit(await access.current(principal), 'tenant', slug);
    return clock.now() < end;
  };
};

/** Rejects with `request.invalid` {fields: `Last-Event-ID` or `after`}, and with `request.rate_limited` when there are too many streams. */
export type AnswerStream = (asking: Asking, question: StreamQuestion) => Promise<PushReply>;

export const createEventStreamAnswer =
  (deps: EventStreamDeps): AnswerStream =>
  async (asking, question) => {
    const { tenant, types, slug } = question;
    const filter: FeedFilter = { ...(types && { types }), ...(tenant && { tenant }) };
    const authorised = createAuthorised(deps, asking, slug);
    const share = asking.principal.kind === 'person' ? asking.principal.tenant.id : undefined;
    const push = deps.streams.open({ after: await startOf(deps.log, asking, question), filter, authorised, tenant: share });
    return { status: 200, push, contentType: 'text/event-stream; charset=utf-8', headers: { 'Cache-Control': 'no-store', 'X-Accel-Buffering': 'no' } };
  };

/** What means nothing for a stream is refused rather than ignored. */
export const refusePaging = (query: Readonly<{ cursor?: string; limit?: number }>): void => {
  const wrong = (['cursor', 'limit'] as const).filter((name) => query[name] !== undefined);
  if (wrong.length > 0) rejectFields(Object.fromEntries(wrong.map((name) => [name, 'means nothing for a stream'])));
};

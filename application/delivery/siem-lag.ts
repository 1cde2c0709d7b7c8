/** How far behind the log SIEM sinks are, in time. */
import type { SiemSink } from '../../domain/delivery/siem-sinks.ts';
import { INSTALLATION, type Position, type TenantId } from '../../domain/kernel/ids.ts';
import { createLag, type LagBehind } from '../kernel/lag.ts';
import type { Clock, EventLog, FeedFilter } from '../kernel/ports.ts';
import { createRecent } from '../kernel/recent.ts';

type Follows = Pick<SiemSink, 'types' | 'startAfter' | 'startTime' | 'createdAt'>;

/** A sink, and between which places of the log it has something to send. */
export type SinkPlace = Readonly<{ tenant: TenantId; sink: Follows; position: Position | undefined; head: Position | undefined }>;

/** The age in seconds of the oldest event that is for a sink and that its receiver does not have; 0 where there is none. Rejects with `storage.*`. */
export type SinkLag = (place: SinkPlace) => Promise<number>;

export type SinkLagDeps = Readonly<{
  log: Pick<EventLog, 'feed'>;
  clock: Clock;
  /** The stored types that public types are made from. */
  storedTypesOf: (types: readonly string[]) => readonly string[];
}>;

const KEPT = 1_000;
const MS = 1_000;

/** When what is for a sink begins; undefined where that is said by position. */
const beginning = ({ startAfter, startTime, createdAt }: Follows): string | undefined => startTime ?? (startAfter === null ? createdAt : undefined);

export const createSinkLag = ({ storedTypesOf, ...deps }: SinkLagDeps): SinkLag => {
  const known = createRecent<string, LagBehind>(KEPT);
  const filterOf = (tenant: TenantId, { types }: SinkPlace['sink']): FeedFilter =>
    ({ ...(tenant !== INSTALLATION && { tenant }), ...(types !== null && { types: storedTypesOf(types) }) });
  /** One that has not begun stands at what came before it, which is not for it. */
  const sinceItBegins = (sink: Follows): number => {
    const from = beginning(sink);
    return from === undefined ? Infinity : Math.max(0, (deps.clock.now() - Date.parse(from)) / MS);
  };
  return async ({ tenant, sink, position, head }) => {
    const key = JSON.stringify([tenant, sink.types]);
    const lagBehind = known.get(key) ?? createLag(deps, filterOf(tenant, sink));
    known.set(key, lagBehind);
    return Math.min(await lagBehind(position, head), sinceItBegins(sink));
  };
};

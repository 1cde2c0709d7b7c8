/** How far behind the log SIEM sinks are, in time. */
import type { SiemSink } from '../../domain/delivery/siem-sinks.ts';
import { INSTALLATION, type Position, type TenantId } from '../../domain/kernel/ids.ts';
import { createLag, type LagBehind } from '../kernel/lag.ts';
import type { Clock, EventLog, FeedFilter } from '../kernel/ports.ts';
import { createRecent } from '../kernel/recent.ts';

/** A sink, and between which places of the log it has something to send. */
export type SinkPlace = Readonly<{ tenant: TenantId; sink: Pick<SiemSink, 'types'>; position: Position | undefined; head: Position | undefined }>;

/** The age in seconds of the oldest event that is for a sink and that its receiver does not have; 0 where there is none. */
export type SinkLag = (place: SinkPlace) => Promise<number>;

export type SinkLagDeps = Readonly<{
  log: Pick<EventLog, 'feed'>;
  clock: Clock;
  /** The stored types that public types are made from. */
  storedTypesOf: (types: readonly string[]) => readonly string[];
}>;

const KEPT = 1_000;

export const createSinkLag = ({ storedTypesOf, ...deps }: SinkLagDeps): SinkLag => {
  const known = createRecent<string, LagBehind>(KEPT);
  const filterOf = (tenant: TenantId, { types }: SinkPlace['sink']): FeedFilter =>
    ({ ...(tenant !== INSTALLATION && { tenant }), ...(types !== null && { types: storedTypesOf(types) }) });
  return ({ tenant, sink, position, head }) => {
    const key = JSON.stringify([tenant, sink.types]);
    const lagBehind = known.get(key) ?? createLag(deps, filterOf(tenant, sink));
    known.set(key, lagBehind);
    return lagBehind(position, head);
  };
};

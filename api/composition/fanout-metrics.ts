/** How fan-out is doing, for whoever scrapes: sums over all tenants, as there may be any number of them. */
import type { Dispatcher } from '../../application/delivery/dispatcher.ts';
import type { SiemDispatcher } from '../../application/delivery/siem-dispatcher.ts';
import type { SinkLag } from '../../application/delivery/siem-lag.ts';
import type { SiemSinks } from '../../application/delivery/siem-sinks.ts';
import type { SinkStatuses } from '../../application/delivery/siem-status.ts';
import type { SinkName } from '../../application/delivery/siem-streams.ts';
import type { Follower } from '../../application/kernel/follower.ts';
import { createLag } from '../../application/kernel/lag.ts';
import type { Clock, EventLog } from '../../application/kernel/ports.ts';
import { INSTALLATION, type Position } from '../../domain/kernel/ids.ts';
import type { GaugeReading, Metrics } from '../../infrastructure/runtime/metrics.ts';
import type { EventStreams } from '../../projections/fanout/stream.ts';

type Gauges = Pick<Metrics, 'gauge'>;
export type RelayWatch = Readonly<{ position: Follower['position']; types: readonly string[]; log: Pick<EventLog, 'head' | 'feed'>; clock: Clock }>;

const MS = 1_000;

export const watchWebhooks = ({ gauge }: Gauges, { waiting }: Pick<Dispatcher, 'waiting'>): void => {
  gauge('webhook_deliveries_waiting', 'Events that wait for an attempt to deliver them to a webhook, over all tenants.', [], () => [{ value: waiting().deliveries }]);
  gauge('webhook_endpoints_waiting', 'Webhook endpoints for which something waits, over all tenants.', [], () => [{ value: waiting().endpoints }]);
  gauge('webhook_waiting_seconds', 'How long the event that waits longest for its first attempt has waited, over all tenants; not at endpoints that are disabled.', [], () => [{ value: waiting().longestMs / MS }]);
};

/** `position`: what the relay has passed. */
export const watchRelay = ({ gauge }: Gauges, { position, types, log, clock }: RelayWatch): void => {
  const lagBehind = createLag({ log, clock }, { types });
  gauge('relay_lag_seconds', 'Age of the oldest public event in the log that has not been published to Kafka yet; 0 when all have been.', [], async () => [{ value: await lagBehind(await position(), await log.head()) }]);
};

export const watchStreams = ({ gauge }: Gauges, { count }: Pick<EventStreams, 'count'>): void =>
  gauge('event_streams_open', 'Streams of events (SSE) that are open now.', [], () => [{ value: count() }]);

export type SinkWatch = Readonly<{
  dispatcher: Pick<SiemDispatcher, 'names' | 'position'>;
  sinks: Pick<SiemSinks, 'find' | 'reveal'>;
  statuses: Pick<SinkStatuses, 'read'>;
  log: Pick<EventLog, 'head'>;
  lagOf: SinkLag;
}>;

const OWNERS = ['installation', 'tenant'] as const;
const STATUSES = ['active', 'failing', 'paused'] as const;

type Doing = Readonly<{ owner: (typeof OWNERS)[number]; status: (typeof STATUSES)[number]; lag: number }>;

const createDoing = ({ dispatcher, sinks, statuses, log, lagOf }: SinkWatch) => {
  const doingOf = async (name: SinkName, head: Position | undefined): Promise<readonly Doing[]> => {
    const sink = await sinks.find(name.tenant, name.sinkId);
    if (sink === undefined) return [];
    const owner = name.tenant === INSTALLATION ? 'installation' : 'tenant';
    if (sink.paused) return [{ owner, status: 'paused', lag: 0 }];
    const [{ trouble }, { readable }] = await Promise.all([statuses.read(name), sinks.reveal(name.tenant, sink)]);
    const position = (await dispatcher.position(name)) ?? ((sink.startAfter ?? undefined) as Position | undefined);
    return [{ owner, status: trouble === null && readable ? 'active' : 'failing', lag: await lagOf({ tenant: name.tenant, sink, position, head }) }];
  };
  const look = async (): Promise<readonly Doing[]> => {
    const head = await log.head();
    const all: Doing[] = [];
    for (const name of await dispatcher.names()) all.push(...(await doingOf(name, head)));
    return all;
  };
  let underWay: Promise<readonly Doing[]> | undefined;
  /** Whoever asks while it is being looked at gets the same. */
  return (): Promise<readonly Doing[]> => (underWay ??= look().finally(() => { underWay = undefined; }));
};

const lagsOf = (all: readonly Doing[]): readonly GaugeReading[] =>
  OWNERS.map((owner) => ({ labels: { owner }, value: Math.max(0, ...all.filter((one) => one.owner === owner).map(({ lag }) => lag)) }));

const countsOf = (all: readonly Doing[]): readonly GaugeReading[] =>
  OWNERS.flatMap((owner) => STATUSES.map((status) => ({ labels: { owner, status }, value: all.filter((one) => one.owner === owner && one.status === status).length })));

/** `owner`: whether the sinks are the installation's or tenants'. One that pauses lags behind on purpose, and counts for no lag. */
export const watchSinks = ({ gauge }: Gauges, watch: SinkWatch): void => {
  const doing = createDoing(watch);
  gauge('siem_sink_lag_seconds', 'Age of the oldest event that the receiver of a SIEM sink does not have yet; 0 when all have all.', ['owner'], async () => lagsOf(await doing()));
  gauge('siem_sinks', 'SIEM sinks, by how they are doing.', ['owner', 'status'], async () => countsOf(await doing()));
};

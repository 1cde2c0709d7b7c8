/** What happens, told to SIEMs: sinks, wired. */
import { join } from 'node:path';
import type { Container } from 'inversify';
import type { OpenTransport } from '../../application/delivery/siem-ports.ts';
import { createToRecord, type ToRecord } from '../../application/delivery/siem-records.ts';
import { createSiemDispatcher, type SiemDispatcher } from '../../application/delivery/siem-dispatcher.ts';
import { createSinkLag, type SinkLag } from '../../application/delivery/siem-lag.ts';
import { createSiemSinks, type SiemSinks } from '../../application/delivery/siem-sinks.ts';
import { createSinkStatuses, type SinkStatuses } from '../../application/delivery/siem-status.ts';
import type { Bus } from '../../application/kernel/bus.ts';
import type { Leases } from '../../application/kernel/leases.ts';
import type { Clock, EventLog, EventStore, Logger } from '../../application/kernel/ports.ts';
import type { Secrets } from '../../application/kernel/sealing.ts';
import type { StateStore } from '../../application/kernel/state.ts';
import { randomFraction } from '../../infrastructure/crypto/random-fraction.ts';
import type { Config } from '../../infrastructure/runtime/config.ts';
import type { Metrics } from '../../infrastructure/runtime/metrics.ts';
import { createScheduler, type Scheduler } from '../../infrastructure/runtime/scheduler.ts';
import { createTransports } from '../../infrastructure/siem/transports.ts';
import type { Outbound } from '../../infrastructure/web/outbound.ts';
import { publicType, publicTypes } from '../../projections/fanout/integration-events.ts';
import { createToOcsf } from '../../projections/fanout/siem.ts';
import { createToCef } from '../../projections/fanout/siem-cef.ts';
import { pause } from '../../projections/kernel/pause.ts';
import { version } from '../cli/version.ts';
import { watchSinks } from './fanout-metrics.ts';
import { provide } from './provide.ts';
import { delivery, runtime, siem, storage } from './tokens.ts';

/** Sinks begin this long after the program, and once more when they had to stop. */
const START_MS = 100;
/** What cannot be recorded should not be tried again and again. */
const AFTER_FAILURE_MS = 10_000;

const toRecordOf = (): ToRecord => {
  const release = version();
  return createToRecord({ toOcsf: createToOcsf(release), toCef: createToCef(release) });
};

const transportsOf = ({ outbound, bus, config, publicUrl, clock }: Readonly<{ outbound: Outbound; bus: Bus; config: Config; publicUrl: string; clock: Clock }>): OpenTransport =>
  createTransports({ outbound, bus, directory: join(config.dataDir, 'siem'), hostname: new URL(publicUrl).hostname, now: () => clock.now() });

type SinksOf = Readonly<{ store: EventStore; log: EventLog; secrets: Secrets; outbound: Outbound; transport: OpenTransport; toRecord: ToRecord; clock: Clock }>;

const sinksOf = ({ outbound, ...deps }: SinksOf): SiemSinks => createSiemSinks({ ...deps, door: outbound, types: publicTypes.map(({ type }) => type) });

const storedTypesOf = (types: readonly string[]): readonly string[] => types.flatMap((type) => publicType(type)?.stored ?? []);

type DispatcherOf = Readonly<{ log: EventLog; state: StateStore; sinks: SiemSinks; toRecord: ToRecord; statuses: SinkStatuses; clock: Clock; logger: Logger }>;

const dispatcherOf = (deps: DispatcherOf): SiemDispatcher =>
  createSiemDispatcher({ ...deps, storedTypesOf, pause, random: randomFraction });

type SchedulerOf = Readonly<{ metrics: Metrics; sinks: SiemSinks; statuses: SinkStatuses; log: EventLog; lag: SinkLag; config: Config; logger: Logger; dispatcher: SiemDispatcher; leases: Leases }>;

const schedulerOf = ({ metrics, sinks, statuses, log, lag: lagOf, config, logger, dispatcher, leases }: SchedulerOf): Scheduler => {
  if (config.roles.includes('dispatcher')) watchSinks(metrics, { dispatcher, sinks, statuses, log, lagOf });
  const work = async (signal: AbortSignal): Promise<void> => {
    try {
      await dispatcher.run(signal);
    } catch (error) {
      await pause(AFTER_FAILURE_MS, signal);
      throw error;
    }
  };
  return createScheduler(config.roles.includes('dispatcher') ? [{ name: 'siem-sinks', pauseMs: START_MS, work }] : [], logger, leases);
};

export const bindSiem = (container: Container): void => {
  const { toRecord, transport, sinks, statuses, dispatcher } = siem;
  const { clock, publicUrl, config, logger } = runtime;
  const { store, log, secrets, state, bus } = storage;
  const { outbound } = delivery;
  provide(container, toRecord, toRecordOf, {});
  provide(container, transport, transportsOf, { outbound, bus, config, publicUrl, clock });
  provide(container, sinks, sinksOf, { store, log, secrets, outbound, transport, toRecord, clock });
  provide(container, statuses, ({ state: kept }) => createSinkStatuses(kept), { state });
  provide(container, dispatcher, dispatcherOf, { log, state, sinks, toRecord, statuses, clock, logger });
  provide(container, siem.lag, (deps) => createSinkLag({ ...deps, storedTypesOf }), { log, clock });
  provide(container, siem.scheduler, schedulerOf, { metrics: runtime.metrics, sinks, statuses, log, lag: siem.lag, config, logger, dispatcher, leases: storage.leases });
};

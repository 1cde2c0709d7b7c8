/** What happens, on the bus for everybody who reads there: each public event once its log has it, as a CloudEvent. */
import type { Container } from 'inversify';
import { PUBLIC_EVENTS, type Bus } from '../../application/kernel/bus.ts';
import type { Leases } from '../../application/kernel/leases.ts';
import type { Clock, EventLog, Logger } from '../../application/kernel/ports.ts';
import type { StateStore } from '../../application/kernel/state.ts';
import { createRelay } from '../../infrastructure/bus/relay.ts';
import type { Config } from '../../infrastructure/runtime/config.ts';
import type { Metrics } from '../../infrastructure/runtime/metrics.ts';
import { createScheduler, type Scheduler } from '../../infrastructure/runtime/scheduler.ts';
import { createCloudEvents } from '../../projections/fanout/cloud-events.ts';
import { storedTypes } from '../../projections/fanout/integration-events.ts';
import { pause } from '../../projections/kernel/pause.ts';
import { watchRelay } from './fanout-metrics.ts';
import { provide } from './provide.ts';
import { fanout, runtime, storage } from './tokens.ts';

const START_MS = 100;
/** What cannot be published should not be tried again and again. */
const AFTER_FAILURE_MS = 2_000;

type Deps = Readonly<{ config: Config; logger: Logger; metrics: Metrics; clock: Clock; publicUrl: string; log: EventLog; state: StateStore; bus: Bus; leases: Leases }>;

const relayOf = ({ config, logger, metrics, clock, publicUrl, log, state, bus, leases }: Deps): Scheduler => {
  const toCloudEvent = createCloudEvents(publicUrl);
  const relay = createRelay({
    name: PUBLIC_EVENTS, log, state, bus, types: storedTypes,
    messages: (recorded) => {
      const event = toCloudEvent(recorded);
      // One stream's events stay in order; consumers know one that comes again by its id.
      return event === undefined ? [] : [{ topic: PUBLIC_EVENTS, key: recorded.stream, id: event.id, body: JSON.stringify(event) }];
    },
  });
  const work = async (signal: AbortSignal): Promise<void> => {
    try {
      await relay.run(signal);
    } catch (error) {
      await pause(AFTER_FAILURE_MS, signal);
      throw error;
    }
  };
  // The in-process bus has no reader outside of this program.
  const isWanted = config.roles.includes('relay') && config.kafkaBrokers.length > 0;
  if (isWanted) watchRelay(metrics, { position: () => relay.position(), types: storedTypes, log, clock });
  return createScheduler(isWanted ? [{ name: 'relay', pauseMs: START_MS, work }] : [], logger, leases);
};

export const bindRelay = (container: Container): void => {
  const { config, logger, metrics, clock, publicUrl } = runtime;
  const { log, state, bus, leases } = storage;
  provide(container, fanout.relay, relayOf, { config, logger, metrics, clock, publicUrl, log, state, bus, leases });
};

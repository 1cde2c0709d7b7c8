/** The log as Server-Sent Events, wired. */
import type { Container } from 'inversify';
import { interval } from 'rxjs';
import type { EventLog } from '../../application/kernel/ports.ts';
import type { Metrics } from '../../infrastructure/runtime/metrics.ts';
import { createCloudEvents } from '../../projections/fanout/cloud-events.ts';
import { createEventStreams, type EventStreams } from '../../projections/fanout/stream.ts';
import { watchStreams } from './fanout-metrics.ts';
import { provide } from './provide.ts';
import { fanout, runtime, storage } from './tokens.ts';

/** How often streams are looked at: who may not be shown them any more, who has stopped reading, who needs a sign of life. */
const TICK_MS = 500;

export const eventStreamsOf = ({ log, publicUrl }: Readonly<{ log: EventLog; publicUrl: string }>): EventStreams => {
  const toCloudEvent = createCloudEvents(publicUrl);
  return createEventStreams({
    log,
    ticks: interval(TICK_MS),
    show: (recorded) => {
      const event = toCloudEvent(recorded);
      return event && { type: event.type, json: JSON.stringify(event) };
    },
  });
};

const watchedStreamsOf = ({ metrics, ...deps }: Readonly<{ log: EventLog; publicUrl: string; metrics: Metrics }>): EventStreams => {
  const streams = eventStreamsOf(deps);
  watchStreams(metrics, streams);
  return streams;
};

export const bindStreams = (container: Container): void =>
  provide(container, fanout.streams, watchedStreamsOf, { log: storage.log, publicUrl: runtime.publicUrl, metrics: runtime.metrics });

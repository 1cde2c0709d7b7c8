/** Measurements in Prometheus' text format. */
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';

export type RequestLabels = Readonly<{ surface: string; route: string; method: string; status: number }>;

/** What the HTTP kernel tells of each request. */
export interface HttpMetrics {
  started(): void;
  /** `route` is the pattern of the table, never a raw path. */
  finished(labels: RequestLabels, seconds: number): void;
}

export type GaugeReading = Readonly<{ labels?: Readonly<Record<string, string>>; value: number }>;

export interface Metrics {
  http: HttpMetrics;
  /**
   * A gauge that is read when somebody looks: lag of projections, size of stores. Names without the `chancery_` prefix. One that cannot be read, or not
   * within 3 s, is left out: whoever scrapes gets the others, now more than ever.
   */
  gauge(name: string, help: string, labelNames: readonly string[], read: () => readonly GaugeReading[] | Promise<readonly GaugeReading[]>): void;
  /** A counter with fixed label names; calling the result adds to it. */
  counter(name: string, help: string, labelNames?: readonly string[]): (labels?: Readonly<Record<string, string>>, by?: number) => void;
  /** A histogram of seconds. */
  histogram(name: string, help: string, labelNames?: readonly string[]): (labels: Readonly<Record<string, string>>, seconds: number) => void;
  contentType: string;
  render(): Promise<string>;
}

const PREFIX = 'chancery_';
const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

const httpMetrics = (registry: Registry): HttpMetrics => {
  const duration = new Histogram({
    name: `${PREFIX}http_request_duration_seconds`,
    help: 'Time from the head of a request to the end of its answer.',
    labelNames: ['surface', 'route', 'method', 'status'],
    buckets: SECONDS,
    registers: [registry],
  });
  const inFlight = new Gauge({ name: `${PREFIX}http_requests_in_flight`, help: 'Requests begun and not yet answered.', registers: [registry] });
  return {
    started: () => inFlight.inc(),
    finished: (labels, seconds) => {
      inFlight.dec();
      duration.observe(labels, seconds);
    },
  };
};

/** Scrapers give up after 10 s. */
const READ_MS = 3_000;

const readInTime = async (readMs: number, read: () => readonly GaugeReading[] | Promise<readonly GaugeReading[]>): Promise<readonly GaugeReading[]> => {
  const late = Promise.withResolvers<readonly GaugeReading[]>();
  const timer = setTimeout(() => late.resolve([]), readMs);
  const reading = async (): Promise<readonly GaugeReading[]> => read();
  return Promise.race([reading().catch(() => []), late.promise]).finally(() => clearTimeout(timer));
};

/** `readMs`: how long a gauge may take, 3 s unless given. */
export const createMetrics = (readMs = READ_MS): Metrics => {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const common = (name: string, help: string, labelNames: readonly string[] = []) => ({ name: `${PREFIX}${name}`, help, labelNames: [...labelNames], registers: [registry] });
  return {
    http: httpMetrics(registry),
    gauge: (name, help, labelNames, read) => {
      const gauge: Gauge = new Gauge({
        ...common(name, help, labelNames),
        collect: async () => {
          gauge.reset();
          // Without labels a reset one would say 0.
          if (labelNames.length === 0) gauge.remove();
          for (const { labels = {}, value } of await readInTime(readMs, read)) gauge.set(labels, value);
        },
      });
    },
    counter: (name, help, labelNames) => {
      const counter = new Counter(common(name, help, labelNames));
      return (labels = {}, by = 1) => counter.inc(labels, by);
    },
    histogram: (name, help, labelNames) => {
      const histogram = new Histogram({ ...common(name, help, labelNames), buckets: SECONDS });
      return (labels, seconds) => histogram.observe(labels, seconds);
    },
    contentType: registry.contentType,
    render: () => registry.metrics(),
  };
};

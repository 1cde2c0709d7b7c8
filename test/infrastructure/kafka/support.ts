/** Buses, messages and consumers of the Kafka tests. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Bus, BusMessage, Consumer } from '../../../application/kernel/bus.ts';
import { openKafkaBus, type KafkaBusOptions, type OpenBus } from '../../../infrastructure/kafka/kafka-bus.ts';
import { closing } from '../../support/leavings.ts';
import { silentLogger } from '../../support/silent.ts';
import { until } from '../../support/until.ts';

export const openBus = async (address: string, options: Partial<KafkaBusOptions> = {}): Promise<OpenBus> => {
  const { bus, close } = await openKafkaBus({ brokers: address.split(','), prefix: 'chancery-test.', clientId: 'chancery-test', logger: silentLogger, ...options });
  return { bus, close: closing(close) };
};

/** `count` messages of each key, in order. */
export const messagesOf = (topic: string, keys: readonly string[], count: number): readonly BusMessage[] =>
  Array.from({ length: count }, (_, index) => keys.map((key) => ({ topic, key, id: `${key}/${index}`, body: JSON.stringify({ index }) }))).flat();

export interface Running {
  readonly seen: readonly BusMessage[];
  /** Ids, each as often as it came. */
  readonly ids: () => readonly string[];
  readonly ended: Promise<void>;
  stop(): Promise<void>;
}

/** A consumer in the background; `handle` before a message counts as seen. */
export const consuming = (bus: Bus, consumer: Consumer, handle: (message: BusMessage) => Promise<void> = () => Promise.resolve()): Running => {
  const seen: BusMessage[] = [];
  const signal = new AbortController();
  const ended = bus.consume(consumer, async (message) => {
    await handle(message);
    seen.push(message);
  }, signal.signal);
  ended.catch(() => undefined);
  const stop = closing(async () => {
    signal.abort();
    await ended;
  });
  return { seen, ids: () => seen.map(({ id }) => id), ended, stop };
};

export interface ConsumerProcess {
  /** Ids, as often as each was handled. */
  readonly handled: readonly string[];
  /** kill -9; resolves when it is gone and all that it wrote has been read. */
  kill(): Promise<void>;
}

/** A consumer in a process of its own. */
export const spawnConsumer = (addresses: string, { name, topic }: Consumer): ConsumerProcess => {
  const program = fileURLToPath(new URL('consumer-process.ts', import.meta.url));
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', program, addresses, name, topic], { stdio: ['ignore', 'pipe', 'inherit'] });
  const handled: string[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => handled.push(line));
  const gone = once(child, 'close');
  const kill = closing(async () => {
    child.kill('SIGKILL');
    await gone;
  });
  return { handled, kill };
};

/** Over an outage a consumer may have to wait for the member of its group that it was before, and that is given up after ten seconds. */
const PATIENCE_MS = 40_000;

/** Resolves when these consumers have seen all of the ids between them. */
export const untilSeen = (ids: readonly string[], ...consumers: readonly Running[]): Promise<true> => {
  const missing = (): readonly string[] => {
    const seen = new Set(consumers.flatMap((one) => one.ids()));
    return ids.filter((id) => !seen.has(id));
  };
  const words = (): string => `${missing().length} of ${ids.length} messages, such as ${missing().slice(0, 3).join(', ')}`;
  return until(words, () => (missing().length === 0 ? true : undefined), PATIENCE_MS);
};

/** Each id once, where it first came: what a consumer that remembers ids makes of it. */
export const withoutRepetitions = (ids: readonly string[]): readonly string[] => [...new Set(ids)];

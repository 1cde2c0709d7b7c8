/**
 * The bus of a single process: messages and checkpoints in the state database, so that a restart loses neither. They are of one file, and
 * the relay's checkpoint too: after a power cut none of them is ahead of the others.
 */
import type { DatabaseSync } from 'node:sqlite';
import type { Bus, BusMessage, Consumer } from '../../application/kernel/bus.ts';
import type { StateStore } from '../../application/kernel/state.ts';
import { reject } from '../../domain/kernel/rejection.ts';
import { reading } from '../runtime/sqlite-reading.ts';
import type { SqliteWriter } from '../runtime/sqlite-writer.ts';
import type { BusOperation } from './bus-engine.ts';

const BATCH = 100;
const SCOPE = 'checkpoint:bus';
/** Messages kept though all consumers have them, and those kept at most for consumers that never come back. */
const KEPT = 10_000;
const KEPT_AT_MOST = 1_000_000;
/** Publications between two looks at what can go. */
const TRIM_EVERY = 1_000;

export type InProcessBusOptions = Readonly<{ state: StateStore; writer: SqliteWriter; reader: DatabaseSync }>;

type Stored = Readonly<{ number: number; message: BusMessage }>;

interface Messages {
  after(topic: string, number: number): readonly Stored[];
  last(topic: string): number;
}

const createMessages = (db: DatabaseSync): Messages => {
  const page = db.prepare(`SELECT number, key, id, body FROM messages WHERE topic = ? AND number > ? ORDER BY number LIMIT ${BATCH}`);
  const newest = db.prepare('SELECT coalesce(max(number), 0) AS number FROM messages WHERE topic = ?');
  return {
    after: (topic, number) =>
      reading(() => page.all(topic, number)).map((row) => ({
        number: Number(row['number']),
        message: { topic, key: String(row['key']), id: String(row['id']), body: String(row['body']) },
      })),
    last: (topic) => Number(reading(() => newest.get(topic))?.['number']),
  };
};

const checkpointKey = ({ name, topic }: Pick<Consumer, 'name' | 'topic'>): string => `${topic}/${name}`;

/** Where a consumer stands; moving it fails when another of the same name has moved it. */
const createPlaces = (state: StateStore, messages: Messages) => ({
  find: async ({ name, topic, from }: Consumer): Promise<string> => {
    const key = checkpointKey({ name, topic });
    const known = await state.get(SCOPE, key);
    if (known !== undefined) return known;
    const first = String(from === 'latest' ? messages.last(topic) : 0);
    await state.compareAndSet(SCOPE, key, undefined, { value: first });
    return first;
  },
  move: async (consumer: Consumer, from: string, to: string): Promise<string> => {
    const moved = await state.compareAndSet(SCOPE, checkpointKey(consumer), from, { value: to });
    return moved ? to : reject('kernel.fenced', { consumer: consumer.name });
  },
});

const createTrimmer = ({ state, writer }: InProcessBusOptions, messages: Messages) => async (topic: string): Promise<void> => {
  let slowest = Number.POSITIVE_INFINITY;
  for await (const { key, value } of state.list(SCOPE)) if (key.startsWith(`${topic}/`)) slowest = Math.min(slowest, Number(value));
  const last = messages.last(topic);
  const upTo = Math.max(Math.min(slowest, last - KEPT), last - KEPT_AT_MOST);
  if (upTo > 0) await writer.submit(['trim', topic, upTo] satisfies BusOperation);
};

class Bell {
  readonly #listeners = new Set<() => void>();

  ring(): void {
    for (const wake of this.#listeners) wake();
  }

  heard(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        this.#listeners.delete(done);
        signal.removeEventListener('abort', done);
        resolve();
      };
      this.#listeners.add(done);
      signal.addEventListener('abort', done, { once: true });
    });
  }
}

export const createInProcessBus = (options: InProcessBusOptions): Bus => {
  const messages = createMessages(options.reader);
  const places = createPlaces(options.state, messages);
  const trim = createTrimmer(options, messages);
  const bell = new Bell();
  let published = 0;

  const deliver = async (consumer: Consumer, from: string, handle: (message: BusMessage) => Promise<void>, signal: AbortSignal): Promise<string> => {
    let place = from;
    for (const { number, message } of messages.after(consumer.topic, Number(from))) {
      if (signal.aborted) break;
      await handle(message);
      place = await places.move(consumer, place, String(number));
    }
    return place;
  };

  return {
    publish: async (batch) => {
      if (batch.length === 0) return;
      await options.writer.submit(['publish', batch] satisfies BusOperation);
      bell.ring();
      published += 1;
      if (published % TRIM_EVERY === 0) for (const topic of new Set(batch.map((message) => message.topic))) await trim(topic);
    },
    consume: async (consumer, handle, signal) => {
      let place = await places.find(consumer);
      while (!signal.aborted) {
        const rung = bell.heard(signal);
        const reached = await deliver(consumer, place, handle, signal);
        if (reached === place) await rung;
        place = reached;
      }
    },
  };
};

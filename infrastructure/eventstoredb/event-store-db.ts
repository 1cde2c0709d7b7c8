/**
 * The event store on EventStoreDB. What `append` resolved is stored as the server promises it: on a majority of a cluster's nodes. Several
 * processes may use it at once; nothing is known of a stream that has not just been read.
 */
import type { EventCodec } from '../../application/kernel/event-codec.ts';
import type { Appended, AppendOptions, Cause, Clock, EventLog, EventStore, ExpectedRevision, Ids, KeyVault, Logger, Recorded } from '../../application/kernel/ports.ts';
import type { Message } from '../../domain/kernel/decider.ts';
import type { StreamId } from '../../domain/kernel/ids.ts';
import { reject } from '../../domain/kernel/rejection.ts';
import { checkIds, isOne, plainCauses } from '../event-store/append-input.ts';
import { type Appends, createAppends, type Events } from './appends.ts';
import { createBatches } from './batches.ts';
import { type Connection, createConnection } from './connection.ts';
import { parseConnectionString } from './connection-string.ts';
import { createEnds } from './ends.ts';
import { createEventLog } from './event-log.ts';
import { createFresh } from './fresh.ts';
import { createInOrder } from './in-order.ts';
import { storeKeys } from './key-storing.ts';
import { readStream, readStreamBackwards } from './pages.ts';
import { createRawLog, type RawLog } from './raw-log.ts';
import { checkServer } from './starting.ts';
import { unavailable, UnreadableError } from './failures.ts';
import { newEnvelope, recordedEvent, type Resolved, type StoredEvent, storedEvent } from './stored-event.ts';
import { createWakeUps, type WakeUps } from './wake-ups.ts';

/** Events read at once from a stream: what a reader holds in memory. */
const PAGE = 256;

export type EventStoreDbOptions = Readonly<{
  /** EVENTSTORE_URL. */
  url: string;
  codec: EventCodec;
  clock: Clock;
  ids: Ids;
  /** Where the keys go that come with appends. */
  vault: KeyVault;
  logger: Logger;
  /** How long an operation may take before it answers `storage.unavailable`; 10 s. */
  patienceMs?: number;
}>;

export type OpenEventStoreDb = Readonly<{ store: EventStore; log: EventLog; raw: RawLog; close: () => Promise<void> }>;

type Head = (stream: StreamId) => Promise<number>;

const createHead = (connection: Connection): Head =>
  createFresh<StreamId, number>(async (stream) => {
    const [last] = await connection.persist((held, milliseconds) => readStreamBackwards(held, stream, { from: undefined, count: 1 }, milliseconds));
    return last?.event === undefined ? -1 : Number(last.event.revision);
  });

/** Who follows the log says which event it is that cannot be read; who asks for a stream is told no more than that it cannot be answered now. */
const ourEvent = (event: Resolved): StoredEvent | undefined => {
  try {
    return storedEvent(event);
  } catch (error) {
    throw error instanceof UnreadableError ? unavailable() : error;
  }
};

const createRead = (connection: Connection, codec: EventCodec): EventStore['read'] =>
  async function* read<Event extends Message>(stream: StreamId, from = 0): AsyncGenerator<Recorded<Event>> {
    for (let next = from; ; next += PAGE) {
      const asked = { from: next, count: PAGE };
      const page = await connection.persist((held, milliseconds) => readStream(held, stream, asked, milliseconds));
      for (const event of page) {
        const stored = ourEvent(event);
        if (stored !== undefined) yield recordedEvent(codec, stored) as Recorded<Event>;
      }
      if (page.length < PAGE) return;
    }
  };

type Deps = Readonly<EventStoreDbOptions & { appends: Appends; head: Head; wakeUps: WakeUps }>;

const eventsOf = ({ codec, clock, ids: generator }: Deps, stream: StreamId, messages: readonly Message[], how: Cause & AppendOptions): Events => {
  if (messages.length === 0) throw new TypeError(`nothing to append to ${stream}`);
  const stored = messages.map((message) => codec.encode(message));
  const causes = plainCauses(how, messages);
  const time = clock.now();
  const ids = how.ids === undefined ? messages.map(() => generator.next()) : checkIds(how.ids, messages);
  const events = stored.map(({ type, data }, index) => {
    const cause = isOne(causes) ? causes : (causes[index] as Cause);
    return { id: ids[index] as string, type, data, metadata: JSON.stringify(newEnvelope(stream, time, cause)) };
  });
  return { stream, events, chosen: how.ids !== undefined };
};

const revisionOf = (expected: Exclude<ExpectedRevision, 'any'>): number => (expected === 'none' ? -1 : expected);

/** Keys cannot be taken back: where the stream is known to have moved on, none are stored. What was appended before under the same ids has its keys. */
const checkFirst = async ({ head }: Deps, { stream, chosen }: Events, expected: ExpectedRevision): Promise<void> => {
  if (chosen !== false || expected === 'any') return;
  const actual = await head(stream);
  if (actual !== revisionOf(expected)) reject('kernel.wrong_revision', { expected: revisionOf(expected), actual });
};

const createAppend = (deps: Deps): EventStore['append'] => async (stream, expected, messages, how): Promise<Appended> => {
  const { appends, vault, wakeUps } = deps;
  const events = eventsOf(deps, stream, messages, how);
  if (how.keys !== undefined && how.keys.length > 0) {
    await checkFirst(deps, events, expected);
    await storeKeys(vault, how.keys);
  }
  const appended = expected === 'any' ? await appends.anywhere(events) : await appends.at(events, revisionOf(expected));
  wakeUps.wake();
  return appended;
};

/** Rejects with a ConfigError of one line where the URL, the server or what it says of the user is wrong. */
export const openEventStoreDb = async (options: EventStoreDbOptions): Promise<OpenEventStoreDb> => {
  const { codec, logger, patienceMs } = options;
  const { url, shown, ignoresCredentials } = parseConnectionString(options.url);
  if (ignoresCredentials) logger.warn({}, 'EVENTSTORE_URL names a user, and TLS is off: the server is not told of the user');
  const connection = createConnection({ url, logger, ...(patienceMs === undefined ? {} : { patienceMs }) });
  try {
    await checkServer(connection, shown);
  } catch (error) {
    await connection.close();
    throw error;
  }
  const head = createHead(connection);
  const wakeUps = createWakeUps(connection, logger);
  const parts = { connection, batches: createBatches(), ends: createEnds(head) };
  const appends = createAppends(parts);
  return {
    store: { read: createRead(connection, codec), head, append: createAppend({ ...options, appends, head, wakeUps }) },
    log: createEventLog({ connection, codec, wakeUps }),
    raw: createRawLog(connection, createInOrder(parts, appends)),
    close: async () => {
      wakeUps.close();
      await connection.close();
    },
  };
};

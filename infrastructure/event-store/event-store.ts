/**
 * The embedded event store: SQLite, one writer on a thread of its own with group commit, readers on the calling thread. What `append`
 * resolved is on the disk.
 */
import type { DatabaseSync, SQLOutputValue } from 'node:sqlite';
import type { EventCodec } from '../../application/kernel/event-codec.ts';
import type { Appended, Clock, EventLog, EventStore, ExpectedRevision, Ids, KeyVault, Recorded } from '../../application/kernel/ports.ts';
import type { Message } from '../../domain/kernel/decider.ts';
import type { StreamId } from '../../domain/kernel/ids.ts';
import { openReader, type Synchronous } from '../runtime/sqlite-open.ts';
import { reading } from '../runtime/sqlite-reading.ts';
import { type SqliteWriter, startWriter } from '../runtime/sqlite-writer.ts';
import { checkIds, isOne, plainCauses } from './append-input.ts';
import { createEventLog, type MovingLog } from './event-log.ts';
import { createHeads, type Heads } from './heads.ts';
import { createKeyVault } from './key-vault.ts';
import { type AppendedAt, type AppendOperation, EXPECT_ANY, EXPECT_NONE } from './operations.ts';
import { toPosition } from '../runtime/positions.ts';
import { createDecoder, type Decode, EVENT_COLUMNS, recordedAs } from './recorded.ts';

/** Events read at once from a stream: what a reader holds in memory. */
const PAGE = 256;

export type EventStoreOptions = Readonly<{
  /** The database file; made when it is not there. */
  path: string;
  codec: EventCodec;
  clock: Clock;
  ids: Ids;
  /** The disk failed: the process must end, since only a restart can be trusted. */
  onFatal: (error: Error) => void;
  /** `FULL` unless a test wants to see data lost. */
  synchronous?: Synchronous;
  /** Pages (4 KiB) of write-ahead log between two checkpoints; fewer only where a test wants to see many. */
  checkpointFrames?: number;
}>;

export type OpenEventStore = Readonly<{ store: EventStore; log: EventLog; vault: KeyVault; close: () => Promise<void> }>;

const expectation = (expected: ExpectedRevision): number => {
  if (expected === 'none') return EXPECT_NONE;
  return expected === 'any' ? EXPECT_ANY : expected;
};

type Deps = Readonly<EventStoreOptions & { writer: SqliteWriter; heads: Heads; log: MovingLog }>;

const appender = ({ writer, heads, log, codec, clock, ids: generator }: Deps): EventStore['append'] =>
  async (stream, expected, events, how): Promise<Appended> => {
    const { ids, keys } = how;
    if (events.length === 0) throw new TypeError(`nothing to append to ${stream}`);
    const stored = events.map((event) => codec.encode(event));
    const causes = plainCauses(how, events);
    const time = clock.now();
    const eventIds = ids === undefined ? events.map(() => generator.next()) : checkIds(ids, events);
    const operation: AppendOperation = [
      'append',
      stream,
      expectation(expected),
      time,
      isOne(causes) ? JSON.stringify(causes) : causes.map((cause) => JSON.stringify(cause)),
      eventIds,
      ids !== undefined,
      stored.map(({ type }) => type),
      stored.map(({ data }) => data),
      keys === undefined || keys.length === 0 ? undefined : keys,
    ];
    const [revision, position, head] = await writer.submit<AppendedAt>(operation);
    heads.reached(stream, head);
    const each = isOne(causes) ? events.map(() => causes) : causes;
    // Under ids of the caller's choice they may have been there before.
    log.moved(position, ids === undefined ? recordedAs(codec, { stream, time, ids: eventIds, causes: each, events: stored, revision, position }) : undefined);
    return { revision, position: toPosition(position) };
  };

const streamReader = (db: DatabaseSync, decode: Decode): EventStore['read'] => {
  const rows = db.prepare(`SELECT ${EVENT_COLUMNS} FROM events
    WHERE stream = (SELECT key FROM streams WHERE name = ?) AND revision >= ? ORDER BY revision LIMIT ${PAGE}`);
  rows.setReturnArrays(true);
  return async function* read<Event extends Message>(stream: StreamId, from = 0): AsyncGenerator<Recorded<Event>> {
    for (let next = from; ; next += PAGE) {
      const page = reading(() => rows.all(stream, next) as unknown as SQLOutputValue[][]);
      for (const row of page) yield decode(row) as Recorded<Event>;
      if (page.length < PAGE) return;
    }
  };
};

export const openEventStore = async (options: EventStoreOptions): Promise<OpenEventStore> => {
  const { path, codec, synchronous = 'FULL', checkpointFrames, onFatal } = options;
  const workerData = { path, synchronous, checkpointFrames };
  const writer = await startWriter({ module: new URL('writer-thread.ts', import.meta.url), workerData, onFatal });
  const db = openReader(path);
  const decode = createDecoder(db, codec);
  const heads = createHeads(db);
  const log = createEventLog(db, codec, decode);
  return {
    store: { read: streamReader(db, decode), head: heads.head, append: appender({ ...options, writer, heads, log }) },
    log,
    vault: createKeyVault(db, writer),
    close: async () => {
      // The writer closes last, so that it can put the write-ahead log away.
      db.close();
      await writer.close();
    },
  };
};

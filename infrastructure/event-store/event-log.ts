/** The whole log, in order. Positions have no gaps and one writer, so that what is below the head is all there. */
import type { DatabaseSync, SQLOutputValue } from 'node:sqlite';
import type { EventCodec } from '../../application/kernel/event-codec.ts';
import type { EventFeed, EventLog, FeedPage, Recorded } from '../../application/kernel/ports.ts';
import { reading } from '../runtime/sqlite-reading.ts';
import { fromPosition, toPosition } from '../runtime/positions.ts';
import { type Decode, EVENT_COLUMNS } from './recorded.ts';

/** Rows that one pull looks at when it has a filter: bounds the time for which the calling thread is held. */
const SCANNED_AT_ONCE = 10_000;
/** Events at the end of the log that are kept decoded: what followers that are up to date ask for, all of them the same. */
const KEPT_AT_THE_END = 2_000;

export interface MovingLog extends EventLog {
  /** Told by the store of each append, in their order: where the log ends now, and the events at its end where they are at hand. */
  moved(head: number, events?: readonly Recorded[]): void;
}

type Waiters = Set<() => void>;

/** Resolves when the log moves or the signal fires, whichever is first. */
const movement = (waiters: Waiters, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const done = (): void => {
      waiters.delete(done);
      signal.removeEventListener('abort', done);
      resolve();
    };
    waiters.add(done);
    signal.addEventListener('abort', done, { once: true });
  });

type Scan = (after: number, upTo: number, limit: number) => readonly SQLOutputValue[][];

/** Types that were never stored have no number yet; the answer is asked for again until all of them do. */
const createScan = (db: DatabaseSync, names: readonly string[] | undefined): Scan => {
  const keys = db.prepare('SELECT key FROM types WHERE name IN (SELECT value FROM json_each(?))');
  const filter = names === undefined ? '' : 'AND type IN (SELECT value FROM json_each(?))';
  const rows = db.prepare(`SELECT ${EVENT_COLUMNS} FROM events WHERE position > ? AND position <= ? ${filter} ORDER BY position LIMIT ?`);
  rows.setReturnArrays(true);
  if (names === undefined) return (after, upTo, limit) => rows.all(after, upTo, limit) as unknown as SQLOutputValue[][];
  const wanted = JSON.stringify(names);
  let known: readonly unknown[] = [];
  return (after, upTo, limit) => {
    if (known.length < names.length) known = keys.all(wanted).map((row) => row['key']);
    if (known.length === 0) return [];
    return rows.all(after, upTo, JSON.stringify(known), limit) as unknown as SQLOutputValue[][];
  };
};

type ReadAll = (after: number, upTo: number) => readonly Recorded[];

/** The end of the log, for everybody who follows it: as it was appended, or read and decoded once. */
const createEnd = (readAll: ReadAll) => {
  let events: Recorded[] = [];
  let from = 0;
  let upTo = 0;
  const add = (more: readonly Recorded[], head: number): void => {
    for (const event of more) events.push(event);
    upTo = head;
    // Dropped in bulk: moving what is left costs as much as there is.
    if (events.length < KEPT_AT_THE_END * 2) return;
    from += events.length - KEPT_AT_THE_END;
    events = events.slice(-KEPT_AT_THE_END);
  };
  return {
    /** What was just appended, up to `head`: kept when it follows what is here. */
    appended: (more: readonly Recorded[], head: number): void => {
      if (head - more.length === upTo) add(more, head);
    },
    /** All events after a position; undefined when that is too far back. */
    after: (after: number, head: number): readonly Recorded[] | undefined => {
      if (head - after > KEPT_AT_THE_END) return undefined;
      if (after < from || after > upTo) {
        events = [];
        from = after;
        upTo = after;
      }
      if (head > upTo) add(readAll(upTo, head), head);
      return events.slice(after - from);
    },
  };
};

/** The first events of a page that a filter lets pass. */
const pageOf = (all: readonly Recorded[], types: ReadonlySet<string> | undefined, limit: number, upTo: number): FeedPage => {
  const wanted = types === undefined ? all : all.filter(({ type }) => types.has(type));
  const events = wanted.slice(0, limit);
  return { events, scannedTo: events.length < limit ? toPosition(upTo) : events.at(-1)?.position };
};

export const createEventLog = (db: DatabaseSync, codec: EventCodec, decode: Decode): MovingLog => {
  const waiters: Waiters = new Set();
  const last = db.prepare('SELECT coalesce(max(position), 0) AS position FROM events');
  let head = Number(last.get()?.['position']);
  const everything = createScan(db, undefined);
  const end = createEnd((after, upTo) => reading(() => everything(after, upTo, upTo - after)).map(decode));

  const feed = (types?: readonly string[]): EventFeed => {
    const scan = createScan(db, types === undefined ? undefined : codec.storedNames(types));
    const names = types === undefined ? undefined : new Set(types);
    const window = types === undefined ? Number.MAX_SAFE_INTEGER : SCANNED_AT_ONCE;
    const page = (after: number, limit: number): FeedPage => {
      const newest = end.after(after, head);
      if (newest !== undefined) return pageOf(newest, names, limit, head);
      const upTo = Math.min(head, after + window);
      return pageOf(reading(() => scan(after, upTo, limit)).map(decode), undefined, limit, upTo);
    };
    return {
      pull: async (after, limit, signal) => {
        const from = fromPosition(after);
        // One wake-up is enough: the log has moved, or the caller wants to stop.
        if (head <= from && !signal.aborted) await movement(waiters, signal);
        return head > from ? page(from, limit) : { events: [], scannedTo: after };
      },
    };
  };

  return {
    feed,
    head: () => Promise.resolve(head === 0 ? undefined : toPosition(head)),
    moved: (position, events) => {
      if (position <= head) return;
      head = position;
      if (events !== undefined) end.appended(events, position);
      for (const wake of waiters) wake();
    },
  };
};

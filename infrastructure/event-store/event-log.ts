/** The whole log, in order. Positions have no gaps and one writer, so that what is below the head is all there. */
import type { DatabaseSync, SQLOutputValue } from 'node:sqlite';
import type { EventCodec } from '../../application/kernel/event-codec.ts';
import type { EventFeed, EventLog, FeedFilter, FeedPage, Recorded } from '../../application/kernel/ports.ts';
import type { TenantId } from '../../domain/kernel/ids.ts';
import { reading } from '../runtime/sqlite-reading.ts';
import { fromPosition, toPosition } from '../runtime/positions.ts';
import { createLogEnd, createPasses, KEPT_AT_THE_END, pageOf } from './log-end.ts';
import { movement, type Waiters } from './movement.ts';
import { type Decode, EVENT_COLUMNS } from './recorded.ts';

/** Rows that one pull looks at when it asks for types: bounds the time for which the calling thread is held. */
const SCANNED_AT_ONCE = 10_000;

const POSITION = /^\d{20}$/u;
export interface MovingLog extends EventLog {
  /** Told by the store of each append, in their order: where the log ends now, and the events at its end where they are at hand. */
  moved(head: number, events?: readonly Recorded[]): void;
}

type Scan = (after: number, upTo: number, limit: number) => readonly SQLOutputValue[][];

/** As stored: names of all versions, and who owns them. */
type StoredFilter = Readonly<{ names?: readonly string[]; tenant?: TenantId }>;

/** Numbers of stored names. Some may have none yet: the answer is asked for again until all of them do. */
const createNumbers = (db: DatabaseSync, { table, column }: Readonly<{ table: 'types' | 'tenants'; column: 'name' | 'id' }>, names: readonly string[]): (() => readonly unknown[]) => {
  const keys = db.prepare(`SELECT key FROM ${table} WHERE ${column} IN (SELECT value FROM json_each(?))`);
  const wanted = JSON.stringify(names);
  let known: readonly unknown[] = [];
  return () => {
    if (known.length < names.length) known = keys.all(wanted).map((row) => row['key']);
    return known;
  };
};

const createScan = (db: DatabaseSync, { names, tenant }: StoredFilter): Scan => {
  const filters = [
    ...(names === undefined ? [] : [{ where: 'AND type IN (SELECT value FROM json_each(?))', numbers: createNumbers(db, { table: 'types', column: 'name' }, names) }]),
    ...(tenant === undefined ? [] : [{ where: 'AND tenant = (SELECT value FROM json_each(?))', numbers: createNumbers(db, { table: 'tenants', column: 'id' }, [tenant]) }]),
  ];
  const rows = db.prepare(`SELECT ${EVENT_COLUMNS} FROM events WHERE position > ? AND position <= ? ${filters.map(({ where }) => where).join(' ')} ORDER BY position LIMIT ?`);
  rows.setReturnArrays(true);
  return (after, upTo, limit) => {
    const found = filters.map(({ numbers }) => numbers());
    if (found.some(({ length }) => length === 0)) return [];
    return rows.all(after, upTo, ...found.map((keys) => JSON.stringify(keys)), limit) as unknown as SQLOutputValue[][];
  };
};

/** Up to where one pull looks: as far as it must, where every row that it meets is one of the page. */
const createWindow = (db: DatabaseSync, { names, tenant }: StoredFilter): ((after: number, head: number) => number) => {
  if (names === undefined) return (_after, head) => head;
  if (tenant === undefined) return (after, head) => Math.min(head, after + SCANNED_AT_ONCE);
  const last = db.prepare(`SELECT position FROM events WHERE tenant = (SELECT key FROM tenants WHERE id = ?) AND position > ? ORDER BY position LIMIT 1 OFFSET ${SCANNED_AT_ONCE - 1}`);
  return (after, head) => Math.min(head, Number(last.get(tenant, after)?.['position'] ?? head));
};

type ReadAll = (after: number, upTo: number) => readonly Recorded[];

/** The end of the log, for everybody who follows it: as it was appended, or read and decoded once. */
const createEnd = (readAll: ReadAll) => {
  const end = createLogEnd(0, ({ position }) => fromPosition(position));
  return {
    /** What was just appended, up to `head`: kept when it follows what is here. */
    appended: (more: readonly Recorded[], head: number): void => {
      if (head - more.length === end.upTo) end.add(more, head);
    },
    /** All events after a position; undefined when that is too far back. */
    after: (after: number, head: number): readonly Recorded[] | undefined => {
      if (head - after > KEPT_AT_THE_END) return undefined;
      if (!end.covers(after)) end.restart(after);
      if (head > end.upTo) end.add(readAll(end.upTo, head), head);
      return end.after(after);
    },
  };
};

/** A page of one filter, out of what is at hand at the end of the log, or else out of the database. */
const createPages = ({ db, codec, decode, end }: Readonly<{ db: DatabaseSync; codec: EventCodec; decode: Decode; end: ReturnType<typeof createEnd> }>, filter: FeedFilter) => {
  const { types, tenant } = filter;
  const stored = { ...(types && { names: codec.storedNames(types) }), ...(tenant && { tenant }) };
  const [scan, window, passes] = [createScan(db, stored), createWindow(db, stored), createPasses(filter)];
  return (after: number, head: number, limit: number): FeedPage => {
    const newest = end.after(after, head);
    if (newest !== undefined) return pageOf(passes === undefined ? newest : newest.filter(passes), limit, toPosition(head));
    return reading(() => {
      const upTo = window(after, head);
      return pageOf(scan(after, upTo, limit).map(decode), limit, toPosition(upTo));
    });
  };
};

export const createEventLog = (db: DatabaseSync, codec: EventCodec, decode: Decode): MovingLog => {
  const waiters: Waiters = new Set();
  const last = db.prepare('SELECT coalesce(max(position), 0) AS position FROM events');
  let head = Number(last.get()?.['position']);
  const everything = createScan(db, {});
  const end = createEnd((after, upTo) => reading(() => everything(after, upTo, upTo - after)).map(decode));

  const feed = (filter: FeedFilter = {}): EventFeed => {
    const page = createPages({ db, codec, decode, end }, filter);
    return {
      pull: async (after, limit, signal) => {
        const from = fromPosition(after);
        // One wake-up is enough: the log has moved, or the caller wants to stop.
        if (head <= from && !signal.aborted) await movement(waiters, signal);
        return head > from ? page(from, head, limit) : { events: [], scannedTo: after };
      },
    };
  };

  return {
    feed,
    head: () => Promise.resolve(head === 0 ? undefined : toPosition(head)),
    before: async (position) => {
      const number = POSITION.test(position) ? fromPosition(position) : 0;
      if (number < 1 || number > head) return undefined;
      return { at: number === 1 ? undefined : toPosition(number - 1) };
    },
    moved: (position, events) => {
      if (position <= head) return;
      head = position;
      if (events !== undefined) end.appended(events, position);
      for (const wake of waiters) wake();
    },
  };
};

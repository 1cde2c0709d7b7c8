/** Events as they are stored, for copying a log into another engine or out of it: nothing is decoded, upcast or left out. */
import type { Position, StreamId } from '../../domain/kernel/ids.ts';
import type { Connection } from './connection.ts';
import type { Placed } from './in-order.ts';
import { readLog } from './pages.ts';
import { type StoredEvent, storedEvent } from './stored-event.ts';

export type RawEvent = Omit<StoredEvent, 'revision' | 'position'>;
export type RawAppend = Readonly<{ stream: StreamId; expected: number; events: readonly RawEvent[] }>;

export interface RawLog {
  /** At most `count` events behind a position; `upTo` moves past those that are not ours, and is undefined at the end of the log. */
  read(after: Position | undefined, count: number): Promise<Readonly<{ events: readonly StoredEvent[]; upTo: Position | undefined }>>;
  /**
   * In this order, each behind revision `expected` of its stream, -1 for a new one, with the ids, times, causes and salts that the events have. Said again,
   * it is the same; rejects with `kernel.wrong_revision` where a stream holds something else.
   */
  append(all: readonly RawAppend[]): Promise<void>;
}

const placed = ({ stream, expected, events }: RawAppend): Placed => {
  if (events.length === 0 || events.some((event) => event.stream !== stream)) throw new TypeError(`not events of ${stream}`);
  const proposals = events.map(({ id, type, data, envelope }) => ({ id, type, data: JSON.stringify(data), metadata: JSON.stringify(envelope) }));
  return { events: { stream, events: proposals, chosen: 'in place' }, expected };
};

export const createRawLog = (connection: Connection, inOrder: (all: readonly Placed[]) => Promise<void>): RawLog => ({
  read: async (after, count) => {
    const { events, upTo } = await connection.persist((held, milliseconds) => readLog(held, after, count, milliseconds));
    return { events: events.flatMap((event) => storedEvent(event) ?? []), upTo };
  },
  append: async (all) => inOrder(all.map(placed)),
});

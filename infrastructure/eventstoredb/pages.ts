/** Pages of streams and of the whole log, read within a time. */
import { BACKWARDS, END, FORWARDS, START, type StreamingRead } from '@eventstore/db-client';
import type { Position, StreamId } from '../../domain/kernel/ids.ts';
import type { Held } from './connection.ts';
import { isNoPlace, isNoStream, LateError } from './failures.ts';
import { fromPosition, isBeginning, type Place, toPosition } from './places.ts';
import type { Resolved } from './stored-event.ts';

/** What one read asks for, each from whoever leads: a follower may lag behind what has been answered already. */
const LEADING = { requiresLeader: true, resolveLinkTos: false } as const;

/** All of a read; a LateError after so many milliseconds, or when the client is given up, which its streams do not tell. */
const collect = async <Event extends Resolved>(reading: StreamingRead<Event>, { ended }: Held, milliseconds: number): Promise<readonly Event[]> =>
  new Promise((resolve, reject) => {
    const events: Event[] = [];
    const settle = (then: () => void): void => {
      clearTimeout(timer);
      ended.removeEventListener('abort', late);
      then();
    };
    const late = (): void => settle(() => {
      reject(new LateError());
      // Without a connection there is nothing to cancel.
      reading.cancel().catch(() => undefined);
    });
    const timer = setTimeout(late, milliseconds);
    ended.addEventListener('abort', late, { once: true });
    reading.on('data', (event: Event) => void events.push(event));
    reading.on('error', (error) => settle(() => reject(error)));
    reading.on('end', () => settle(() => resolve(events)));
  });

export type StreamPage = Readonly<{ from: number; count: number }>;

/** Events of a stream from a revision on; none of a stream that is not there. */
export const readStream = async (held: Held, stream: StreamId, { from, count }: StreamPage, milliseconds: number): Promise<readonly Resolved[]> => {
  try {
    return await collect(held.client.readStream(stream, { ...LEADING, direction: FORWARDS, fromRevision: BigInt(from), maxCount: count }), held, milliseconds);
  } catch (error) {
    if (isNoStream(error)) return [];
    throw error;
  }
};

/** Events of a stream backwards, from a revision or from its end. */
export const readStreamBackwards = async (held: Held, stream: StreamId, { from, count }: Readonly<{ from: number | undefined; count: number }>, milliseconds: number): Promise<readonly Resolved[]> => {
  const fromRevision = from === undefined ? END : BigInt(from);
  try {
    return await collect(held.client.readStream(stream, { ...LEADING, direction: BACKWARDS, fromRevision, maxCount: count }), held, milliseconds);
  } catch (error) {
    if (isNoStream(error)) return [];
    throw error;
  }
};

/** Where an event of the whole log stands. */
const placeOf = ({ event, link }: Resolved): Place | undefined => (link ?? event)?.position;

export type LogPage = Readonly<{
  events: readonly Resolved[];
  /** The position of the last of them; undefined when there are none. */
  upTo: Position | undefined;
}>;

const lastOf = (events: readonly Resolved[]): Position | undefined => {
  const last = events.at(-1);
  const place = last && placeOf(last);
  return place && toPosition(place);
};

/** At most `count` events of the whole log behind a position, the server's own among them. */
export const readLog = async (held: Held, after: Position | undefined, count: number, milliseconds: number): Promise<LogPage> => {
  const fromPlace = after === undefined || isBeginning(after) ? START : fromPosition(after);
  // The event at the position itself comes first: one more is asked for, and it is left out.
  const reading = held.client.readAll({ ...LEADING, direction: FORWARDS, fromPosition: fromPlace, maxCount: count + 1 });
  const found = await collect(reading, held, milliseconds);
  const events = found.filter((event) => after === undefined || toPosition(placeOf(event) as Place) > after).slice(0, count);
  return { events, upTo: lastOf(events) };
};

/** The position of what stands before an event in the whole log, `at` undefined for the first; undefined where the server finds no event at that position. */
export const readBefore = async (held: Held, position: Position, milliseconds: number): Promise<Readonly<{ at: Position | undefined }> | undefined> => {
  const asked = { ...LEADING, fromPosition: fromPosition(position), maxCount: 1 } as const;
  try {
    const [there] = await collect(held.client.readAll({ ...asked, direction: FORWARDS }), held, milliseconds);
    if (there === undefined || toPosition(placeOf(there) as Place) !== position) return undefined;
    return { at: lastOf(await collect(held.client.readAll({ ...asked, direction: BACKWARDS }), held, milliseconds)) };
  } catch (error) {
    if (isNoPlace(error)) return undefined;
    throw error;
  }
};

/** The position of the last event of the whole log, whoever wrote it. */
export const readLogEnd = async (held: Held, milliseconds: number): Promise<Position | undefined> => {
  const reading = held.client.readAll({ ...LEADING, direction: BACKWARDS, fromPosition: END, maxCount: 1 });
  return lastOf(await collect(reading, held, milliseconds));
};

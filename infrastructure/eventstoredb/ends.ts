/**
 * Where appends that expect nothing in particular expect their streams to end. The server is told a revision all the same, since it takes the same
 * events once more for a second append where it is told none. Those that are on their way at once expect to follow one another, in the order in
 * which they are sent, so that none of them waits for another; where a stream is elsewhere, all of them begin again from there. Where a stream
 * ended is remembered: whoever appends to it alone need not ask first, and where another process has appended since, the server says so.
 */
import { createRecent } from '../../application/kernel/recent.ts';
import type { StreamId } from '../../domain/kernel/ids.ts';

/** `round`: which guess a revision stems from. */
export type Expected = Readonly<{ revision: number; round: number }>;

type End = { next: Promise<number> | number; round: number; users: number };

export interface Ends {
  /** Claims the next `count` revisions of a stream; `release` it afterwards. */
  claim(stream: StreamId, count: number): Promise<Expected>;
  /** A stream did not end where it was expected to. */
  moved(stream: StreamId, round: number, actual: number): void;
  release(stream: StreamId): void;
}

/** Streams whose end is remembered, or twice as many. */
const REMEMBERED = 1_000;

export const createEnds = (head: (stream: StreamId) => Promise<number>): Ends => {
  const ends = new Map<StreamId, End>();
  const last = createRecent<StreamId, number>(REMEMBERED);
  const endOf = (stream: StreamId): End => {
    const end = ends.get(stream) ?? { next: last.get(stream) ?? head(stream), round: 0, users: 0 };
    ends.set(stream, end);
    return end;
  };
  const release = (stream: StreamId): void => {
    const end = ends.get(stream);
    if (end === undefined || --end.users > 0) return;
    ends.delete(stream);
    if (typeof end.next === 'number') last.set(stream, end.next);
  };
  return {
    claim: async (stream, count) => {
      const end = endOf(stream);
      end.users += 1;
      try {
        const asked = end.next;
        const found = await asked;
        // Whoever came to know it first has written it down; the others go on from there.
        if (end.next === asked) end.next = found;
        const revision = typeof end.next === 'number' ? end.next : await end.next;
        end.next = revision + count;
        return { revision, round: end.round };
      } catch (error) {
        release(stream);
        throw error;
      }
    },
    moved: (stream, round, actual) => {
      const end = ends.get(stream);
      if (end === undefined || end.round !== round) return;
      end.round += 1;
      end.next = actual;
    },
    release,
  };
};

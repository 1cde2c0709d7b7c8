/** Two logs read back in full, side by side: whether they are the same, event for event. */
import { createHash } from 'node:crypto';
import type { Position } from '../../domain/kernel/ids.ts';
import { lineOf, type MovedEvent, type MovingLog } from './moved-event.ts';
import { createWalk } from './walk.ts';

/** The same event on both sides. */
export type Pair = Readonly<{ source: Position; destination: Position }>;

/** `source` or `destination` undefined: that log has ended here. `number`: which event it is, from 1. */
export type Difference = Readonly<{ number: number; source: MovedEvent | undefined; destination: MovedEvent | undefined }>;

export type Comparison = Readonly<{
  /** Of the events that are the same. */
  events: number;
  /** SHA-256 in hex over the lines of each log up to there. */
  digests: Readonly<{ source: string; destination: string }>;
  /** The last event that is the same. */
  last: Pair | undefined;
  /** Now and then one of them, in order: where to look for the others. */
  index: readonly Pair[];
  /** The first event that is not; undefined: the logs are equal. */
  difference: Difference | undefined;
}>;

export type Compared = Readonly<{ source: Pick<MovingLog, 'read'>; destination: Pick<MovingLog, 'read'> }>;
export type OnEvent = (event: MovedEvent, pair: Pair, number: number) => void;

/** Events between two pairs of the index. */
const INDEX_EVERY = 1_000;

type Both = readonly [source: MovedEvent | undefined, destination: MovedEvent | undefined];
type Same = readonly [source: MovedEvent, destination: MovedEvent];

const areSame = (both: Both): both is Same => both[0] !== undefined && both[1] !== undefined && lineOf(both[0]) === lineOf(both[1]);

/** What has been read and found the same. */
const createRecord = () => {
  const hashes = { source: createHash('sha256'), destination: createHash('sha256') };
  const index: Pair[] = [];
  let [events, last]: [number, Pair | undefined] = [0, undefined];
  return {
    add: ([one, other]: Same): Readonly<{ pair: Pair; number: number }> => {
      hashes.source.update(lineOf(one));
      hashes.destination.update(lineOf(other));
      last = { source: one.position, destination: other.position };
      if (events % INDEX_EVERY === 0) index.push(last);
      events += 1;
      return { pair: last, number: events };
    },
    /** At the end of both, or where they differ. */
    close: ([source, destination]: Both): Comparison => {
      const difference = source === undefined && destination === undefined ? undefined : { number: events + 1, source, destination };
      return { events, difference, last, index, digests: { source: hashes.source.digest('hex'), destination: hashes.destination.digest('hex') } };
    },
  };
};

/** Reads both to the first difference or to their common end. */
export const compareLogs = async ({ source, destination }: Compared, onEvent: OnEvent = () => undefined): Promise<Comparison> => {
  const [left, right, record] = [createWalk(source, undefined), createWalk(destination, undefined), createRecord()];
  for (;;) {
    const both: Both = [await left.peek(), await right.peek()];
    if (!areSame(both)) return record.close(both);
    const { pair, number } = record.add(both);
    left.take();
    right.take();
    onEvent(both[0], pair, number);
  }
};

/**
 * When an append is taken, from what EventStoreDB documents of optimistic concurrency and idempotence: the same ids again at the
 * same expected revision are the same write, whatever came after; some of them only are no write at all.
 */
import type { LogEvent } from './event.ts';

export type Expectation = number | 'no-stream' | 'any' | 'stream-exists';

export type Decision =
  | Readonly<{ outcome: 'store' }>
  /** Stored before: the last event of that write. */
  | Readonly<{ outcome: 'known'; last: LogEvent }>
  /** `current`: -1 without a stream. */
  | Readonly<{ outcome: 'wrong-version'; current: number }>;

type Question = Readonly<{
  events: readonly LogEvent[];
  expected: Expectation;
  ids: readonly string[];
  find: (id: string) => LogEvent | undefined;
  /** The stream has metadata: it counts as one that exists. */
  hasMetadata: boolean;
}>;

const sameWrite = (found: readonly (LogEvent | undefined)[], current: number): Decision => {
  if (found[0] === undefined) return { outcome: 'store' };
  const last = found.at(-1);
  return last === undefined || found.includes(undefined) ? { outcome: 'wrong-version', current } : { outcome: 'known', last };
};

/** What was stored behind `revision`, compared with what is to be. */
const sameAgain = ({ events, ids }: Question, revision: number, current: number): Decision => {
  const stored = events.slice(revision + 1, revision + 1 + ids.length);
  const last = stored.at(-1);
  const isSame = last !== undefined && stored.length === ids.length && stored.every(({ id }, index) => id === ids[index]);
  return isSame ? { outcome: 'known', last } : { outcome: 'wrong-version', current };
};

const atRevision = (question: Question, revision: number): Decision => {
  const current = question.events.length - 1;
  if (revision === current) return { outcome: 'store' };
  return revision > current ? { outcome: 'wrong-version', current } : sameAgain(question, revision, current);
};

/** What an append to a stream that holds `events` comes to. `find` knows the events of that stream by id. */
export const decideAppend = (question: Question): Decision => {
  const { events, expected, ids, find, hasMetadata } = question;
  const current = events.length - 1;
  if (expected === 'stream-exists' && current < 0 && !hasMetadata) return { outcome: 'wrong-version', current };
  if (expected === 'any' || expected === 'stream-exists') return sameWrite(ids.map(find), current);
  return atRevision(question, expected === 'no-stream' ? -1 : expected);
};

/** Time, as far as an engine over a network needs it: ends that are kept, and pauses between two attempts. */
import { setTimeout as sleep } from 'node:timers/promises';
import { LateError } from './failures.ts';

/** An operation has this long; within it, attempts are repeated. Milliseconds. */
export const PATIENCE_MS = 10_000;
/** One attempt has this part of it, so that another connection gets its turn. */
const ATTEMPT = 0.4;
export const ATTEMPT_MS = PATIENCE_MS * ATTEMPT;

const FIRST_PAUSE_MS = 25;
const LONGEST_PAUSE_MS = 1_000;

/** By a clock that never jumps. */
export const monotonic = (): number => performance.now();

/** At once where that time is past. */
export const pauseUntil = async (time: number): Promise<void> => {
  const milliseconds = time - monotonic();
  if (milliseconds > 0) await sleep(milliseconds);
};

export interface Deadline {
  /** Milliseconds, never negative. */
  remaining(): number;
  /** What one attempt may take. */
  attempt(): number;
  /** Waits before the next attempt, longer each time; false when the time would be up by then. */
  pause(): Promise<boolean>;
}

export const createDeadline = (milliseconds: number): Deadline => {
  const end = monotonic() + milliseconds;
  let next = FIRST_PAUSE_MS;
  const remaining = (): number => Math.max(0, end - monotonic());
  return {
    remaining,
    attempt: () => Math.min(milliseconds * ATTEMPT, remaining()),
    pause: async () => {
      if (remaining() <= next) return false;
      await sleep(next);
      next = Math.min(next * 2, LONGEST_PAUSE_MS);
      return true;
    },
  };
};

/** What others do, but no longer than this: a LateError then. The work itself goes on. */
export const within = async <Result>(work: Promise<Result>, milliseconds: number): Promise<Result> => {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new LateError()), milliseconds);
  try {
    return await Promise.race([work, late.promise]);
  } finally {
    clearTimeout(timer);
  }
};

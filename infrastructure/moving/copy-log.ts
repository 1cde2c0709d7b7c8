/** Copies what a destination lacks, in the order of the source, page after page: the order of a log cannot be mended afterwards. */
import { setTimeout as pause } from 'node:timers/promises';
import type { Position } from '../../domain/kernel/ids.ts';
import { Rejection } from '../../domain/kernel/rejection.ts';
import type { MovedEvent, MovingLog } from './moved-event.ts';
import { createWalk, PAGE } from './walk.ts';

/** An engine that is away is waited for this often, with pauses of as many milliseconds in between. */
const ATTEMPTS = 6;
const PAUSE_MS = 5_000;

const isAway = (error: unknown): boolean => error instanceof Rejection && error.code.startsWith('storage.');

/** Both reads and appends can be said again. */
export const patiently = (log: MovingLog, pauseMs = PAUSE_MS): MovingLog => {
  const again = async <Result>(work: () => Promise<Result>): Promise<Result> => {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await work();
      } catch (error) {
        if (!isAway(error) || attempt === ATTEMPTS) throw error;
        await pause(pauseMs);
      }
    }
  };
  return { read: (after, count) => again(() => log.read(after, count)), append: (events) => again(() => log.append(events)) };
};

export type Copying = Readonly<{ source: Pick<MovingLog, 'read'>; destination: Pick<MovingLog, 'append'> }>;

/** Everything of the source behind a position. Answers how many events that were. */
export const copyLog = async ({ source, destination }: Copying, after: Position | undefined, onCopied: (events: readonly MovedEvent[]) => void): Promise<number> => {
  const walk = createWalk(source, after);
  let copied = 0;
  for (;;) {
    const events = await walk.rest(PAGE);
    if (events.length === 0) return copied;
    await destination.append(events);
    copied += events.length;
    onCopied(events);
  }
};

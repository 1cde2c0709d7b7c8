/**
 * Runs work again and again. rxjs decides when (its timers are monotonic: a clock that is set moves nothing), `await` decides how many: one
 * run of a task at a time, the next a pause after the one before has ended.
 */
import { concatMap, fromEvent, lastValueFrom, repeat, take, takeUntil, timer, type Observable } from 'rxjs';
import { createLoneLeases, type Leases } from '../../application/kernel/leases.ts';
import type { Logger } from '../../application/kernel/ports.ts';

export type ScheduledTask = Readonly<{
  name: string;
  /** Milliseconds between the end of a run and the beginning of the next; the first begins after as long. */
  pauseMs: number;
  /** `signal` fires when the scheduler stops. What it rejects with is logged, and the next run comes all the same. */
  work: (signal: AbortSignal) => Promise<unknown>;
}>;

export interface Scheduler {
  start(): void;
  /** No run begins any more; resolves when those at hand have ended. */
  stop(): Promise<void>;
}

/** A pause, the work, and so on. */
const rounds = (pauseMs: number, work: () => Promise<void>): Observable<void> => timer(pauseMs).pipe(concatMap(work), repeat());

/** Runs a task again and again until `signal` fires and the run at hand has ended. */
const runUntil = async ({ pauseMs }: ScheduledTask, once: () => Promise<void>, signal: AbortSignal): Promise<void> => {
  let running: Promise<void> = Promise.resolve();
  const begin = (): Promise<void> => {
    running = once();
    return running;
  };
  const stopped = fromEvent(signal, 'abort').pipe(take(1));
  if (!signal.aborted) await lastValueFrom(rounds(pauseMs, begin).pipe(takeUntil(stopped)), { defaultValue: undefined });
  await running;
};

/** Where several processes are told to do the same, each task is done by the one that holds its lease. */
export const createScheduler = (tasks: readonly ScheduledTask[], logger: Pick<Logger, 'error'>, leases: Leases = createLoneLeases()): Scheduler => {
  const stopping = new AbortController();
  let running: readonly Promise<void>[] = [];

  const runOnce = async ({ name, work }: ScheduledTask, signal: AbortSignal): Promise<void> => {
    try {
      await work(signal);
    } catch (error) {
      logger.error({ error, task: name }, 'scheduled work failed');
    }
  };

  const run = (task: ScheduledTask): Promise<void> => leases.hold(`task:${task.name}`, stopping.signal, (held) => runUntil(task, () => runOnce(task, held), held));

  return {
    start: () => {
      running = tasks.map(run);
    },
    stop: async () => {
      stopping.abort();
      await Promise.all(running);
    },
  };
};

/**
 * Runs work again and again. rxjs decides when (its timers are monotonic: a clock that is set moves nothing), `await` decides how many: one
 * run of a task at a time, the next a pause after the one before has ended.
 */
import { concatMap, repeat, timer, type Observable, type Subscription } from 'rxjs';
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

export const createScheduler = (tasks: readonly ScheduledTask[], logger: Pick<Logger, 'error'>): Scheduler => {
  const stopping = new AbortController();
  const running = new Set<Promise<void>>();
  let subscriptions: readonly Subscription[] = [];

  const run = async ({ name, work }: ScheduledTask): Promise<void> => {
    try {
      await work(stopping.signal);
    } catch (error) {
      logger.error({ error, task: name }, 'scheduled work failed');
    }
  };

  const tracked = (task: ScheduledTask): Promise<void> => {
    const mine = run(task).finally(() => running.delete(mine));
    running.add(mine);
    return mine;
  };

  return {
    start: () => {
      subscriptions = tasks.map((task) => rounds(task.pauseMs, () => tracked(task)).subscribe());
    },
    stop: async () => {
      stopping.abort();
      for (const subscription of subscriptions) subscription.unsubscribe();
      await Promise.all(running);
    },
  };
};

/** What any process writes, as this one learns of it from the log: so that a question here waits for what was written elsewhere. */
import type { EventLog, Logger } from '../../application/kernel/ports.ts';
import type { Position } from '../../domain/kernel/ids.ts';
import { Rejection } from '../../domain/kernel/rejection.ts';
import type { Freshness } from './freshness.ts';
import { pause } from './pause.ts';
import type { AnyProjection } from './projection.ts';

export interface LogWatch {
  /** Follows the log from a position on until `signal` fires; what lies before may concern everybody. */
  run(from: Position | undefined, signal: AbortSignal): Promise<void>;
  /** Resolves when everything that was in the log at this moment has been seen; rejects with `storage.behind` when that takes 5 s. */
  upToNow(): Promise<void>;
  /** Up to where the log has been seen. */
  readonly position: Position | undefined;
  /** The newest event seen that concerns a projection, or where the watch began. */
  concerned(projection: string): Position | undefined;
}

export type LogWatchOptions = Readonly<{
  log: EventLog;
  definitions: readonly AnyProjection[];
  wrote: Freshness['wrote'];
  logger: Pick<Logger, 'warn'>;
  timeoutMs?: number;
}>;

const BATCH = 500;
const AWAY_MS = 1_000;
const TIMEOUT_MS = 5_000;
const RETRY_AFTER = 1;

/** Those who wait for the watch to have seen a position. */
class Waiters {
  readonly #all = new Set<Readonly<{ position: Position; wake: () => void }>>();

  until(position: Position, timeoutMs: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#all.delete(waiter);
        reject(new Rejection('storage.behind', { retryAfter: RETRY_AFTER }));
      }, timeoutMs);
      const wake = (): void => {
        clearTimeout(timer);
        this.#all.delete(waiter);
        resolve();
      };
      const waiter = { position, wake };
      this.#all.add(waiter);
    });
  }

  reached(position: Position): void {
    for (const waiter of this.#all) if (waiter.position <= position) waiter.wake();
  }
}

/** One answer for all who ask before the question is on its way; whoever asks later gets a later answer. */
const createTogether = <T>(ask: () => Promise<T>): (() => Promise<T>) => {
  let next: Promise<T> | undefined;
  let under: Promise<unknown> = Promise.resolve();
  return () => {
    next ??= under.then(() => {
      const asked = ask();
      next = undefined;
      under = asked.catch(() => undefined);
      return asked;
    });
    return next;
  };
};

const namesByType = (definitions: readonly AnyProjection[]): ReadonlyMap<string, readonly string[]> => {
  const byType = new Map<string, string[]>();
  for (const { name, on } of definitions) {
    for (const type of Object.keys(on)) byType.set(type, [...(byType.get(type) ?? []), name]);
  }
  return byType;
};

export const createLogWatch = ({ log, definitions, wrote, logger, timeoutMs = TIMEOUT_MS }: LogWatchOptions): LogWatch => {
  const byType = namesByType(definitions);
  const concerned = new Map<string, Position>();
  const waiters = new Waiters();
  const head = createTogether(() => log.head());
  const feed = log.feed();
  let [began, position]: [Position | undefined, Position | undefined] = [undefined, undefined];

  const see = async (signal: AbortSignal): Promise<void> => {
    const { events, scannedTo } = await feed.pull(position, BATCH, signal);
    for (const event of events) {
      wrote(event.tenant, event.position);
      for (const name of byType.get(event.type) ?? []) concerned.set(name, event.position);
    }
    if (scannedTo === undefined) return;
    position = scannedTo;
    waiters.reached(scannedTo);
  };

  return {
    get position() {
      return position;
    },
    concerned: (projection) => concerned.get(projection) ?? began,
    upToNow: async () => {
      const now = await head();
      if (now !== undefined && now > (position ?? '')) await waiters.until(now, timeoutMs);
    },
    run: async (from, signal) => {
      [began, position] = [from, from];
      while (!signal.aborted) {
        try {
          await see(signal);
        } catch (error) {
          logger.warn({ error }, 'the log cannot be followed now');
          await pause(AWAY_MS, signal);
        }
      }
    },
  };
};

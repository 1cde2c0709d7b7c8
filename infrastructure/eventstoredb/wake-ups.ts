/** When to look whether the log has moved: a subscription to it says so, whose events themselves are not used. */
import { setTimeout as sleep } from 'node:timers/promises';
import { END } from '@eventstore/db-client';
import type { Logger } from '../../application/kernel/ports.ts';
import { movement, type Waiters } from '../event-store/movement.ts';
import type { Connection, Held } from './connection.ts';
import { LateError, words } from './failures.ts';
import { ATTEMPT_MS } from './waiting.ts';

const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 5_000;
/** A subscription may die without a word: nobody waits longer than this without looking. Milliseconds. */
const LOOK_MS = 5_000;

export interface WakeUps {
  /** How often there was reason to look. */
  readonly count: number;
  wake(): void;
  /** Resolves once there has been reason to look since `count` stood at `seen`, or with the signal. */
  since(seen: number, signal: AbortSignal): Promise<void>;
  close(): void;
}

type Ears = Readonly<{ onLive: () => void; onEvent: () => void; signal: AbortSignal }>;

/** Follows the log until the subscription ends, one way or the other. */
const follow = async ({ client, ended }: Held, { onLive, onEvent, signal }: Ears): Promise<void> => {
  const subscription = client.subscribeToAll({ fromPosition: END, requiresLeader: true });
  const over = Promise.withResolvers<void>();
  const stop = (): void => over.resolve();
  const late = setTimeout(() => over.reject(new LateError()), ATTEMPT_MS);
  for (const ending of [ended, signal]) ending.addEventListener('abort', stop, { once: true });
  subscription.on('confirmation', () => {
    clearTimeout(late);
    onLive();
  });
  subscription.on('data', onEvent);
  subscription.on('error', (error) => over.reject(error));
  for (const ending of ['end', 'close'] as const) subscription.on(ending, stop);
  try {
    await over.promise;
  } finally {
    clearTimeout(late);
    for (const ending of [ended, signal]) ending.removeEventListener('abort', stop);
    // Where it has ended there is nothing left to end.
    subscription.unsubscribe().catch(() => undefined);
  }
};

/** Follows the log until told to stop, through as many subscriptions as it takes. */
const listen = async (connection: Connection, logger: Logger, { wake, signal }: Readonly<{ wake: () => void; signal: AbortSignal }>): Promise<void> => {
  let pause = FIRST_PAUSE_MS;
  // What came before the subscription did is found by looking as soon as it is there.
  const onLive = (): void => {
    pause = FIRST_PAUSE_MS;
    wake();
  };
  while (!signal.aborted) {
    const held = connection.current();
    try {
      await follow(held, { onLive, onEvent: wake, signal });
    } catch (error) {
      logger.debug({ reason: words(error) }, 'the subscription to the log has ended');
      connection.failed(held, error);
    }
    await sleep(pause, undefined, { signal, ref: false }).catch(() => undefined);
    pause = Math.min(pause * 2, LONGEST_PAUSE_MS);
  }
};

export const createWakeUps = (connection: Connection, logger: Logger): WakeUps => {
  const waiters: Waiters = new Set();
  const stop = new AbortController();
  let count = 0;
  const wake = (): void => {
    count += 1;
    for (const waiter of waiters) waiter();
  };
  const looking = setInterval(wake, LOOK_MS).unref();
  listen(connection, logger, { wake, signal: stop.signal }).catch((error: unknown) => {
    if (!stop.signal.aborted) logger.error({ reason: words(error) }, `the log is looked at every ${LOOK_MS / 1_000} s only`);
  });
  return {
    get count() {
      return count;
    },
    wake,
    since: async (seen, signal) => {
      if (count === seen && !signal.aborted) await movement(waiters, signal);
    },
    close: () => {
      clearInterval(looking);
      stop.abort();
      wake();
    },
  };
};

/**
 * Counts failed sign-ins by client address and by account: ten a minute (or as many as said), then none is tried any more until the minute is over. Attempts
 * on one key are made in turn, so that a burst in parallel gets no more guesses than one after another.
 */
import { reject } from '../../domain/kernel/rejection.ts';
import type { Clock } from '../kernel/ports.ts';
import type { StateStore } from '../kernel/state.ts';
import { createTurns } from '../kernel/turns.ts';
import { addressKey } from './address-key.ts';

const LIMIT = 10;
const WINDOW_MS = 60_000;
export const LOGIN_FAILURES = 'login-failures';

/** What failures are counted by; ten a minute unless said otherwise. */
export type ThrottleKey = string | Readonly<{ key: string; limit: number }>;

type Counted = Exclude<ThrottleKey, string>;

type Window = Readonly<{ count: number; resetAt: number }>;

export interface LoginThrottle {
  /**
   * Runs an attempt that answers undefined when it failed, or says `miss` when part of it did: either is one failure. A key `ip:<address>` counts for all that `addressKey` takes for one client. Rejects with `tenancy.too_many_attempts` {retryAfter: seconds} when any of
   * the keys has failed too often.
   */
  attempt<T>(keys: readonly ThrottleKey[], work: (miss: () => void) => Promise<T | undefined>): Promise<T | undefined>;
}

const BY_ADDRESS = 'ip:';
const clientKey = (key: string): string => (key.startsWith(BY_ADDRESS) ? `${BY_ADDRESS}${addressKey(key.slice(BY_ADDRESS.length))}` : key);
const counted = (given: ThrottleKey): Counted => {
  const { key, limit } = typeof given === 'string' ? { key: given, limit: LIMIT } : given;
  return { key: clientKey(key), limit };
};

export const createLoginThrottle = ({ state, clock }: Readonly<{ state: StateStore; clock: Clock }>): LoginThrottle => {
  const inTurn = createTurns();

  const put = (key: string, stored: string | undefined, window: Window): Promise<boolean> =>
    state.compareAndSet(LOGIN_FAILURES, key, stored, { value: JSON.stringify(window), expiresAt: window.resetAt });

  const read = async (key: string): Promise<Readonly<{ stored: string | undefined; window: Window | undefined }>> => {
    const stored = await state.get(LOGIN_FAILURES, key);
    const window = stored === undefined ? undefined : (JSON.parse(stored) as Window);
    const now = clock.now();
    if (window === undefined || window.resetAt <= now) return { stored, window: undefined };
    if (window.resetAt <= now + WINDOW_MS) return { stored, window };
    // The clock was set back: the window must not stay open for as long as the jump.
    await put(key, stored, { ...window, resetAt: now + WINDOW_MS });
    return read(key);
  };

  const refuseBeyondLimit = async (keys: readonly Counted[]): Promise<void> => {
    const windows = await Promise.all(keys.map(async ({ key, limit }) => ({ limit, window: (await read(key)).window })));
    const full = windows.flatMap(({ limit, window }) => (window !== undefined && window.count >= limit ? [window.resetAt] : []));
    if (full.length > 0) reject('tenancy.too_many_attempts', { retryAfter: Math.ceil((Math.max(...full) - clock.now()) / 1_000) });
  };

  /** The window opens with its first failure. */
  const countFailure = async (key: string): Promise<void> => {
    for (;;) {
      const { stored, window } = await read(key);
      const next = { count: (window?.count ?? 0) + 1, resetAt: window?.resetAt ?? clock.now() + WINDOW_MS };
      if (await put(key, stored, next)) return;
    }
  };

  const guarded = async <T>(keys: readonly Counted[], work: (miss: () => void) => Promise<T | undefined>): Promise<T | undefined> => {
    await refuseBeyondLimit(keys);
    let missed = false;
    const result = await work(() => { missed = true; });
    if (missed || result === undefined) await Promise.all(keys.map(({ key }) => countFailure(key)));
    return result;
  };

  return {
    attempt: (given, work) => {
      const keys = given.map(counted);
      return keys.reduceRight((inner, { key }) => () => inTurn(key, inner), () => guarded(keys, work))();
    },
  };
};

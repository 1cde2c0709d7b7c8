/**
 * Counts failed sign-ins by client address and by account: ten a minute (or as many as said), then none is tried any more until the minute is over. Attempts
 * on one key are made in turn in a process, and count from their beginning for all others, so that a burst in parallel gets no more guesses than one after another.
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

/** `taken`: whether there was room for it in the window that closes at `resetAt`. */
type Reserved = Readonly<{ key: string; taken: boolean; resetAt: number }>;

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

type Deps = Readonly<{ state: StateStore; clock: Clock }>;

/** Windows of failures, one for each key. */
const createWindows = ({ state, clock }: Deps) => {
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

  /** One more, when there is room. The window opens with the attempt that is its first failure. */
  const reserve = async ({ key, limit }: Counted): Promise<Reserved> => {
    for (;;) {
      const { stored, window } = await read(key);
      const { count, resetAt } = window ?? { count: 0, resetAt: clock.now() + WINDOW_MS };
      if (count >= limit) return { key, taken: false, resetAt };
      if (await put(key, stored, { count: count + 1, resetAt })) return { key, taken: true, resetAt };
    }
  };

  const putLess = (key: string, stored: string, window: Window): Promise<boolean> =>
    window.count > 1 ? put(key, stored, { ...window, count: window.count - 1 }) : state.compareAndSet(LOGIN_FAILURES, key, stored, undefined);

  /** One less, unless the window is another by now; one in which nothing has failed was never opened. */
  const giveBack = async ({ key, resetAt }: Reserved): Promise<void> => {
    for (;;) {
      const { stored, window } = await read(key);
      if (stored === undefined || window === undefined || window.resetAt > resetAt) return;
      if (await putLess(key, stored, window)) return;
    }
  };

  return { reserve, giveBack };
};

export const createLoginThrottle = (deps: Deps): LoginThrottle => {
  const inTurn = createTurns();
  const { reserve, giveBack } = createWindows(deps);
  const giveAllBack = async (reserved: readonly Reserved[]): Promise<unknown> => Promise.all(reserved.filter(({ taken }) => taken).map(giveBack));

  /** Every attempt counts as a failure until it is known to be none: several processes get no more guesses than one. */
  const reserveAll = async (keys: readonly Counted[]): Promise<readonly Reserved[]> => {
    const reserved = await Promise.all(keys.map(reserve));
    const full = reserved.filter(({ taken }) => !taken);
    if (full.length === 0) return reserved;
    await giveAllBack(reserved);
    const until = Math.max(...full.map(({ resetAt }) => resetAt));
    return reject('tenancy.too_many_attempts', { retryAfter: Math.ceil((until - deps.clock.now()) / 1_000) });
  };

  const guarded = async <T>(keys: readonly Counted[], work: (miss: () => void) => Promise<T | undefined>): Promise<T | undefined> => {
    const reserved = await reserveAll(keys);
    let failed = false;
    try {
      let missed = false;
      const result = await work(() => { missed = true; });
      failed = missed || result === undefined;
      return result;
    } finally {
      if (!failed) await giveAllBack(reserved);
    }
  };

  return {
    attempt: (given, work) => {
      const keys = given.map(counted);
      return keys.reduceRight((inner, { key }) => () => inTurn(key, inner), () => guarded(keys, work))();
    },
  };
};

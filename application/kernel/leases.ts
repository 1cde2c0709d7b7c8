/**
 * One process at a time does a thing: which one is an entry of the operational state. Each process that holds leases or waits for one changes an entry of
 * its own again and again, and looks at all of them at once, however many there are. Nobody compares clocks: a lease passes on whose holder has not
 * moved for several looks. A holder that was only asleep may go on for a moment beside its successor, so a lease keeps processes from
 * hindering each other; what keeps their effects single is the compare-and-set of a checkpoint.
 */
import { Claims, holderEntry, type LeaseEntries, LEASES, type Wanted } from './lease-claims.ts';
import type { Ids } from './ports.ts';
import { createPulse } from './pulse.ts';
import { createRounds, type Rounds } from './rounds.ts';

/** Does the work; `held` fires when the lease was lost, or when it is time to stop. */
export type LeasedWork = (held: AbortSignal) => Promise<void>;

export interface Leases {
  /**
   * Waits until the lease of this name is free, and does the work while holding it. After a loss it waits again, so that the work may begin several
   * times; returns when the work has returned by itself, or after `signal`. Rejects with what the work rejects with, the lease given back.
   * `share`: leases with the same word in it are divided evenly among the processes that hold or want any of them: whoever has more than its part gives some up.
   */
  hold(name: string, signal: AbortSignal, work: LeasedWork, share?: string): Promise<void>;
}

export type LeasesOptions = Readonly<{
  state: LeaseEntries;
  ids: Ids;
  /** Resolves after `ms` milliseconds, or at once when the signal fires. */
  pause: (ms: number, signal: AbortSignal) => Promise<void>;
  /** Between two looks: 1.2 s unless given. A lease passes on after five of them at most. */
  everyMs?: number;
}>;

const EVERY_MS = 1_200;

/** For a process that shares nothing: every lease is its own. */
export const createLoneLeases = (): Leases => ({ hold: (_name, signal, work) => work(signal) });

/** Once for all who ask in the same turn. */
const createTogether = (work: () => Promise<void>): (() => void) => {
  let next: Promise<void> | undefined;
  return () => {
    next ??= Promise.resolve().then(() => {
      next = undefined;
      return work();
    });
  };
};

/** Whoever holds leases or waits says that it is there, and looks at all of them. What fails now is made up for by the next round. */
const createLooking = ({ state, pause, everyMs = EVERY_MS }: LeasesOptions, me: string, claims: Claims): Rounds => {
  const pulse = createPulse(state, LEASES, holderEntry(me));
  return createRounds({
    pause, everyMs,
    round: async () => void (await Promise.allSettled([pulse.beat(claims.shares()), claims.look(true)])),
    end: async () => void (await Promise.allSettled([pulse.end()])),
  });
};

export const createLeases = (options: LeasesOptions): Leases => {
  const me = options.ids.next();
  const claims = new Claims(options.state, me);
  const rounds = createLooking(options, me, claims);
  /** Whoever finds a lease free need not wait for the next round. */
  const lookSoon = createTogether(() => claims.look(false));

  /** True when the work has returned by itself. */
  const once = async (wanted: Wanted, signal: AbortSignal, work: LeasedWork): Promise<boolean> => {
    const ready = Promise.withResolvers<void>();
    const claim = claims.add(wanted, ready.resolve);
    const held = AbortSignal.any([signal, claim.lose.signal]);
    held.addEventListener('abort', () => ready.resolve(), { once: true });
    try {
      lookSoon();
      await ready.promise;
      if (!held.aborted) await work(held);
      return !held.aborted;
    } finally {
      await claims.remove(claim);
    }
  };

  return {
    hold: async (name, signal, work, share) => {
      const leave = rounds.enter();
      try {
        let done = false;
        while (!done && !signal.aborted) done = await once({ name, share }, signal, work);
      } finally {
        await leave();
      }
    },
  };
};

/**
 * One process at a time does a thing: which one is an entry of the operational state, renewed by its holder. Nobody compares clocks. Whoever waits
 * looks again and again, and takes a lease over that has not been renewed for several looks. A holder that was only asleep may go on for a moment beside
 * its successor, so a lease keeps processes from hindering each other; what keeps their effects single is the compare-and-set of a checkpoint.
 */
import type { Ids } from './ports.ts';
import type { StateStore } from './state.ts';

/** Does the work; `held` fires when the lease was lost, or when it is time to stop. */
export type LeasedWork = (held: AbortSignal) => Promise<void>;

export interface Leases {
  /**
   * Waits until the lease of this name is free, and does the work while holding it. After a loss it waits again, so that the work may begin several
   * times; returns when the work has returned by itself, or after `signal`. Rejects with what the work rejects with, the lease given back.
   */
  hold(name: string, signal: AbortSignal, work: LeasedWork): Promise<void>;
}

export type LeasesOptions = Readonly<{
  state: StateStore;
  ids: Ids;
  /** Resolves after `ms` milliseconds, or at once when the signal fires. */
  pause: (ms: number, signal: AbortSignal) => Promise<void>;
  /** Between two renewals, and between two looks: 1.2 s unless given. A lease passes on after five of them at most. */
  everyMs?: number;
}>;

/** Scope of the entries in the state store, one for each lease that somebody holds. */
export const LEASES = 'lease';
const EVERY_MS = 1_200;
/** Looks at the same entry after which its holder counts as gone. */
const LOOKS = 4;

/** For a process that shares nothing: every lease is its own. */
export const createLoneLeases = (): Leases => ({ hold: (_name, signal, work) => work(signal) });

type Entries = Pick<StateStore, 'get' | 'compareAndSet'>;
type Timing = Readonly<Required<Pick<LeasesOptions, 'pause' | 'everyMs'>>>;

/** Null: the state store cannot answer now, which says nothing about a lease. */
const orUnknown = async <T>(asked: Promise<T>): Promise<T | null> => {
  try {
    return await asked;
  } catch {
    return null;
  }
};

type Seen = string | undefined | null;

/** Tells, look by look, whether a lease may be taken: nobody has it, or its holder has not renewed it for long enough. */
const createPatience = (): ((present: Seen) => present is string | undefined) => {
  let [seen, looks]: [Seen, number] = [undefined, 0];
  return (present): present is string | undefined => {
    if (present === null) return false;
    looks = present === seen ? looks + 1 : 0;
    seen = present;
    return present === undefined || looks >= LOOKS;
  };
};

/** Takes the lease of this name when it is free or its holder is gone; answers the entry, or undefined after `signal`. */
const createTake = (state: Entries, { pause, everyMs }: Timing) =>
  async (name: string, entry: string, signal: AbortSignal): Promise<string | undefined> => {
    const mayBeTaken = createPatience();
    while (!signal.aborted) {
      const present = await orUnknown(state.get(LEASES, name));
      if (present === entry) return entry;
      if (mayBeTaken(present) && (await orUnknown(state.compareAndSet(LEASES, name, present, { value: entry }))) === true) return entry;
      await pause(everyMs, signal);
    }
    return undefined;
  };

/** Renews until it is told to end, or the lease is somebody else's, and then ends; answers the newest entry that was stored. */
const createRenew = (state: Entries, { pause, everyMs }: Timing) =>
  async (name: string, first: string, ending: AbortController): Promise<string> => {
    let entry = first;
    /** An earlier renewal may have been stored without an answer. */
    const settle = async (): Promise<void> => {
      const present = await orUnknown(state.get(LEASES, name));
      if (present?.startsWith(first) === true) entry = present;
      else if (present !== null) ending.abort();
    };
    for (let count = 1; ; count += 1) {
      await pause(everyMs, ending.signal);
      if (ending.signal.aborted) return entry;
      const next = `${first}:${count}`;
      const renewed = await orUnknown(state.compareAndSet(LEASES, name, entry, { value: next }));
      if (renewed === true) entry = next;
      else if (renewed === false) await settle();
    }
  };

export const createLeases = ({ state, ids, pause, everyMs = EVERY_MS }: LeasesOptions): Leases => {
  const take = createTake(state, { pause, everyMs });
  const renew = createRenew(state, { pause, everyMs });

  /** True when the work has returned by itself. */
  const workWhileHeld = async (name: string, entry: string, signal: AbortSignal, work: LeasedWork): Promise<boolean> => {
    const ending = new AbortController();
    const renewing = renew(name, entry, ending);
    const held = AbortSignal.any([signal, ending.signal]);
    try {
      await work(held);
      return !held.aborted;
    } finally {
      ending.abort();
      await orUnknown(state.compareAndSet(LEASES, name, await renewing, undefined));
    }
  };

  return {
    hold: async (name, signal, work) => {
      let done = false;
      while (!done && !signal.aborted) {
        const entry = await take(name, ids.next(), signal);
        done = entry === undefined || (await workWhileHeld(name, entry, signal, work));
      }
    },
  };
};

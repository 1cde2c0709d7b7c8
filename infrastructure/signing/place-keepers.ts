/**
 * Which processes that hold places are still there: each renews an entry of its own once a second, and whoever has looked at the same entry seven
 * times counts it as gone. Nobody compares clocks. One that was only asleep comes back as if it had never been away, without its places.
 */
import { createPulse } from '../../application/kernel/pulse.ts';
import type { StateStore } from '../../application/kernel/state.ts';

const SCOPE = 'signing-keepers';
/** Looks that find the same, after the first of them. */
const LOOKS = 6;
/** After these, the entry is cleared away. */
const LOOKS_KEPT = 600;

type Seen = Readonly<{ value: string | undefined; looks: number }>;

export interface Keepers {
  /** Says that this process is there, and looks who else is. Called once a second. */
  beat(): Promise<void>;
  /** Whether nothing was heard of it for long enough. This process is always there. */
  isGone(keeper: string): boolean;
  /** This process has no places any more. */
  end(): Promise<void>;
}

type Entries = Pick<StateStore, 'get' | 'compareAndSet' | 'list'>;

export const createKeepers = (state: Entries, me: string): Keepers => {
  const pulse = createPulse(state, SCOPE, me);
  const seen = new Map<string, Seen>();

  const look = async (): Promise<void> => {
    const present = new Map<string, string>();
    for await (const { key, value } of state.list(SCOPE)) present.set(key, value);
    for (const keeper of new Set([...seen.keys(), ...present.keys()])) {
      const [before, value] = [seen.get(keeper), present.get(keeper)];
      seen.set(keeper, { value, looks: before !== undefined && before.value === value ? before.looks + 1 : 0 });
    }
  };

  const clear = async (): Promise<void> => {
    for (const [keeper, { value, looks }] of seen) {
      if (looks < LOOKS_KEPT) continue;
      if (value !== undefined) await state.compareAndSet(SCOPE, keeper, value, undefined);
      seen.delete(keeper);
    }
  };

  return {
    beat: async () => {
      await pulse.beat();
      await look();
      await clear();
    },
    isGone: (keeper) => {
      if (keeper === me) return false;
      const known = seen.get(keeper);
      // One that is named and not listed: looked for from now on.
      if (known === undefined) seen.set(keeper, { value: undefined, looks: 0 });
      return (known?.looks ?? 0) >= LOOKS;
    },
    end: () => pulse.end(),
  };
};

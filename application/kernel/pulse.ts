/** By which others can tell that a process is there: an entry of the state store that it changes again and again. Nobody compares clocks. */
import type { StateStore } from './state.ts';

export interface Pulse {
  /** `says`: what others can read in the entry, behind the number of the beat. Rejects with `storage.unavailable`. */
  beat(says?: string): Promise<void>;
  /** Takes the entry away. */
  end(): Promise<void>;
}

export type PulseEntries = Pick<StateStore, 'get' | 'compareAndSet'>;

/** Nobody else may write this entry; others may clear it away. */
export const createPulse = (state: PulseEntries, scope: string, key: string): Pulse => {
  let [mine, count]: [string | undefined, number] = [undefined, 0];
  return {
    beat: async (says) => {
      count += 1;
      const next = says === undefined ? String(count) : `${count} ${says}`;
      if (await state.compareAndSet(scope, key, mine, { value: next })) mine = next;
      // Cleared away by others, or stored by an earlier attempt whose answer was lost.
      else mine = await state.get(scope, key);
    },
    end: async () => {
      await state.compareAndSet(scope, key, mine, undefined);
      mine = undefined;
    },
  };
};

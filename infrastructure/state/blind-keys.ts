/** A state store in which nobody can read whom it counted: keys that may hold an address are stored as keyed hashes. */
import { createRecent } from '../../application/kernel/recent.ts';
import type { StateStore } from '../../application/kernel/state.ts';
import type { BlindIndex } from '../crypto/personal-data.ts';

const PURPOSE = 'state';
/** Names of windows whose hash is remembered. */
const KEPT = 5_000;

/** `scopes`: entries whose keys name clients. The keys of all windows do, or may. */
export const blindKeys = (state: StateStore, blindIndex: BlindIndex, scopes: readonly string[]): StateStore => {
  const windows = createRecent<string, string>(KEPT);
  const blind = (scope: string, key: string): Promise<string> => blindIndex(PURPOSE, `${scope}\0${key}`);
  /** A window is counted in again and again, and its name stays in memory for a while. */
  const windowOf = async (scope: string, key: string): Promise<string> => {
    const name = `${scope}\0${key}`;
    const known = windows.get(name) ?? (await blind(scope, key));
    windows.set(name, known);
    return known;
  };
  const keyIn = async (scope: string, key: string): Promise<string> => (scopes.includes(scope) ? blind(scope, key) : key);
  return {
    ...state,
    get: async (scope, key) => state.get(scope, await keyIn(scope, key)),
    compareAndSet: async (scope, key, expected, next) => state.compareAndSet(scope, await keyIn(scope, key), expected, next),
    hit: async (scope, key, rule) => state.hit(scope, await windowOf(scope, key), rule),
  };
};

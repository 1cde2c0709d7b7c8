import { createRecent } from '../../application/kernel/recent.ts';

/** What was used lately, for keys that are costly to unwrap. */
export type BoundedCache<Key, Value> = Readonly<{
  get: (key: Key) => Value | undefined;
  /** Remembers and returns the value. */
  keep: (key: Key, value: Value) => Value;
}>;

export const createBoundedCache = <Key, Value>(kept: number): BoundedCache<Key, Value> => {
  const recent = createRecent<Key, Value>(kept);
  return {
    get: (key) => recent.get(key),
    keep: (key, value) => {
      recent.set(key, value);
      return value;
    },
  };
};

/** A map that forgets what was used longest ago. */
export type BoundedCache<Key, Value> = Readonly<{
  get: (key: Key) => Value | undefined;
  /** Remembers and returns the value. */
  keep: (key: Key, value: Value) => Value;
}>;

export const createBoundedCache = <Key, Value>(capacity: number): BoundedCache<Key, Value> => {
  const entries = new Map<Key, Value>();
  const keep = (key: Key, value: Value): Value => {
    entries.delete(key);
    entries.set(key, value);
    if (entries.size > capacity) entries.delete(entries.keys().next().value as Key);
    return value;
  };
  return {
    get: (key) => {
      const value = entries.get(key);
      return value === undefined ? undefined : keep(key, value);
    },
    keep,
  };
};

/** What has begun and is not over: for whoever must not name a moment before everything of that moment is on record. */
export interface UnderWay<Key> {
  /** Counts the work as under way until it settles. */
  track<T>(key: Key, work: () => Promise<T>): Promise<T>;
  /** Resolves when all that is under way at this moment has settled, however it did. */
  settled(key: Key): Promise<void>;
}

export const createUnderWay = <Key>(): UnderWay<Key> => {
  const all = new Map<Key, Set<Promise<unknown>>>();
  return {
    track: async (key, work) => {
      const mine = all.get(key) ?? new Set();
      all.set(key, mine);
      const { promise, resolve } = Promise.withResolvers<void>();
      mine.add(promise);
      try {
        return await work();
      } finally {
        resolve();
        mine.delete(promise);
        if (mine.size === 0 && all.get(key) === mine) all.delete(key);
      }
    },
    settled: async (key) => {
      const present = all.get(key);
      if (present !== undefined) await Promise.all(present);
    },
  };
};

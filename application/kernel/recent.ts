/**
 * A map that keeps what was used lately: between one and two times `kept` entries, or what weighs so much where values are weighed. Two generations instead of one ordered map, because
 * taking the oldest entry out of a large `Map` again and again costs a walk over the holes that the ones before it left.
 */
export interface Recent<Key, Value> {
  get(key: Key): Value | undefined;
  set(key: Key, value: Value): void;
  delete(key: Key): void;
  clear(): void;
}

/** `weigh`: what each value counts; 1 where it is not given. */
export const createRecent = <Key, Value>(kept: number, weigh?: (value: Value) => number): Recent<Key, Value> => {
  let young = new Map<Key, Value>();
  let old = new Map<Key, Value>();
  let weight = 0;
  const weightIn = (key: Key): number => {
    const value = weigh && young.get(key);
    return weigh === undefined || value === undefined ? 0 : weigh(value);
  };
  const set = (key: Key, value: Value): void => {
    if (weigh !== undefined) weight += weigh(value) - weightIn(key);
    young.set(key, value);
    if ((weigh === undefined ? young.size : weight) <= kept) return;
    old = young;
    young = new Map();
    weight = 0;
  };
  return {
    get: (key) => {
      const fresh = young.get(key);
      if (fresh !== undefined) return fresh;
      const known = old.get(key);
      if (known !== undefined) set(key, known);
      return known;
    },
    set,
    delete: (key) => {
      weight -= weightIn(key);
      young.delete(key);
      old.delete(key);
    },
    clear: () => {
      weight = 0;
      young.clear();
      old.clear();
    },
  };
};

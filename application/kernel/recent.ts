/**
 * A map that keeps what was used lately: between one and two times `kept` entries. Two generations instead of one ordered map, because
 * taking the oldest entry out of a large `Map` again and again costs a walk over the holes that the ones before it left.
 */
export interface Recent<Key, Value> {
  get(key: Key): Value | undefined;
  set(key: Key, value: Value): void;
  delete(key: Key): void;
  clear(): void;
}

export const createRecent = <Key, Value>(kept: number): Recent<Key, Value> => {
  let young = new Map<Key, Value>();
  let old = new Map<Key, Value>();
  const set = (key: Key, value: Value): void => {
    young.set(key, value);
    if (young.size <= kept) return;
    old = young;
    young = new Map();
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
      young.delete(key);
      old.delete(key);
    },
    clear: () => {
      young.clear();
      old.clear();
    },
  };
};

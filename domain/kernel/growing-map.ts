/** A map that only grows, as a value: states keep one that has thousands of entries, and each event adds one. */

export type GrowingMap<Key, Value> = Readonly<{
  size: number;
  get: (key: Key) => Value | undefined;
  has: (key: Key) => boolean;
  /** In the order in which they were added. */
  values: () => Iterable<Value>;
  /** Another map, with this one untouched; the key must be new. */
  with: (key: Key, value: Value) => GrowingMap<Key, Value>;
}>;

type Part<Key, Value> = ReadonlyMap<Key, Value>;

/** Parts are joined as soon as the newer one is as large: there are as many as the size has digits in base 2, and adding costs as much. */
const joined = <Key, Value>(parts: readonly Part<Key, Value>[]): readonly Part<Key, Value>[] => {
  const [older, newer] = parts.slice(-2);
  if (older === undefined || newer === undefined || older.size > newer.size) return parts;
  return joined([...parts.slice(0, -2), new Map([...older, ...newer])]);
};

const from = <Key, Value>(parts: readonly Part<Key, Value>[]): GrowingMap<Key, Value> => {
  const partOf = (key: Key): Part<Key, Value> | undefined => parts.find((part) => part.has(key));
  return {
    size: parts.reduce((sum, { size }) => sum + size, 0),
    get: (key) => partOf(key)?.get(key),
    has: (key) => partOf(key) !== undefined,
    values: function* values() {
      for (const part of parts) yield* part.values();
    },
    with: (key, value) => from(joined([...parts, new Map([[key, value]])])),
  };
};

export const emptyMap = <Key, Value>(): GrowingMap<Key, Value> => from<Key, Value>([]);

/** Lets so much work of one key go on at once and no more; the rest waits its turn, first come, first served. */
export type Shares<Key> = <T>(key: Key, work: () => Promise<T>) => Promise<T>;

type Line = { running: number; readonly waiting: (() => void)[] };

/** Keeps one customer's work from filling what all customers share, such as the thread pool. */
export const createShares = <Key>(most: number): Shares<Key> => {
  const lines = new Map<Key, Line>();
  const enter = async (line: Line): Promise<void> => {
    if (line.running < most) {
      line.running += 1;
      return;
    }
    // Whoever leaves hands their place on: the number of those who run stays as it is.
    await new Promise<void>((resolve) => { line.waiting.push(resolve); });
  };
  const leave = (key: Key, line: Line): void => {
    const next = line.waiting.shift();
    if (next !== undefined) {
      next();
      return;
    }
    line.running -= 1;
    if (line.running === 0) lines.delete(key);
  };
  return async (key, work) => {
    const line = lines.get(key) ?? { running: 0, waiting: [] };
    lines.set(key, line);
    await enter(line);
    try {
      return await work();
    } finally {
      leave(key, line);
    }
  };
};

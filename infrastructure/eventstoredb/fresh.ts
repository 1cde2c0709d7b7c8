/** Answers that were true at some moment after they were asked for, at as few questions as that takes. */

type Waiting<Value> = { begun: boolean; answer: Promise<Value> };

/**
 * Whoever asks while a read is on its way may not have its answer, since that read may have seen an older state: all of them share the next
 * one, which begins when the one on its way ends.
 */
export const createFresh = <Key, Value>(read: (key: Key) => Promise<Value>): ((key: Key) => Promise<Value>) => {
  const last = new Map<Key, Waiting<Value>>();
  const ask = (key: Key): Promise<Value> => {
    const before = last.get(key);
    if (before !== undefined && !before.begun) return before.answer;
    const begin = async (): Promise<Value> => {
      // What is asked for in the same turn is asked once.
      if (before === undefined) await Promise.resolve();
      else await before.answer.catch(() => undefined);
      mine.begun = true;
      try {
        return await read(key);
      } finally {
        if (last.get(key) === mine) last.delete(key);
      }
    };
    const mine: Waiting<Value> = { begun: false, answer: undefined as unknown as Promise<Value> };
    mine.answer = begin();
    last.set(key, mine);
    return mine.answer;
  };
  return ask;
};

/** What tests have opened and not closed: a test that fails does not get to its end, and the run must get to its own all the same. */

type Closing = () => unknown;

const left = new Set<Closing>();

/** How to close what was just opened: asked to at the end of the run where the test did not get to it. */
export const closing = <Result>(close: () => Result): (() => Result) => {
  const once = (): Result => {
    left.delete(once);
    return close();
  };
  left.add(once);
  return once;
};

const PATIENCE_MS = 5_000;

const inTime = async (close: Closing): Promise<void> => {
  const late = Promise.withResolvers<void>();
  const timer = setTimeout(late.resolve, PATIENCE_MS);
  // Why it cannot be closed does not matter any more: the test has failed already.
  await Promise.race([(async () => { await close(); })().catch(() => undefined), late.promise]);
  clearTimeout(timer);
};

/** Closes all of it, the newest first; answers how many there were. */
export const closeLeavings = async (): Promise<number> => {
  const all = [...left].toReversed();
  for (const close of all) await inTime(close);
  return all.length;
};

/** Waiting that gives way. */

/** Lets everything else that is ready run first. */
export const yieldToOthers = (): Promise<void> => new Promise((resolve) => { setImmediate(resolve); });

/** Milliseconds of a clock that never jumps. */
export const monotonic = (): number => performance.now();

/** Work in slices. */
export type Slices = Readonly<{
  /** Resolves at once while the slice lasts, and in the next turn of the event loop when it is over. */
  rest: () => Promise<void>;
}>;

/**
 * Slices of `ms` milliseconds, shared by all that rest in them: however many work at once, the others wait for one slice and no more.
 * `now` is a clock that never jumps.
 */
export const createSlices = (ms: number, now: () => number = monotonic): Slices => {
  let began = now();
  let next: Promise<void> | undefined;
  const inNextTurn = async (): Promise<void> => {
    await yieldToOthers();
    next = undefined;
    began = now();
  };
  return {
    rest: async () => {
      while (next !== undefined || now() - began >= ms) {
        next ??= inNextTurn();
        await next;
      }
    },
  };
};

/** Resolves after `ms` milliseconds, or at once when `signal` fires. */
export const pause = (ms: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) {
      resolve();
      return;
    }
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener('abort', done, { once: true });
  });

/** Waiting for a log to move. */

export type Waiters = Set<() => void>;

/** Resolves when the log moves or the signal fires, whichever is first. */
export const movement = (waiters: Waiters, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const done = (): void => {
      waiters.delete(done);
      signal.removeEventListener('abort', done);
      resolve();
    };
    waiters.add(done);
    signal.addEventListener('abort', done, { once: true });
  });

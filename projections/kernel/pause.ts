/** Waiting that gives way. */

/** Lets everything else that is ready run first. */
export const yieldToOthers = (): Promise<void> => new Promise((resolve) => { setImmediate(resolve); });

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

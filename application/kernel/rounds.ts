/** Something done again and again while anybody wants it, once for all of them. */

export type RoundsOptions = Readonly<{
  /** Resolves after `ms` milliseconds, or at once when the signal fires. */
  pause: (ms: number, signal: AbortSignal) => Promise<void>;
  /** Milliseconds between the end of a round and the beginning of the next. */
  everyMs: number;
  /** Rejects never. The first begins with whoever comes first. */
  round: () => Promise<void>;
  /** When the last has left; rejects never. */
  end?: () => Promise<void>;
}>;

export interface Rounds {
  /** Answers how to leave, once; for the last that resolves when the round at hand has ended. */
  enter(): () => Promise<void>;
}

export const createRounds = ({ pause, everyMs, round, end }: RoundsOptions): Rounds => {
  let [here, over]: [number, AbortController] = [0, new AbortController()];
  let running: Promise<void> | undefined;

  const run = async (): Promise<void> => {
    over = new AbortController();
    const { signal } = over;
    while (!signal.aborted) {
      await round();
      await pause(everyMs, signal);
    }
    await end?.();
    // Somebody may have come meanwhile.
    running = here > 0 ? run() : undefined;
  };

  return {
    enter: () => {
      here += 1;
      running ??= run();
      return async () => {
        here -= 1;
        if (here > 0) return;
        over.abort();
        await running;
      };
    },
  };
};

/** Waiting for a time, or for being called before it. */
import type { Pause } from './ports.ts';

export interface Bell {
  /** Whoever waits goes on; whoever does not yet, will not. */
  ring(): void;
  /** Resolves when it has been rung since the last time, or after `ms` milliseconds; whether it has. */
  heard(ms: number): Promise<boolean>;
}

export const createBell = (pause: Pause): Bell => {
  let rung = false;
  let waiting: AbortController | undefined;
  return {
    ring: () => {
      rung = true;
      waiting?.abort();
    },
    heard: async (ms) => {
      if (!rung) {
        waiting = new AbortController();
        await pause(ms, waiting.signal);
        waiting = undefined;
      }
      const heard = rung;
      rung = false;
      return heard;
    },
  };
};

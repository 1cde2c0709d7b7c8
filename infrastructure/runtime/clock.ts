import type { Clock } from '../../application/kernel/ports.ts';

/** The one place where the machine's clock is read. */
export const systemClock: Clock = {
  // oxlint-disable-next-line no-restricted-properties -- everything else gets the time from here
  now: () => Date.now(),
};

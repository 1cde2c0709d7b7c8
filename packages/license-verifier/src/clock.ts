/** The device's clock, read in one place. */

/** Milliseconds since 1970. */
export type Clock = () => number;

export const deviceClock: Clock = () => Date.now();

/** Whole milliseconds; `NaN`, which is neither before nor after anything, for what is no time. */
export const readClock = (clock: Clock): number => {
  const now: unknown = clock();
  return typeof now === 'number' && Number.isSafeInteger(Math.floor(now)) ? Math.floor(now) : Number.NaN;
};

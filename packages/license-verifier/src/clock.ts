/** The device's clock, read in one place. */

/** Milliseconds since 1970. */
export type Clock = () => number;

export const deviceClock: Clock = () => Date.now();

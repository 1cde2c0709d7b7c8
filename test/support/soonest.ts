/**
 * What is promised within a time, on a machine that others use as well: it may hold everybody up now and then, and what is promised is kept in one of three
 * attempts all the same. A fault breaks it in each of them.
 */
const ATTEMPTS = 3;

/** The shortest of what attempts took, in milliseconds; the first that keeps the promise is the last that is made. */
export const soonest = async (withinMs: number, attempt: () => Promise<number>): Promise<number> => {
  let best = Infinity;
  for (let made = 0; made < ATTEMPTS && best >= withinMs; made += 1) best = Math.min(best, await attempt());
  return best;
};

/** How a fixed window counts. */
import type { HitAnswer } from './operations.ts';

/** `resetAt`: when it closes, milliseconds since 1970. */
export type Window = Readonly<{ count: number; resetAt: number }>;

export type WindowRule = Readonly<{ limit: number; windowMs: number; now: number }>;

/** `open`: the window as it stands, if it does; afterwards it includes this hit, unless that is beyond the limit. */
export const hitIn = (open: Window | undefined, { limit, windowMs, now }: WindowRule): HitAnswer => {
  // A clock that was set back must neither open a new window early nor keep this one open for as long as the jump.
  const resetAt = Math.min(open?.resetAt ?? Number.POSITIVE_INFINITY, now + windowMs);
  const counted = open?.count ?? 0;
  const exceeded = counted >= limit;
  return { count: exceeded ? counted : counted + 1, exceeded, resetAt };
};

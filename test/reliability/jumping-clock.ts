/** A clock that nobody can trust: it jumps, stands still and runs backwards, by a seed. */
import type { Clock } from '../../application/kernel/ports.ts';
import type { Seeded } from '../support/seeded.ts';

const SECOND = 1_000;
const DAY = 86_400 * SECOND;
const YEAR = 365.25 * DAY;

/** Where it begins. */
export const START = Date.UTC(2026, 10, 22, 3, 30);

/** Moments at which clocks and calendars have gone wrong before, UTC. */
const MOMENTS: readonly number[] = [
  // Daylight saving time begins and ends, in Europe and in North America.
  Date.UTC(2027, 2, 28, 1), Date.UTC(2026, 9, 25, 1), Date.UTC(2027, 2, 14, 7), Date.UTC(2026, 10, 1, 6),
  // 2^31 seconds; a leap day; a new year.
  2 ** 31 * SECOND, Date.UTC(2028, 1, 29), Date.UTC(2027, 0, 1),
];

/** Milliseconds; forwards as often as backwards. */
const JUMPS: readonly number[] = [SECOND, 30 * SECOND, 60 * SECOND, 3_600 * SECOND, DAY, 31 * DAY, YEAR, 10 * YEAR];

export type JumpingClock = Clock & Readonly<{ /** Ten years at most from its beginning, whatever it does. */ move: () => void; set: (now: number) => void }>;

const within = (now: number): boolean => Math.abs(now - START) <= 12 * YEAR;

export const createJumpingClock = (random: Seeded): JumpingClock => {
  let now = START;
  const anywhere = (): number => {
    if (random.chance(0.2)) return random.pick(MOMENTS) + random.pick([-1, 0, 1]);
    return Math.floor(now + random.pick(JUMPS) * (random.chance(0.5) ? 1 : -1));
  };
  return {
    now: () => now,
    set: (moment) => { now = moment; },
    move: () => {
      // It stands still as often as it ticks, and as often as it jumps.
      const next = random.pick([() => now, () => now + random.below(10 * SECOND), anywhere])();
      now = within(next) ? next : START;
    },
  };
};

/** When signing is open: wall-clock hours of a time zone, on days of the week. */
import type { SigningPolicy, Weekday } from './policy.events.ts';
import { WEEKDAYS } from './policy.ts';

export type SigningHours = NonNullable<SigningPolicy['signingHours']>;

const DAY_MINUTES = 24 * 60;
const NAME = /^[A-Za-z][A-Za-z0-9_+-]*(?:\/[A-Za-z0-9_+-]+){0,3}$/u;
const CLOCK = /^(?:[01]\d|2[0-3]):[0-5]\d$/u;

/** A name of the IANA time zone database, of a zone or of a link to one; offsets are no zones. */
export const isTimeZone = (name: string): boolean => {
  if (!NAME.test(name)) return false;
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone !== '';
  } catch {
    return false;
  }
};

/** HH:MM, 00:00 to 23:59. */
export const isClockTime = (text: string): boolean => CLOCK.test(text);

const minutesOf = (text: string): number => Number(text.slice(0, 2)) * 60 + Number(text.slice(3, 5));

/** ISO weekday, 1 (Monday) to 7; 0 is the Sunday before. */
const isOn = (days: readonly Weekday[] | undefined, weekday: number): boolean => {
  const name = WEEKDAYS[(weekday + 6) % 7];
  return days === undefined || days.length === 0 || (name !== undefined && days.includes(name));
};

/**
 * Whether signing is open at `at` (milliseconds since 1970 UTC). `from` is in, `to` is out; `from` not before `to` crosses midnight, and then
 * the whole window belongs to the day on which it begins.
 */
export const isOpen = ({ timezone, days, from, to }: SigningHours, at: number): boolean => {
  const { dayOfWeek, hour, minute } = Temporal.Instant.fromEpochMilliseconds(at).toZonedDateTimeISO(timezone);
  const now = hour * 60 + minute;
  const begins = minutesOf(from);
  const ends = minutesOf(to) + (begins < minutesOf(to) ? 0 : DAY_MINUTES);
  const isIn = (moment: number): boolean => begins <= moment && moment < ends;
  return (isIn(now) && isOn(days, dayOfWeek)) || (isIn(now + DAY_MINUTES) && isOn(days, dayOfWeek - 1));
};

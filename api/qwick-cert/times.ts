/** Times as this product's document writes and reads them. */
import { rejectFields } from '../../domain/kernel/rejection.ts';

/** Whole seconds (`2026-03-01T12:00:00Z`), as API keys show their times; milliseconds since 1970 in. */
export const toSeconds = (at: number): string => new Date(at).toISOString().replace(/\.\d{3}Z$/u, 'Z');

const DAY_MS = 24 * 60 * 60 * 1000;

/** Whole days left, rounded down: negative once it has passed. */
export const daysUntil = (then: number, now: number): number => Math.floor((then - now) / DAY_MS);

const DATE = /^\d{4}-\d{2}-\d{2}$/u;
const DATE_TIME = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:Z|[+-]\d{2}:\d{2})$/u;
const FOUR_DIGIT_YEAR = /^\d{4}-/u;

const instant = (text: string, endOfDay: boolean): string => {
  if (DATE.test(text)) return `${Temporal.PlainDate.from(text).toString()}T${endOfDay ? '23:59:59.999' : '00:00:00.000'}Z`;
  // A form-decoded `+` is a space: only an offset can be meant by one here.
  const dateTime = text.replace(' ', '+');
  if (!DATE_TIME.test(dateTime)) throw new RangeError('neither a date nor a date-time');
  const utc = Temporal.Instant.from(dateTime).toString({ fractionalSecondDigits: 3 });
  if (!FOUR_DIGIT_YEAR.test(utc)) throw new RangeError('beyond four-digit years');
  return utc;
};

/**
 * An inclusive bound in UTC, ISO 8601 with milliseconds, from a date (its first or last moment in UTC) or a date-time with
 * offset. Rejects anything else, naming the field.
 */
export const parseBound = (name: 'date_from' | 'date_to', text: string): string => {
  try {
    return instant(text, name === 'date_to');
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return rejectFields({ [name]: 'must be an ISO 8601 date, or a date-time with an offset' });
  }
};

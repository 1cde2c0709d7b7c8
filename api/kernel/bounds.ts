/** Bounds of time ranges, as questions give them. */
import { rejectFields } from '../../domain/kernel/rejection.ts';

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
export const boundOf = (edge: 'from' | 'to', field: string, text: string): string => {
  try {
    return instant(text, edge === 'to');
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return rejectFields({ [field]: 'must be an ISO 8601 date, or a date-time with an offset' });
  }
};

/** Rejects a range whose end lies before its beginning, naming `field`, that of its end: an empty answer would look like one to the question that was meant. */
export const checkRange = (from: string | undefined, to: string | undefined, field: string): void => {
  if (from !== undefined && to !== undefined && to < from) rejectFields({ [field]: 'must not lie before the beginning of the range' });
};

/** Ranges of times cut at the borders of UTC days, so that whole days need no walking. */
import type { Condition } from '../../application/kernel/read-models.ts';
import type { ColumnValue } from './shape.ts';

const TIME = /^\d{4}-\d\d-\d\dT(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d\.\d{3}Z$/;

const isTime = (value: unknown): value is string => typeof value === 'string' && TIME.test(value);

/** What stands for a value that is there and is no time: a range may hold it, and no day does. */
export const NO_DAY = 0;

/** The UTC day of a time (`2026-03-01`), null where there is none. */
export const dayOf = (value: ColumnValue): ColumnValue => {
  if (value === null) return null;
  return isTime(value) ? value.slice(0, 10) : NO_DAY;
};

type Bound = Readonly<{ day: string; /** The range holds all of this day, as far as this bound goes. */ whole: boolean }>;

const FIRST = 'T00:00:00.000Z';
const LAST = 'T23:59:59.999Z';
/** Before and after all days there are. */
const NEVER = { [FIRST]: { day: '0000-00-00', whole: true }, [LAST]: { day: '9999-99-99', whole: true } } as const;

const boundOf = (inclusive: unknown, exclusive: unknown, edge: typeof FIRST | typeof LAST): Bound | undefined => {
  if (inclusive === undefined && exclusive === undefined) return NEVER[edge];
  const at = inclusive ?? exclusive;
  if (!isTime(at) || (inclusive !== undefined && exclusive !== undefined)) return undefined;
  const day = at.slice(0, 10);
  return { day, whole: exclusive === undefined && at === `${day}${edge}` };
};

/** The whole days of a range, and the days at its ends of which it holds a part. */
export type Days = Readonly<{ after: Readonly<{ day: string; inclusive: boolean }>; before: Readonly<{ day: string; inclusive: boolean }>; parts: readonly string[] }>;

const rangeOf = (condition: Condition): Exclude<Condition, string | number | boolean | null> =>
  condition === null || typeof condition !== 'object' || condition.in !== undefined ? {} : condition;

/** Undefined where a condition is something else than a range of times: one without any bound also holds what has no time. */
export const daysOf = (condition: Condition): Days | undefined => {
  const { gte, gt, lte, lt } = rangeOf(condition);
  if ([gte, gt, lte, lt].every((bound) => bound === undefined)) return undefined;
  const from = boundOf(gte, gt, FIRST);
  const to = boundOf(lte, lt, LAST);
  if (from === undefined || to === undefined) return undefined;
  const parts = new Set([from, to].filter(({ whole }) => !whole).map(({ day }) => day));
  return { after: { day: from.day, inclusive: from.whole }, before: { day: to.day, inclusive: to.whole }, parts: [...parts] };
};

/** All times of one day, as text: `from` included, `to` not. */
export const textOfDay = (day: string): Readonly<{ gte: string; lt: string }> => ({ gte: `${day}T`, lt: `${day}U` });

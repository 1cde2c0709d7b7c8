/** In which period a signing counts. Pure: the moment is given. */
import type { PlanState } from '../tenancy/terms.ts';

export type PeriodUnit = 'month' | 'year';

/** From `start` (inclusive) to `end` (exclusive), UTC in ISO 8601 with milliseconds. `id` tells it from all others of its tenant. */
export type Period = Readonly<{ id: string; start: string; end: string }>;

const MONTHS: Readonly<Record<PeriodUnit, number>> = { month: 1, year: 12 };

/** Some months later or earlier at the same time of day; a day that the month does not have becomes its last one. */
export const plusMonths = (at: Date, months: number): Date => {
  const moved = new Date(at);
  moved.setUTCDate(1);
  moved.setUTCMonth(at.getUTCMonth() + months);
  const lastDay = new Date(Date.UTC(moved.getUTCFullYear(), moved.getUTCMonth() + 1, 0)).getUTCDate();
  moved.setUTCDate(Math.min(at.getUTCDate(), lastDay));
  return moved;
};

const monthsBetween = (from: Date, to: Date): number =>
  (to.getUTCFullYear() - from.getUTCFullYear()) * 12 + to.getUTCMonth() - from.getUTCMonth();

/** A year on Free, a month on every other plan. */
export const unitOf = (plan: string): PeriodUnit => (plan === 'free' ? 'year' : 'month');

/**
 * The period that holds `now` (milliseconds since 1970). Each step is counted from the anchor, not from the step before, so that a plan of
 * the 31st is back on the 31st after February. The anchor is the end that the operator has set, or else the plan's start.
 */
export const periodAt = ({ plan, since, currentPeriodEnd }: Pick<PlanState, 'plan' | 'since' | 'currentPeriodEnd'>, now: number): Period => {
  const unit = unitOf(plan);
  const anchor = new Date(currentPeriodEnd ?? since);
  const step = (count: number): Date => plusMonths(anchor, count * MONTHS[unit]);
  let steps = Math.floor(monthsBetween(anchor, new Date(now)) / MONTHS[unit]);
  if (step(steps).getTime() > now) steps -= 1;
  else if (step(steps + 1).getTime() <= now) steps += 1;
  const start = step(steps).toISOString();
  return { id: `${unit}.${start}`, start, end: step(steps + 1).toISOString() };
};

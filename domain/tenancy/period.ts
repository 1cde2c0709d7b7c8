/** The periods of a plan, in which what it allows is counted. Pure: the moment is given. */
import type { PlanState } from './terms.ts';

export type PeriodUnit = 'month' | 'year';

/** From `start` (inclusive) to `end` (exclusive), UTC in ISO 8601 with milliseconds. `id` tells it from all others of its tenant. */
export type Period = Readonly<{ id: string; start: string; end: string }>;

type Anchored = Pick<PlanState, 'plan' | 'since' | 'currentPeriodEnd'>;
type Periodic = Anchored & Pick<PlanState, 'period'>;

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

const named = (plan: string, start: string, end: string): Period => ({ id: `${unitOf(plan)}.${start}`, start, end });

/**
 * The step of the grid that holds `now`. Each step is counted from the anchor, not from the step before, so that a plan of the 31st is
 * back on the 31st after February. The anchor is the end that the operator has set, or else the plan's start.
 */
const stepAt = ({ plan, since, currentPeriodEnd }: Anchored, now: number): Period => {
  const months = MONTHS[unitOf(plan)];
  const anchor = new Date(currentPeriodEnd ?? since);
  const step = (count: number): Date => plusMonths(anchor, count * months);
  let steps = Math.floor(monthsBetween(anchor, new Date(now)) / months);
  if (step(steps).getTime() > now) steps -= 1;
  else if (step(steps + 1).getTime() <= now) steps += 1;
  return named(plan, step(steps).toISOString(), step(steps + 1).toISOString());
};

/** The period that holds `now` (milliseconds since 1970): the one that was running when its end was moved, as long as it lasts, then the grid. */
export const periodAt = (plan: Periodic, now: number): Period => {
  const { period } = plan;
  const runs = period !== undefined && Date.parse(period.start) <= now && now < Date.parse(period.end);
  return runs ? named(plan.plan, period.start, period.end) : stepAt(plan, now);
};

/** The first point of the grid at or after `start` and a whole step: what lies further ahead is not waited for, and counted by the step. */
const aWholeStep = (next: Anchored, start: string, now: number): Period =>
  stepAt(next, Math.max(now, plusMonths(new Date(start), MONTHS[unitOf(next.plan)]).getTime() - 1));

const endOfMoved = (next: Anchored, start: string, now: number): string => {
  const { end } = stepAt(next, now);
  const isFar = next.currentPeriodEnd !== undefined && next.currentPeriodEnd > end;
  return isFar ? aWholeStep(next, start, now).end : end;
};

/**
 * The period to be remembered when `next` replaces `before` at `at`: the one that was running keeps its start, and with it its count,
 * wherever its end moves; a plan of another name begins a new one. Undefined where the grid of `next` says the same.
 */
export const periodAfter = (before: Periodic | undefined, next: Anchored, at: string): PlanState['period'] => {
  const stays = before?.plan === next.plan;
  if (stays && before.currentPeriodEnd === next.currentPeriodEnd) return before.period;
  const now = Date.parse(at);
  const step = stepAt(next, now);
  const moved = stays ? periodAt(before, now).start : at;
  const period = { start: moved, end: stays ? endOfMoved(next, moved, now) : step.end };
  return period.start === step.start && period.end === step.end ? undefined : period;
};

/** When the subscription ends that is cancelled with its period; the end that was remembered stays while nothing else is set. */
export const endOf = (before: PlanState | undefined, next: Omit<PlanState, 'endsAt'>, at: string): string | undefined => {
  if (!next.cancelAtPeriodEnd) return undefined;
  const same = before?.endsAt !== undefined && before.plan === next.plan && before.currentPeriodEnd === next.currentPeriodEnd;
  return same ? before.endsAt : (next.currentPeriodEnd ?? periodAt(next, Date.parse(at)).end);
};

/** Plans between the wire and the domain. */
import type { Static } from 'typebox';
import { rejectFields } from '../../domain/kernel/rejection.ts';
import type { PlanLimits, PlanState, PlanTerms } from '../../domain/tenancy/terms.ts';
import type { PlanBody, PlanReply } from './schemas.ts';

/** What every store and every reader can hold: an offset leads out of the years 0 to 9999, which then have more digits. */
const EXACT = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$/u;

/** UTC with milliseconds; rejects, naming `field`, what is no moment of the years 0 to 9999 (such as the 60th second that JavaScript does not know). */
export const instantOf = (value: string, field: string): string => {
  const at = Date.parse(value);
  const moment = Number.isNaN(at) ? '' : new Date(at).toISOString();
  return EXACT.test(moment) ? moment : rejectFields({ [field]: 'must be a valid date-time' });
};

type Limits = NonNullable<Static<typeof PlanBody>['limits']>;

const limitsOf = ({ members, signing_operations, concurrency, requests_per_minute }: Limits): PlanLimits => ({
  ...(members !== undefined && { members }),
  ...(signing_operations !== undefined && { signingOperations: signing_operations }),
  ...(concurrency !== undefined && { concurrency }),
  ...(requests_per_minute !== undefined && { requestsPerMinute: requests_per_minute }),
});

export const planOf = (body: Static<typeof PlanBody>): PlanTerms => {
  const { plan, status = 'active', current_period_end: end, cancel_at_period_end: cancels = false, discount, limits = {} } = body;
  return {
    plan,
    status,
    ...(end !== undefined && { currentPeriodEnd: instantOf(end, 'current_period_end') }),
    cancelAtPeriodEnd: cancels,
    ...(discount && {
      discount: { name: discount.name, percentOff: discount.percent_off, endsAt: instantOf(discount.ends_at, 'discount.ends_at') },
    }),
    limits: limitsOf(limits),
  };
};

const showLimits = ({ members, signingOperations, concurrency, requestsPerMinute }: PlanLimits): Limits => ({
  ...(members !== undefined && { members }),
  ...(signingOperations !== undefined && { signing_operations: signingOperations }),
  ...(concurrency !== undefined && { concurrency }),
  ...(requestsPerMinute !== undefined && { requests_per_minute: requestsPerMinute }),
});

export const showPlan = ({ plan, status, since, currentPeriodEnd, cancelAtPeriodEnd, discount, limits }: PlanState): Static<typeof PlanReply> => ({
  plan,
  status,
  since,
  current_period_end: currentPeriodEnd ?? null,
  cancel_at_period_end: cancelAtPeriodEnd,
  discount: discount === undefined ? null : { name: discount.name, percent_off: discount.percentOff, ends_at: discount.endsAt },
  limits: showLimits(limits),
});

/** Which plans there are, and what a tenant starts with. */
import { rejectFields } from '../kernel/rejection.ts';
import { PLANS, SURFACES, type PlanState, type Plans, type PlanStatus, type SurfaceName } from './terms.ts';

/** Rejects a plan that the surface does not have, naming `field`. */
export const checkPlan = (surface: SurfaceName, plan: string, field: string): void => {
  const names = PLANS[surface];
  if (names === undefined) rejectFields({ [field]: `${surface} has no plans` });
  else if (!names.includes(plan)) rejectFields({ [field]: `must be one of ${names.join(', ')}` });
};

const starting = (plan: string, since: string): PlanState => ({
  plan,
  status: 'active',
  since,
  cancelAtPeriodEnd: false,
  limits: {},
});

const MEMBERS: Readonly<Record<string, number>> = { free: 3, pro: 10 };

/**
 * How many members a tenant may have; undefined: any number. It is Qwick Cert's plan that says so. Since members belong to all
 * surfaces, a plan that nobody chose does not keep a customer of another product from adding people.
 */
export const memberLimit = ({ 'qwick-cert': plan }: Plans): number | undefined => {
  if (plan === undefined) return undefined;
  return plan.limits.members ?? (plan.assumed === true ? undefined : MEMBERS[plan.plan]);
};

const opening = (asked: string | undefined, first: string, since: string): PlanState =>
  asked === undefined ? { ...starting(first, since), assumed: true } : starting(asked, since);

/** The plans of a new tenant: the ones asked for, and the first of every other surface that has plans. */
export const openingPlans = (asked: Readonly<Partial<Record<SurfaceName, string>>>, since: string): Plans => {
  for (const [surface, plan] of Object.entries(asked)) checkPlan(surface as SurfaceName, plan, `plans.${surface}`);
  return Object.fromEntries(
    SURFACES.flatMap((surface) => {
      const first = PLANS[surface]?.[0];
      return first === undefined ? [] : [[surface, opening(asked[surface], first, since)]];
    }),
  );
};

type Ending = Pick<PlanState, 'cancelAtPeriodEnd' | 'currentPeriodEnd' | 'endsAt'>;

/**
 * When a subscription that is cancelled at the end of its period has ended by `now` (milliseconds since 1970): that moment, else
 * undefined. Events that do not say when it ends mean the end that the operator has set; without one there is none.
 */
export const endedAt = ({ cancelAtPeriodEnd, currentPeriodEnd, endsAt = currentPeriodEnd }: Ending, now: number): string | undefined =>
  cancelAtPeriodEnd && endsAt !== undefined && Date.parse(endsAt) <= now ? endsAt : undefined;

/** Cancelled also when it was to end with its period, and that is over. */
export const statusAt = (plan: Ending & Pick<PlanState, 'status'>, now: number): PlanStatus =>
  endedAt(plan, now) === undefined ? plan.status : 'cancelled';

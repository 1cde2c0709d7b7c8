/** Which plans there are, and what a tenant starts with. */
import { rejectFields } from '../kernel/rejection.ts';
import { PLANS, SURFACES, type PlanState, type Plans, type SurfaceName } from './terms.ts';

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

/** The plans of a new tenant: the ones asked for, and the first of every other surface that has plans. */
export const openingPlans = (asked: Readonly<Partial<Record<SurfaceName, string>>>, since: string): Plans => {
  for (const [surface, plan] of Object.entries(asked)) checkPlan(surface as SurfaceName, plan, `plans.${surface}`);
  return Object.fromEntries(
    SURFACES.flatMap((surface) => {
      const first = PLANS[surface]?.[0];
      return first === undefined ? [] : [[surface, starting(asked[surface] ?? first, since)]];
    }),
  );
};

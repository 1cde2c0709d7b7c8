/** What a QuantumLock plan allows. A plan that was cancelled, or has ended with its period, counts as the free one. */
import { statusAt } from '../tenancy/plans.ts';
import type { Plans } from '../tenancy/terms.ts';

export const FREE_PLAN = 'free';

const IN_A_MONTH: Readonly<Record<string, number>> = { free: 100, startup: 10_000, business: 100_000, enterprise: 999_999_999 };
const LEAST = 100;

/** The plan that an account is on; `now` in milliseconds since 1970. */
export const licencePlan = ({ 'quantum-lock': plan }: Plans, now: number): string =>
  plan === undefined || statusAt(plan, now) === 'cancelled' ? FREE_PLAN : plan.plan;

/** Licences in one UTC month on a plan. */
export const licenceLimit = (plan: string): number => IN_A_MONTH[plan] ?? LEAST;

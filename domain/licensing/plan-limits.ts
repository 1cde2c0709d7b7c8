/** What a QuantumLock plan allows. A plan that was cancelled counts as the free one. */
import type { Plans } from '../tenancy/terms.ts';

export const FREE_PLAN = 'free';

const IN_A_MONTH: Readonly<Record<string, number>> = { free: 100, startup: 10_000, business: 100_000, enterprise: 999_999_999 };
const LEAST = 100;

/** The plan that an account is on now. */
export const licencePlan = ({ 'quantum-lock': plan }: Plans): string => (plan === undefined || plan.status === 'cancelled' ? FREE_PLAN : plan.plan);

/** Licences in one UTC month. */
export const licenceLimit = (plans: Plans): number => IN_A_MONTH[licencePlan(plans)] ?? LEAST;

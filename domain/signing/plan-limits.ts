/** What a Qwick Cert plan allows; undefined: without limit. The operator's own limits go before the plan's. */
import type { PlanState } from '../tenancy/terms.ts';

type Limited = Pick<PlanState, 'plan' | 'limits'>;

export const FREE_PLAN = 'free';
const FREE_SIGNINGS_A_YEAR = 100;
const CONCURRENCY: Readonly<Record<string, number>> = { free: 1, pro: 2, enterprise: 16 };
const LEAST = 1;

/** Signings in one period. */
export const signingLimit = ({ plan, limits }: Limited): number | undefined =>
  limits.signingOperations ?? (plan === FREE_PLAN ? FREE_SIGNINGS_A_YEAR : undefined);

/** Requests in the signing step at once. */
export const signingConcurrency = ({ plan, limits }: Limited): number => limits.concurrency ?? CONCURRENCY[plan] ?? LEAST;

/** The state of a subscription: what it allows, and what of it is used. */
import { endedAt, memberLimit, statusAt } from '../../domain/tenancy/plans.ts';
import type { PlanDiscount, PlanStatus } from '../../domain/tenancy/terms.ts';
import type { Clock } from '../kernel/ports.ts';
import type { TenantView } from '../tenancy/access.ts';
import type { Members } from '../tenancy/members.ts';
import { signingPlan } from './authorise.ts';
import type { SigningQuotas } from './quota.ts';

/** Limits are undefined where there is none. Times are UTC in ISO 8601. */
export type BillingSummary = Readonly<{
  plan: string;
  status: PlanStatus;
  /** As the operator has set it, while that lies ahead; else the end of the period that signings count in. When the subscription has ended: when it did. */
  currentPeriodEnd: string;
  cancelAtPeriodEnd: boolean;
  limits: Readonly<{ members: number | undefined; signingOperations: number | undefined }>;
  usage: Readonly<{ members: number; signingOperations: number }>;
  /** The one in force. */
  discount: PlanDiscount | undefined;
}>;

export type Billing = (tenant: TenantView) => Promise<BillingSummary>;

type Deps = Readonly<{ quotas: Pick<SigningQuotas, 'usage'>; members: Pick<Members, 'count'>; clock: Clock }>;

const isAfter = (at: string | undefined, now: number): at is string => at !== undefined && Date.parse(at) > now;

export const createBilling =
  ({ quotas, members, clock }: Deps): Billing =>
  async (tenant) => {
    const plan = signingPlan(tenant);
    const { period, used, limit } = await quotas.usage(tenant);
    const now = clock.now();
    return {
      plan: plan.plan,
      status: statusAt(plan, now),
      currentPeriodEnd: endedAt(plan, now) ?? (isAfter(plan.currentPeriodEnd, now) ? plan.currentPeriodEnd : period.end),
      cancelAtPeriodEnd: plan.cancelAtPeriodEnd,
      limits: { members: memberLimit(tenant.plans), signingOperations: limit },
      usage: { members: await members.count(tenant.id), signingOperations: used },
      discount: isAfter(plan.discount?.endsAt, now) ? plan.discount : undefined,
    };
  };

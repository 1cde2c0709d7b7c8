/** The words of tenancy: roles, surfaces and their plans. */

export type Role = 'owner' | 'admin' | 'signer' | 'developer' | 'viewer';
export const ROLES: readonly Role[] = ['owner', 'admin', 'signer', 'developer', 'viewer'];

export type SurfaceName = 'qwick-cert' | 'quantum-api' | 'quick-ztna' | 'quantum-lock' | 'certwatch';
export const SURFACES: readonly SurfaceName[] = ['qwick-cert', 'quantum-api', 'quick-ztna', 'quantum-lock', 'certwatch'];

/** What can be bought of each surface; the first is where a tenant starts. The other surfaces have no plans. */
export const PLANS: Readonly<Partial<Record<SurfaceName, readonly [string, ...string[]]>>> = {
  'qwick-cert': ['free', 'pro', 'enterprise'],
  'quick-ztna': ['free', 'business', 'workforce'],
  'quantum-lock': ['free', 'startup', 'business', 'enterprise'],
};

export type PlanStatus = 'active' | 'past_due' | 'cancelled';
export const PLAN_STATUSES: readonly PlanStatus[] = ['active', 'past_due', 'cancelled'];

/** Absent: as the plan's own limit is. */
export type PlanLimits = Readonly<{
  members?: number;
  signingOperations?: number;
  concurrency?: number;
  requestsPerMinute?: number;
}>;

export type PlanDiscount = Readonly<{ name: string; percentOff: number; endsAt: string }>;

/** The state of one surface's plan; times are UTC in ISO 8601. */
export type PlanState = Readonly<{
  plan: string;
  status: PlanStatus;
  /** When the plan began. */
  since: string;
  /** As the operator has set it. */
  currentPeriodEnd?: string;
  /** The period that was running when its end was moved: its count goes on until `end`, then periods follow `currentPeriodEnd`. */
  period?: Readonly<{ start: string; end: string }>;
  cancelAtPeriodEnd: boolean;
  /** With `cancelAtPeriodEnd`: when it ends. */
  endsAt?: string;
  discount?: PlanDiscount;
  limits: PlanLimits;
  /** Nobody chose it: it came with the tenant. */
  assumed?: boolean;
}>;

/** What is set of a plan; the rest follows from what was there before. */
export type PlanTerms = Omit<PlanState, 'since' | 'period' | 'endsAt'>;

export type Plans = Readonly<Partial<Record<SurfaceName, PlanState>>>;

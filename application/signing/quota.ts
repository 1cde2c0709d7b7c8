/** How many signings a tenant's plan allows in a period: taken before the intent, given back when there is no signature. */
import type { TenantId } from '../../domain/kernel/ids.ts';
import { Rejection } from '../../domain/kernel/rejection.ts';
import { periodAt, type Period } from '../../domain/tenancy/period.ts';
import { endedAt } from '../../domain/tenancy/plans.ts';
import { FREE_PLAN, signingLimit } from '../../domain/signing/plan-limits.ts';
import type { Cause, Clock, EventStore } from '../kernel/ports.ts';
import type { TenantView } from '../tenancy/access.ts';
import { signingPlan } from './authorise.ts';
import type { Gate } from './gates.ts';
import { createQuotaVolumes } from './quota-volumes.ts';

/** One signing that was taken. `period` is the id of the period it counts in. */
export type Reservation = Readonly<{ tenant: TenantId; period: string; operationId: string }>;

export type SigningUsage = Readonly<{ period: Period; used: number; /** undefined: without limit */ limit: number | undefined }>;

export interface SigningQuotas {
  /**
   * The same operation again is the same reservation. Rejects with `signing.limit_reached` {limit} or, on Free,
   * `signing.free_limit_reached` {limit, retryAfter: seconds to the period's end}; while what is left is reserved by requests under way,
   * with `signing.queue_timeout` {retryAfter: seconds}.
   */
  reserve(tenant: TenantView, operationId: string, cause: Cause): Promise<Reservation>;
  /** There is a signature. Settling twice, either way, is settling once. */
  spend(reservation: Reservation, cause: Cause): Promise<void>;
  /** There is none, and there will be none. */
  release(reservation: Reservation, cause: Cause): Promise<void>;
  usage(tenant: TenantView): Promise<SigningUsage>;
}

/** What a plan's limit is called when it stands in the way. */
const beyond = (plan: string, limit: number, { end }: Period, now: number): Rejection =>
  plan === FREE_PLAN
    ? new Rejection('signing.free_limit_reached', { limit, retryAfter: Math.max(1, Math.ceil((Date.parse(end) - now) / 1_000)) })
    : new Rejection('signing.limit_reached', { limit });

/** As long as a full queue says; who is before us may give back what they hold. */
const RETRY_AFTER_SECONDS = 5;

type Limited = Readonly<{ plan: string; limit: number | undefined; period: Period; now: number }>;

/** What is told instead of `error`, where it is the quota's. */
const told = (error: unknown, { plan, limit, period, now }: Limited): unknown => {
  if (!(error instanceof Rejection) || limit === undefined) return error;
  if (error.code === 'signing.limit_reserved') return new Rejection('signing.queue_timeout', { retryAfter: RETRY_AFTER_SECONDS });
  return error.code === 'signing.limit_reached' ? beyond(plan, limit, period, now) : error;
};

export const createSigningQuotas = ({ store, clock }: Readonly<{ store: EventStore; clock: Clock }>): SigningQuotas => {
  const volumes = createQuotaVolumes(store);
  const settle = (type: 'SpendSigning' | 'ReleaseSigning', reservation: Reservation, cause: Cause): Promise<void> =>
    volumes.execute(reservation, { type, data: { operationId: reservation.operationId } }, cause);

  return {
    reserve: async (tenant, operationId, cause) => {
      const plan = signingPlan(tenant);
      const now = clock.now();
      const period = periodAt(plan, now);
      const limit = signingLimit(plan);
      const data = { operationId, reservedAt: new Date(now).toISOString(), limit };
      try {
        await volumes.execute({ tenant: tenant.id, period: period.id }, { type: 'ReserveSigning', data }, cause);
      } catch (error) {
        throw told(error, { plan: plan.plan, limit, period, now });
      }
      return { tenant: tenant.id, period: period.id, operationId };
    },
    spend: (reservation, cause) => settle('SpendSigning', reservation, cause),
    release: (reservation, cause) => settle('ReleaseSigning', reservation, cause),
    usage: async (tenant) => {
      const plan = signingPlan(tenant);
      const now = clock.now();
      const ended = endedAt(plan, now);
      // Of a subscription that has ended, its last one.
      const period = periodAt(plan, ended === undefined ? now : Date.parse(ended) - 1);
      const { used } = await volumes.load(tenant.id, period.id);
      return { period, used, limit: signingLimit(plan) };
    },
  };
};

/** Takes one signing of the period; the last thing asked before the queue. */
export const quotaGate =
  (quotas: Pick<SigningQuotas, 'reserve' | 'spend' | 'release'>): Gate =>
  async ({ principal, operationId, cause }) => {
    const reservation = await quotas.reserve(principal.tenant, operationId, cause);
    return { undo: () => quotas.release(reservation, cause), keep: () => quotas.spend(reservation, cause) };
  };

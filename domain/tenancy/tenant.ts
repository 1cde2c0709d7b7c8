/** A tenant: its name and its plans. It exists from `TenantCreated` on, whatever was prepared for it before. */
import { otherwise, type Decider, type Message } from '../kernel/decider.ts';
import { reject } from '../kernel/rejection.ts';
import { endOf, periodAfter } from './period.ts';
import { checkPlan } from './plans.ts';
import type { TenantEvent } from './tenant.events.ts';
import type { PlanState, Plans, PlanTerms, SurfaceName } from './terms.ts';

export type CreateTenant = Message<'CreateTenant', { slug: string; name: string; plans: Plans }>;
export type AbandonTenant = Message<'AbandonTenant', { slug: string }>;
/** Replaces the state of a plan; `at` (UTC, ISO 8601) is when it begins, unless it is the plan already there. */
export type SetPlan = Message<'SetPlan', { surface: SurfaceName; plan: PlanTerms; at: string }>;

export type TenantCommand = CreateTenant | AbandonTenant | SetPlan;

export type TenantState =
  | Readonly<{ status: 'none' }>
  | Readonly<{ status: 'abandoned' }>
  | Readonly<{ status: 'open'; slug: string; name: string; plans: Plans }>;

const evolve = (state: TenantState, event: TenantEvent): TenantState => {
  switch (event.type) {
    case 'TenantCreated':
      return { status: 'open', ...event.data };
    case 'TenantAbandoned':
      return { status: 'abandoned' };
    case 'PlanSet':
      return state.status === 'open'
        ? { ...state, plans: { ...state.plans, [event.data.surface]: event.data.plan } }
        : state;
    default:
      return otherwise(event, state);
  }
};

const create = ({ data }: CreateTenant, state: TenantState): readonly TenantEvent[] => {
  if (state.status === 'open') return [];
  if (state.status === 'abandoned') return reject('tenancy.slug_taken', { slug: data.slug });
  return [{ type: 'TenantCreated', data }];
};

const abandon = ({ data }: AbandonTenant, state: TenantState): readonly TenantEvent[] => {
  if (state.status === 'open') return reject('tenancy.slug_taken', { slug: data.slug });
  return state.status === 'abandoned' ? [] : [{ type: 'TenantAbandoned', data }];
};

/** Members in a fixed order, so that equal plans are equal texts. */
const inOrder = (plan: PlanState): string =>
  JSON.stringify([
    [plan.period?.start, plan.period?.end],
    [plan.plan, plan.status, plan.since, plan.currentPeriodEnd, plan.cancelAtPeriodEnd, plan.endsAt, plan.assumed === true],
    [plan.discount?.name, plan.discount?.percentOff, plan.discount?.endsAt],
    [plan.limits.members, plan.limits.signingOperations, plan.limits.concurrency, plan.limits.requestsPerMinute],
  ]);

const planAfter = (before: PlanState | undefined, terms: PlanTerms, at: string): PlanState => {
  const anchored = { ...terms, since: before?.plan === terms.plan ? before.since : at };
  const period = periodAfter(before, anchored, at);
  const next = { ...anchored, ...(period !== undefined && { period }) };
  const endsAt = endOf(before, next, at);
  return { ...next, ...(endsAt !== undefined && { endsAt }) };
};

const setPlan = ({ data: { surface, plan, at } }: SetPlan, state: TenantState): readonly TenantEvent[] => {
  if (state.status !== 'open') return reject('tenancy.tenant_unknown');
  checkPlan(surface, plan.plan, 'plan');
  const before = state.plans[surface];
  const next = planAfter(before, plan, at);
  if (before !== undefined && inOrder(before) === inOrder(next)) return [];
  return [{ type: 'PlanSet', data: { surface, plan: next } }];
};

export const tenant: Decider<TenantState, TenantCommand, TenantEvent> = {
  initialState: { status: 'none' },
  evolve,
  decide: (command, state) => {
    switch (command.type) {
      case 'CreateTenant':
        return create(command, state);
      case 'AbandonTenant':
        return abandon(command, state);
      case 'SetPlan':
        return setPlan(command, state);
      default:
        return otherwise(command, []);
    }
  },
};

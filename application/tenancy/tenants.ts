/** How tenants come into being and change their plans. docs/contexts/tenancy.md tells the order of the appends, and why. */
import type { TenantId } from '../../domain/kernel/ids.ts';
import { Rejection, reject, rejectFields } from '../../domain/kernel/rejection.ts';
import { openingPlans } from '../../domain/tenancy/plans.ts';
import { checkSlug } from '../../domain/tenancy/slug.ts';
import type { PlanState, PlanTerms, SurfaceName } from '../../domain/tenancy/terms.ts';
import type { Cause, Clock } from '../kernel/ports.ts';
import type { TenantView } from './access.ts';
import { streams, type TenancyAggregates } from './aggregates.ts';
import { checkEmail } from './email.ts';
import { instant } from './instant.ts';
import { checkPassword } from './password-policy.ts';
import type { Persons } from './persons.ts';

export type NewTenant = Readonly<{
  slug: string;
  name: string;
  owner: Readonly<{ email: string; password: string }>;
  /** The first plan of a surface where none is named. */
  plans: Readonly<Partial<Record<SurfaceName, string>>>;
}>;

export type CreatedTenant = Readonly<{ tenant: TenantView; owner: Readonly<{ userId: string; email: string }> }>;

export interface Tenants {
  /**
   * `id` becomes the tenant's; the same call with the same id again completes what was begun. Rejects with `tenancy.slug_taken` {slug}, or
   * with `request.invalid` {fields}.
   */
  create(id: TenantId, wanted: NewTenant, cause: Cause): Promise<CreatedTenant>;
  /** Replaces the state of a plan. Rejects with `tenancy.tenant_unknown` or `request.invalid` {fields}. */
  setPlan(id: TenantId, surface: SurfaceName, plan: PlanTerms, cause: Cause): Promise<PlanState>;
}

const checked = ({ slug, name, owner }: NewTenant) => {
  checkSlug(slug);
  if (name.trim() === '') rejectFields({ name: 'must not be empty' });
  const email = checkEmail(owner.email, 'owner.email');
  checkPassword(owner.password, 'owner.password', [email, slug, name]);
  return { name: name.trim(), email };
};

type Deps = Readonly<{ aggregates: Pick<TenancyAggregates, 'slugs' | 'tenants'>; persons: Persons; clock: Clock }>;

/** What an earlier, equal call got done is done. */
const createAlreadyMember = (persons: Persons) => (id: TenantId, email: string) => async (error: unknown): Promise<string> => {
  const found = error instanceof Rejection && error.code === 'tenancy.member_exists' ? await persons.findMember(id, email) : undefined;
  if (found === undefined) throw error;
  return found;
};

/** What the same call has completed before: said again, and nothing touched, least of all a password that may be another one by now. */
const createCompleted =
  ({ aggregates: { tenants }, persons }: Deps) =>
  async (id: TenantId, slug: string, email: string): Promise<CreatedTenant | undefined> => {
    const { state } = await tenants.load(streams.tenant(id));
    if (state.status !== 'open') return undefined;
    const userId = await persons.find(id, email);
    if (state.slug !== slug || userId === undefined) return reject('tenancy.slug_taken', { slug });
    return { tenant: { id, slug: state.slug, name: state.name, plans: state.plans }, owner: { userId, email } };
  };

export const createTenants = (deps: Deps): Tenants => {
  const { persons, clock, aggregates: { slugs, tenants } } = deps;
  const completed = createCompleted(deps);
  const alreadyMember = createAlreadyMember(persons);

  /** The slug leads to this tenant from now on, unless another one is complete; an incomplete one never will be. */
  const reserve = async (slug: string, tenantId: TenantId, cause: Cause): Promise<void> => {
    const { state } = await slugs.load(streams.slug(slug));
    const before = state.tenantId as TenantId | undefined;
    if (before !== undefined && before !== tenantId) {
      await tenants.execute(streams.tenant(before), { type: 'AbandonTenant', data: { slug } }, cause);
    }
    const instead = before === undefined || before === tenantId ? {} : { instead: before };
    await slugs.execute(streams.slug(slug), { type: 'ReserveSlug', data: { slug, tenantId, ...instead } }, cause);
  };

  return {
    create: async (id, wanted, cause) => {
      const { name, email } = checked(wanted);
      const plans = openingPlans(wanted.plans, instant(clock.now()));
      const before = await completed(id, wanted.slug, email);
      if (before !== undefined) return before;
      await reserve(wanted.slug, id, cause);
      const { password } = wanted.owner;
      const owner = await persons.join({ tenant: id, email, password, role: 'owner', by: { kind: 'operator' } }, cause).catch(alreadyMember(id, email));
      const created = { type: 'CreateTenant', data: { slug: wanted.slug, name, plans } } as const;
      const { state } = await tenants.execute(streams.tenant(id), created, cause);
      if (state.status !== 'open') return reject('tenancy.slug_taken', { slug: wanted.slug });
      return { tenant: { id, slug: state.slug, name: state.name, plans: state.plans }, owner: { userId: owner, email } };
    },

    setPlan: async (id, surface, plan, cause) => {
      const command = { type: 'SetPlan', data: { surface, plan, at: instant(clock.now()) } } as const;
      const { state } = await tenants.execute(streams.tenant(id), command, cause);
      return (state.status === 'open' ? state.plans[surface] : undefined) ?? reject('tenancy.tenant_unknown');
    },
  };
};

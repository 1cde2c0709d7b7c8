/** Who belongs to a tenant. */
import type { SubjectId, TenantId } from '../../domain/kernel/ids.ts';
import { reject } from '../../domain/kernel/rejection.ts';
import { memberCount } from '../../domain/tenancy/membership.ts';
import type { Role } from '../../domain/tenancy/terms.ts';
import type { Cause } from '../kernel/ports.ts';
import { streams, type TenancyAggregates } from './aggregates.ts';
import { checkEmail } from './email.ts';
import { checkPassword } from './password-policy.ts';
import type { Persons } from './persons.ts';

export type MemberView = Readonly<{ userId: SubjectId; email: string; role: Role }>;

/** Why, and whether the one who asks may give and take ownership: the operator and owners may, admins may not. */
export type MemberChange = Readonly<{ cause: Cause; overOwners: boolean }>;

/** Each rejects with `tenancy.owner_required` when ownership is given or taken without the right to. */
export interface Members {
  /** Rejects with `tenancy.member_exists`, `tenancy.member_limit` {limit} or `request.invalid` {fields}. */
  add(tenant: TenantId, person: Readonly<{ email: string; password: string; role: Role }>, how: MemberChange): Promise<MemberView>;
  /** Rejects with `tenancy.member_unknown` or `tenancy.last_owner`. In force with the next request. */
  changeRole(tenant: TenantId, userId: string, role: Role, how: MemberChange): Promise<void>;
  /** Rejects likewise. Ends what the person was signed in to and the credentials that act for them. */
  remove(tenant: TenantId, userId: string, how: MemberChange): Promise<void>;
  /** How many belong to the tenant now. */
  count(tenant: TenantId): Promise<number>;
}

export const createMembers = (
  { aggregates: { memberships }, persons }: Readonly<{ aggregates: Pick<TenancyAggregates, 'memberships'>; persons: Persons }>,
): Members => {
  return {
    add: async (tenant, person, { cause, overOwners }) => {
      const email = checkEmail(person.email, 'email');
      checkPassword(person.password, 'password', [email]);
      if (person.role === 'owner' && !overOwners) return reject('tenancy.owner_required');
      // Refused before a password is hashed; the append decides again.
      if ((await persons.findMember(tenant, email)) !== undefined) return reject('tenancy.member_exists');
      await persons.requireRoom(tenant);
      const userId = await persons.join({ ...person, tenant, email, overOwners }, cause);
      return { userId, email, role: person.role };
    },

    changeRole: async (tenant, userId, role, { cause, overOwners }) => {
      await memberships.execute(streams.membership(tenant), { type: 'ChangeRole', data: { userId, role, overOwners } }, cause);
    },

    count: async (tenant) => memberCount((await memberships.load(streams.membership(tenant))).state),

    remove: async (tenant, userId, { cause, overOwners }) => {
      await memberships.execute(streams.membership(tenant), { type: 'RemoveMember', data: { userId, overOwners } }, cause);
    },
  };
};

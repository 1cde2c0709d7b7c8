/** Who belongs to a tenant. */
import type { SubjectId, TenantId } from '../../domain/kernel/ids.ts';
import { reject } from '../../domain/kernel/rejection.ts';
import { requireOwnerFor, type Manager } from '../../domain/tenancy/manager.ts';
import { memberCount } from '../../domain/tenancy/membership.ts';
import type { Role } from '../../domain/tenancy/terms.ts';
import type { Cause } from '../kernel/ports.ts';
import { streams, type TenancyAggregates } from './aggregates.ts';
import { checkEmail } from './email.ts';
import { checkPassword } from './password-policy.ts';
import type { Persons } from './persons.ts';

export type MemberView = Readonly<{ userId: SubjectId; email: string; role: Role }>;

/** Why, and by whom: what they may do is decided by what they are when it is appended, not when they asked. */
export type MemberChange = Readonly<{ cause: Cause; by: Manager }>;

/**
 * Each rejects with `tenancy.owner_required` when ownership is given or taken by an admin, and with `tenancy.forbidden` when whoever asks is neither
 * owner nor admin any more.
 */
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
    add: async (tenant, person, { cause, by }) => {
      const email = checkEmail(person.email, 'email');
      checkPassword(person.password, 'password', [email]);
      // Refused before a password is hashed; the append decides again.
      const { state } = await memberships.load(streams.membership(tenant));
      requireOwnerFor(state, { by }, person.role);
      if ((await persons.findMember(tenant, email)) !== undefined) return reject('tenancy.member_exists');
      await persons.requireRoom(tenant);
      const userId = await persons.join({ ...person, tenant, email, by }, cause);
      return { userId, email, role: person.role };
    },

    changeRole: async (tenant, userId, role, { cause, by }) => {
      await memberships.execute(streams.membership(tenant), { type: 'ChangeRole', data: { userId, role, by } }, cause);
    },

    count: async (tenant) => memberCount((await memberships.load(streams.membership(tenant))).state),

    remove: async (tenant, userId, { cause, by }) => {
      await memberships.execute(streams.membership(tenant), { type: 'RemoveMember', data: { userId, by } }, cause);
    },
  };
};

/** Who looks after the members of a tenant, and what they may do at the moment that it is decided: never what they might have done when they asked. */
import { reject } from '../kernel/rejection.ts';
import type { MembershipState } from './membership-state.ts';
import type { Role } from './terms.ts';

export type Manager = Readonly<{ kind: 'operator' }> | Readonly<{ kind: 'person'; userId: string }>;

/** What every command about members carries. */
export type Managed = Readonly<{ by: Manager }>;

const roleOf = ({ members }: MembershipState, by: Manager): Role | undefined =>
  by.kind === 'operator' ? 'owner' : members.get(by.userId)?.role;

/** Rejects with `tenancy.forbidden` who is neither operator nor owner or admin. */
export const requireManager = (state: MembershipState, { by }: Managed): void => {
  const role = roleOf(state, by);
  if (role !== 'owner' && role !== 'admin') reject('tenancy.forbidden');
};

/** Rejects with `tenancy.owner_required` when ownership is given or taken by who is neither operator nor owner. */
export const requireOwnerFor = (state: MembershipState, { by }: Managed, ...roles: readonly (Role | undefined)[]): void => {
  if (roles.includes('owner') && roleOf(state, by) !== 'owner') reject('tenancy.owner_required');
};

/** Everybody who belongs, or belonged, to a tenant: in one stream, so that there always is an owner. */
import { otherwise, type Decider, type Message } from '../kernel/decider.ts';
import { reject } from '../kernel/rejection.ts';
import type { Sealed } from '../kernel/sealed.ts';
import type { MembershipEvent } from './membership.events.ts';
import type { Role } from './terms.ts';

/** Who asks may give and take ownership: an owner or the operator, but no admin. */
type Authority = Readonly<{ overOwners: boolean }>;

/** `limit`: how many members there may be; without, any number. */
export type AddMember = Message<'AddMember', { userId: string; role: Role; email: Sealed; limit?: number } & Authority>;
export type ChangeRole = Message<'ChangeRole', { userId: string; role: Role } & Authority>;
export type RemoveMember = Message<'RemoveMember', { userId: string } & Authority>;

export type MembershipCommand = AddMember | ChangeRole | RemoveMember;

/** `role` is undefined for somebody who has been removed. */
export type Member = Readonly<{ role: Role | undefined; term: number }>;
export type MembershipState = Readonly<{ members: ReadonlyMap<string, Member> }>;

const withMember = (state: MembershipState, userId: string, member: Member): MembershipState => ({
  members: new Map(state.members).set(userId, member),
});

const evolve = (state: MembershipState, event: MembershipEvent): MembershipState => {
  const { userId } = event.data;
  const term = state.members.get(userId)?.term ?? 0;
  switch (event.type) {
    case 'MemberAdded':
      return withMember(state, userId, { role: event.data.role, term: event.data.term });
    case 'MemberRoleChanged':
      return withMember(state, userId, { role: event.data.role, term });
    case 'MemberRemoved':
      return withMember(state, userId, { role: undefined, term });
    default:
      return otherwise(event, state);
  }
};

/** Rejects when nobody but this person owns the tenant. */
const keepAnOwner = (state: MembershipState, leaving: string): void => {
  const others = [...state.members].filter(([userId, { role }]) => role === 'owner' && userId !== leaving);
  if (others.length === 0) reject('tenancy.last_owner');
};

const checkAuthority = ({ overOwners }: Authority, ...roles: readonly (Role | undefined)[]): void => {
  if (!overOwners && roles.includes('owner')) reject('tenancy.owner_required');
};

/** Those who belong to the tenant now. */
export const memberCount = ({ members }: MembershipState): number => [...members.values()].filter(({ role }) => role !== undefined).length;

/** Rejects with `tenancy.member_limit` {limit} when nobody else fits in. */
export const requireRoom = (state: MembershipState, limit: number | undefined): void => {
  if (limit !== undefined && memberCount(state) >= limit) reject('tenancy.member_limit', { limit });
};

const add = ({ data }: AddMember, state: MembershipState): readonly MembershipEvent[] => {
  const before = state.members.get(data.userId);
  if (before?.role !== undefined) return reject('tenancy.member_exists');
  checkAuthority(data, data.role);
  requireRoom(state, data.limit);
  const { userId, role, email } = data;
  return [{ type: 'MemberAdded', data: { userId, role, email, term: (before?.term ?? 0) + 1 } }];
};

const changeRole = ({ data }: ChangeRole, state: MembershipState): readonly MembershipEvent[] => {
  const role = state.members.get(data.userId)?.role ?? reject('tenancy.member_unknown');
  if (role === data.role) return [];
  checkAuthority(data, role, data.role);
  if (role === 'owner') keepAnOwner(state, data.userId);
  return [{ type: 'MemberRoleChanged', data: { userId: data.userId, role: data.role } }];
};

const remove = ({ data }: RemoveMember, state: MembershipState): readonly MembershipEvent[] => {
  const member = state.members.get(data.userId) ?? reject('tenancy.member_unknown');
  if (member.role === undefined) return [];
  checkAuthority(data, member.role);
  if (member.role === 'owner') keepAnOwner(state, data.userId);
  return [{ type: 'MemberRemoved', data: { userId: data.userId } }];
};

export const membership: Decider<MembershipState, MembershipCommand, MembershipEvent> = {
  initialState: { members: new Map() },
  evolve,
  decide: (command, state) => {
    switch (command.type) {
      case 'AddMember':
        return add(command, state);
      case 'ChangeRole':
        return changeRole(command, state);
      case 'RemoveMember':
        return remove(command, state);
      default:
        return otherwise(command, []);
    }
  },
};

/** Everybody who belongs, or belonged, to a tenant: in one stream, so that there always is an owner. */
import { otherwise, type Decider, type Message } from '../kernel/decider.ts';
import { reject } from '../kernel/rejection.ts';
import type { Sealed } from '../kernel/sealed.ts';
import {
  invitationsLost, invitationsSettled, invite, openInvitation, revokeInvitation,
  type AcceptInvitation, type Invite, type RevokeInvitation,
} from './invitations.ts';
import { requireManager, requireOwnerFor, type Managed } from './manager.ts';
import type { MembershipEvent } from './membership.events.ts';
import { evolveMembership, nobody, type MembershipState } from './membership-state.ts';
import type { Role } from './terms.ts';

export type { Member, MembershipState } from './membership-state.ts';

/** `limit`: how many members there may be; without, any number. */
export type AddMember = Message<'AddMember', { userId: string; role: Role; email: Sealed; passwordHash: Sealed; limit?: number } & Managed>;
export type ChangeRole = Message<'ChangeRole', { userId: string; role: Role } & Managed>;
export type RemoveMember = Message<'RemoveMember', { userId: string } & Managed>;

export type MembershipCommand = AddMember | ChangeRole | RemoveMember | Invite | AcceptInvitation | RevokeInvitation;

/** Rejects when nobody but this person owns the tenant. */
const keepAnOwner = (state: MembershipState, leaving: string): void => {
  const others = [...state.members].filter(([userId, { role }]) => role === 'owner' && userId !== leaving);
  if (others.length === 0) reject('tenancy.last_owner');
};

/** Those who belong to the tenant now. */
export const memberCount = ({ members }: MembershipState): number => [...members.values()].filter(({ role }) => role !== undefined).length;

/** Rejects with `tenancy.member_limit` {limit} when nobody else fits in. */
export const requireRoom = (state: MembershipState, limit: number | undefined): void => {
  if (limit !== undefined && memberCount(state) >= limit) reject('tenancy.member_limit', { limit });
};

type Joining = Readonly<{ userId: string; role: Role; email: Sealed; passwordHash: Sealed; limit?: number }>;

const join = (state: MembershipState, { limit, ...person }: Joining): MembershipEvent => {
  const before = state.members.get(person.userId);
  if (before?.role !== undefined) return reject('tenancy.member_exists');
  requireRoom(state, limit);
  return { type: 'MemberAdded', data: { ...person, term: (before?.term ?? 0) + 1 } };
};

const add = ({ data }: AddMember, state: MembershipState): readonly MembershipEvent[] => {
  const { by: _, ...person } = data;
  if (state.members.get(data.userId)?.role === undefined) requireOwnerFor(state, data, data.role);
  return [join(state, person), ...invitationsSettled(state, data.userId)];
};

const accept = ({ data }: AcceptInvitation, state: MembershipState): readonly MembershipEvent[] => {
  const { userId, role } = openInvitation(state, data) ?? reject('tenancy.code_invalid');
  const { invitationId, email, passwordHash, limit } = data;
  const member = join(state, { userId, role, email, passwordHash, ...(limit !== undefined && { limit }) });
  return [{ type: 'InvitationAccepted', data: { invitationId, userId } }, member];
};

const changeRole = ({ data }: ChangeRole, state: MembershipState): readonly MembershipEvent[] => {
  const { userId, role } = data;
  const before = state.members.get(userId)?.role ?? reject('tenancy.member_unknown');
  if (before === role) return [];
  requireOwnerFor(state, data, before, role);
  if (before === 'owner') keepAnOwner(state, userId);
  return [{ type: 'MemberRoleChanged', data: { userId, role } }, ...invitationsLost(state, userId, role)];
};

const remove = ({ data }: RemoveMember, state: MembershipState): readonly MembershipEvent[] => {
  const { userId } = data;
  const member = state.members.get(userId) ?? reject('tenancy.member_unknown');
  if (member.role === undefined) return [];
  requireOwnerFor(state, data, member.role);
  if (member.role === 'owner') keepAnOwner(state, userId);
  return [{ type: 'MemberRemoved', data: { userId } }, ...invitationsLost(state, userId, undefined)];
};

const decide = (command: MembershipCommand, state: MembershipState): readonly MembershipEvent[] => {
  // Whoever joins by an invitation manages nothing; everybody else must still be who they were when they asked.
  if (command.type !== 'AcceptInvitation') requireManager(state, command.data);
  switch (command.type) {
    case 'AddMember':
      return add(command, state);
    case 'ChangeRole':
      return changeRole(command, state);
    case 'RemoveMember':
      return remove(command, state);
    case 'Invite':
      return invite(command, state);
    case 'AcceptInvitation':
      return accept(command, state);
    case 'RevokeInvitation':
      return revokeInvitation(command, state);
    default:
      return otherwise(command, []);
  }
};

export const membership: Decider<MembershipState, MembershipCommand, MembershipEvent> = {
  initialState: nobody,
  evolve: evolveMembership,
  decide,
};

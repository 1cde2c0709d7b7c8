/** Asking people to join: at most one pending invitation for a person, used once, and worth what its maker is. */
import type { Message } from '../kernel/decider.ts';
import { reject } from '../kernel/rejection.ts';
import type { Sealed } from '../kernel/sealed.ts';
import { requireOwnerFor, type Managed } from './manager.ts';
import type { InvitationCreated, InvitationEnd, InvitationRevoked } from './membership.events.ts';
import type { Invitation, MembershipState } from './membership-state.ts';
import type { Role } from './terms.ts';

export type Invite = Message<'Invite', InvitationCreated['data'] & Managed>;
/** `at`: UTC, ISO 8601. `limit`: how many members there may be; without, any number. */
export type AcceptInvitation = Message<
  'AcceptInvitation',
  { invitationId: string; codeHash: string; at: string; email: Sealed; passwordHash: Sealed; limit?: number }
>;
export type RevokeInvitation = Message<'RevokeInvitation', { invitationId: string } & Managed>;

export type PendingInvitation = Extract<Invitation, { status: 'pending' }>;

const pending = ({ invitations }: MembershipState): readonly PendingInvitation[] =>
  [...invitations.values()].filter((each): each is PendingInvitation => each.status === 'pending');

/** The invitation that this code opens at this time; undefined when there is none. */
export const openInvitation = (
  { invitations }: MembershipState,
  { invitationId, codeHash, at }: Pick<AcceptInvitation['data'], 'invitationId' | 'codeHash' | 'at'>,
): PendingInvitation | undefined => {
  const found = invitations.get(invitationId);
  return found?.status === 'pending' && found.codeHash === codeHash && at < found.expiresAt ? found : undefined;
};

const mayInvite = (role: Role | undefined, invited: Role): boolean => role === 'owner' || (role === 'admin' && invited !== 'owner');

const revoked = ({ invitationId, userId }: PendingInvitation, reason: InvitationEnd): InvitationRevoked => ({
  type: 'InvitationRevoked',
  data: { invitationId, userId, reason },
});

/** What a member has begun and, in this role (none: gone), may not go on with. */
export const invitationsLost = (state: MembershipState, inviter: string, role: Role | undefined): readonly InvitationRevoked[] =>
  pending(state)
    .filter((each) => each.invitedBy === inviter && !mayInvite(role, each.role))
    .map((each) => revoked(each, 'inviter_left'));

/** Whoever has become a member needs no invitation any more. */
export const invitationsSettled = (state: MembershipState, userId: string): readonly InvitationRevoked[] =>
  pending(state).filter((each) => each.userId === userId).map((each) => revoked(each, 'member_added'));

export const invite = ({ data: { by, ...data } }: Invite, state: MembershipState): readonly InvitationCreated[] => {
  if (state.invitations.has(data.invitationId)) return [];
  if (state.members.get(data.userId)?.role !== undefined) return reject('tenancy.member_exists');
  requireOwnerFor(state, { by }, data.role);
  const before = pending(state).find((each) => each.userId === data.userId && data.createdAt < each.expiresAt);
  return before === undefined ? [{ type: 'InvitationCreated', data }] : reject('tenancy.invitation_pending');
};

export const revokeInvitation = ({ data: { invitationId, by } }: RevokeInvitation, state: MembershipState): readonly InvitationRevoked[] => {
  const found = state.invitations.get(invitationId) ?? reject('tenancy.invitation_unknown');
  requireOwnerFor(state, { by }, found.role);
  if (found.status === 'pending') return [revoked(found, 'revoked')];
  return found.status === 'revoked' ? [] : reject('tenancy.invitation_accepted');
};

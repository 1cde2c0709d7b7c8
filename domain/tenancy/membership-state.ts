/** What is known of everybody who belongs, belonged, or is asked to belong to a tenant. */
import { otherwise } from '../kernel/decider.ts';
import type { Sealed } from '../kernel/sealed.ts';
import type { InvitationCreated, InvitationEvent, MemberAdded, MemberEvent, MembershipEvent } from './membership.events.ts';
import type { Role } from './terms.ts';

/** `role` is undefined for somebody who has been removed. `email` and `passwordHash`: what they joined with. */
export type Member = Readonly<{ role: Role | undefined; term: number; email?: Sealed; passwordHash?: Sealed }>;

export type Invitation =
  | (Readonly<{ status: 'pending' }> & InvitationCreated['data'])
  | Readonly<{ status: 'accepted' | 'revoked'; userId: string; role: Role }>;

export type MembershipState = Readonly<{
  members: ReadonlyMap<string, Member>;
  /** By id. */
  invitations: ReadonlyMap<string, Invitation>;
}>;

export const nobody: MembershipState = { members: new Map(), invitations: new Map() };

const withMember = (state: MembershipState, userId: string, member: Member): MembershipState => ({
  ...state,
  members: new Map(state.members).set(userId, member),
});

const joined = ({ role, term, email, passwordHash }: MemberAdded['data']): Member => ({ role, term, email, ...(passwordHash !== undefined && { passwordHash }) });

const evolveInvitation = (state: MembershipState, event: InvitationEvent): MembershipState => {
  const { invitationId } = event.data;
  const invitations = new Map(state.invitations);
  const before = invitations.get(invitationId);
  if (event.type === 'InvitationCreated') invitations.set(invitationId, { status: 'pending', ...event.data });
  else if (before !== undefined) {
    const status = event.type === 'InvitationAccepted' ? 'accepted' : 'revoked';
    invitations.set(invitationId, { status, userId: before.userId, role: before.role });
  }
  return { ...state, invitations };
};

const evolveMember = (state: MembershipState, event: MemberEvent): MembershipState => {
  const { userId } = event.data;
  const before = state.members.get(userId) ?? { role: undefined, term: 0 };
  switch (event.type) {
    case 'MemberAdded':
      return withMember(state, userId, joined(event.data));
    case 'MemberRoleChanged':
      return withMember(state, userId, { ...before, role: event.data.role });
    case 'MemberRemoved':
      return withMember(state, userId, { role: undefined, term: before.term });
    default:
      return otherwise(event, state);
  }
};

export const evolveMembership = (state: MembershipState, event: MembershipEvent): MembershipState => {
  switch (event.type) {
    case 'InvitationCreated':
    case 'InvitationAccepted':
    case 'InvitationRevoked':
      return evolveInvitation(state, event);
    default:
      return evolveMember(state, event);
  }
};

/** NOTE: a storage contract. Add fields, never change or reuse one; a new meaning is a new event. */
import type { Message } from '../kernel/decider.ts';
import type { Sealed } from '../kernel/sealed.ts';
import type { Role } from './terms.ts';

/**
 * `term` counts how often this person has been added, from 1. `passwordHash` (a PHC string, sealed) is what they join with; absent
 * in events from before it was part of joining, where the account's own stream has it.
 */
export type MemberAdded = Message<'MemberAdded', { userId: string; role: Role; email: Sealed; term: number; passwordHash?: Sealed }>;
export type MemberRoleChanged = Message<'MemberRoleChanged', { userId: string; role: Role }>;
export type MemberRemoved = Message<'MemberRemoved', { userId: string }>;

/** Somebody is asked to join; a mail with the code follows. */
export type InvitationCreated = Message<
  'InvitationCreated',
  {
    invitationId: string;
    /** Who is asked: known by this id from now on. */
    userId: string;
    role: Role;
    email: Sealed;
    code: Sealed;
    /** SHA-256 of the code, base64url. */
    codeHash: string;
    /** The member who asks; absent: the operator. */
    invitedBy?: string;
    /** UTC, ISO 8601. */
    createdAt: string;
    expiresAt: string;
  }
>;
/** Comes with the `MemberAdded` that it leads to. */
export type InvitationAccepted = Message<'InvitationAccepted', { invitationId: string; userId: string }>;

export type InvitationEnd = 'revoked' | 'member_added' | 'inviter_left';
export type InvitationRevoked = Message<'InvitationRevoked', { invitationId: string; userId: string; reason: InvitationEnd }>;

export type InvitationEvent = InvitationCreated | InvitationAccepted | InvitationRevoked;
export type MemberEvent = MemberAdded | MemberRoleChanged | MemberRemoved;
export type MembershipEvent = MemberEvent | InvitationEvent;

/** NOTE: a storage contract. Add fields, never change or reuse one; a new meaning is a new event. */
import type { Message } from '../kernel/decider.ts';
import type { Sealed } from '../kernel/sealed.ts';
import type { Role } from './terms.ts';

/** `term` counts how often this person has been added, from 1. */
export type MemberAdded = Message<'MemberAdded', { userId: string; role: Role; email: Sealed; term: number }>;
export type MemberRoleChanged = Message<'MemberRoleChanged', { userId: string; role: Role }>;
export type MemberRemoved = Message<'MemberRemoved', { userId: string }>;

export type MembershipEvent = MemberAdded | MemberRoleChanged | MemberRemoved;

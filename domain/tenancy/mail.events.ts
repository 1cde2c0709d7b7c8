/** NOTE: a storage contract. Add fields, never change or reuse one; a new meaning is a new event. */
import type { Message } from '../kernel/decider.ts';

/** The mail server has taken it. `mailId` is the id of what it is about: an invitation, a password reset. Times: UTC, ISO 8601. */
export type MailSent = Message<'MailSent', { mailId: string; at: string }>;

/**
 * `refused`: the server will not take it, `status` is its answer (RFC 5321). `expired`: not taken before its code had expired.
 * `withdrawn`: revoked, used or erased before it was sent.
 */
export type MailFailure = 'refused' | 'expired' | 'withdrawn';
export type MailFailed = Message<'MailFailed', { mailId: string; reason: MailFailure; status?: number; at: string }>;

export type MailEvent = MailSent | MailFailed;

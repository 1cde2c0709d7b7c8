/** NOTE: a storage contract. Add fields, never change or reuse one; a new meaning is a new event. */
import type { Message } from '../kernel/decider.ts';

export type SessionEndReason = 'signed_out' | 'refresh_reused';

export type SessionOpened = Message<
  'SessionOpened',
  {
    userId: string;
    /** The term of membership it belongs to. */
    term: number;
    /** The account's epoch when the password was checked; absent: the first, 0. */
    epoch?: number;
    /** RFC 8176: `pwd`, `otp`. */
    amr: readonly string[];
    /** SHA-256 of the refresh token, base64url. */
    refreshHash: string;
    /** Until when that token may be used; UTC, ISO 8601. */
    refreshUntil: string;
    /** Until when the chain may be continued at all; UTC, ISO 8601. */
    endsAt: string;
  }
>;
export type SessionRefreshed = Message<'SessionRefreshed', { refreshHash: string; refreshUntil: string }>;
export type SessionEnded = Message<'SessionEnded', { reason: SessionEndReason }>;

export type SessionEvent = SessionOpened | SessionRefreshed | SessionEnded;

/** NOTE: a storage contract. Add fields, never change or reuse one; a new meaning is a new event. */
import type { Message } from '../kernel/decider.ts';
import type { Sealed } from '../kernel/sealed.ts';

/**
 * The hash (a PHC string) stands sealed under the key of the person. `term` is the term of membership that it belongs to, `resetId` the
 * request that led here; both are absent in events from before passwords were part of joining.
 */
export type PasswordSet = Message<'PasswordSet', { passwordHash: Sealed; term?: number; resetId?: string }>;

/** Somebody asked for another password of the account; a mail with the code follows. */
export type PasswordResetRequested = Message<
  'PasswordResetRequested',
  {
    resetId: string;
    userId: string;
    term: number;
    email: Sealed;
    code: Sealed;
    /** SHA-256 of the code, base64url. */
    codeHash: string;
    /** UTC, ISO 8601. */
    requestedAt: string;
    expiresAt: string;
  }
>;

export type AccountEvent = PasswordSet | PasswordResetRequested;

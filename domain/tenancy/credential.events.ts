/** NOTE: a storage contract. Add fields, never change or reuse one; a new meaning is a new event. */
import type { Message } from '../kernel/decider.ts';
import type { SurfaceName } from './terms.ts';

export type CredentialCreated = Message<
  'CredentialCreated',
  {
    credentialId: string;
    surface: SurfaceName;
    /** A surface may have several forms of credential. */
    kind: string;
    name: string;
    /** The start of the secret, to recognise it by. */
    prefix: string;
    /** SHA-256 of the secret, base64url. */
    secretHash: string;
    permissions: readonly string[];
    /** The keys it may use, where a form is bound to keys; absent: all that its service has. */
    keyIds?: readonly string[];
    /** The person it acts for, in the term of membership it was made in. */
    actingFor: string;
    term: number;
    /** Made in a session with a second factor, or by the operator. */
    secondFactor: boolean;
    /** UTC, ISO 8601. */
    createdAt: string;
    expiresAt?: string;
  }
>;
export type CredentialRevoked = Message<'CredentialRevoked', { credentialId: string; surface: SurfaceName; revokedAt: string }>;

export type CredentialEvent = CredentialCreated | CredentialRevoked;

/** NOTE: a storage contract. Add fields, never change or reuse one; a new meaning is a new event. */
import type { Message } from '../kernel/decider.ts';
import type { SealedSecret } from '../kernel/sealed.ts';

/** An Ed25519 key (RFC 8032) that signs access tokens. */
export type SessionKeyAdded = Message<
  'SessionKeyAdded',
  {
    /** RFC 7638 thumbprint. */
    kid: string;
    /** The JWK member `x`. */
    publicKey: string;
    /** PKCS#8 DER. */
    privateKey: SealedSecret;
    /** UTC, ISO 8601. */
    addedAt: string;
  }
>;
/** Signs no more; what it signed still verifies until then. */
export type SessionKeyRetired = Message<'SessionKeyRetired', { kid: string; verifiesUntil: string }>;

export type SessionKeysEvent = SessionKeyAdded | SessionKeyRetired;

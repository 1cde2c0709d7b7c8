/** The keys that sign an account's offline licences and revocation lists. NOTE: a storage contract: never edit a version, add one. */
import type { SignatureAlgorithm } from '../keys/algorithms.ts';
import type { Message } from '../kernel/decider.ts';
import type { SealedSecret } from '../kernel/sealed.ts';

export type LicenceSigningAlgorithm = Exclude<SignatureAlgorithm, 'ML-DSA-87'>;

/** The newest of an algorithm signs. What the others have signed stays valid: licences that are sold cannot be called back. */
export type LicenceSigningKeyAdded = Message<
  'LicenceSigningKeyAdded',
  {
    algorithm: LicenceSigningAlgorithm;
    /** RFC 7638 thumbprint of the public key. */
    kid: string;
    /** Raw, base64url. */
    publicKey: string;
    /** 32 bytes. */
    seed: SealedSecret;
    /** The command that brought it: said twice, it is one key. */
    commandId: string;
    /** UTC, ISO 8601 with milliseconds. */
    addedAt: string;
  }
>;

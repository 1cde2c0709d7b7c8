/**
 * What an account's licences go through. NOTE: a storage contract: never edit a version, add one.
 *
 * Licences stand in the order in which they were generated in volumes of a ledger, one stream each, so that what has to be folded stays
 * short however many there are. What became of one of them stands in a stream of its own. Times are UTC, ISO 8601 with milliseconds.
 */
import type { Message } from '../kernel/decider.ts';
import type { Sealed, SealedSecret } from '../kernel/sealed.ts';

/** The key of the account's fingerprints: 32 random bytes. */
export type FingerprintKeyCreated = Message<'FingerprintKeyCreated', { key: SealedSecret; createdAt: string }>;

/**
 * `number` counts the account's licences from 1; `month` (`2026-11`, UTC) is the one in which this licence counts. `holder` is personal: the
 * end customer with what the account says of them, and the fingerprint's signature.
 */
export type LicenceGenerated = Message<
  'LicenceGenerated',
  {
    number: number;
    licenceKey: string;
    holder: Sealed;
    features: readonly string[];
    fidelity: number;
    month: string;
    generatedAt: string;
    validUntil: string;
  }
>;

/** The volume is full; `sold` licences so far, in all volumes. */
export type LedgerVolumeClosed = Message<'LedgerVolumeClosed', { sold: number }>;
/** The next volume begins with what the one before ended with: so many sold, and so many of them in the newest month. */
export type LedgerVolumeOpened = Message<'LedgerVolumeOpened', { sold: number; month: string; inMonth: number }>;

/** For good. `reason`, in the account's own words, is sealed under the end customer's key; it is absent where none was given. */
export type LicenceRevoked = Message<'LicenceRevoked', { licenceKey: string; reason?: Sealed; revokedAt: string }>;

/** Somebody asked whether a licence is good, and was told. */
export type LicenceValidated = Message<
  'LicenceValidated',
  { licenceKey: string; verdict: 'not_found' | 'signature_mismatch' | 'revoked' | 'expired' | 'valid'; validatedAt: string }
>;

export type LedgerEvent = LicenceGenerated | LedgerVolumeClosed | LedgerVolumeOpened;
export type LicensingEvent = FingerprintKeyCreated | LedgerEvent | LicenceRevoked | LicenceValidated;

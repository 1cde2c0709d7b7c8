/** What licensing needs from outside: keyed hashes for the fingerprint, and answers of the read models. */
import type { TenantId } from '../../domain/kernel/ids.ts';
import type { Sealed } from '../../domain/kernel/sealed.ts';
import type { Licence, LicenceStatus } from './licences.ts';

/** KMAC256 (NIST SP 800-185) under one key, with a customization string; `bytes` long. */
export type KeyedHash = (customization: string, message: string, bytes: number) => Uint8Array;

export interface FingerprintHashes {
  /** 32 random bytes. */
  newKey(): Uint8Array;
  /** The key is copied. */
  keyed(key: Uint8Array): KeyedHash;
  /** Lower-case hexadecimal SHA3-256 of the parts, one after the other. */
  digest(...parts: readonly (string | Uint8Array)[]): string;
  /** In time that depends on the lengths alone. */
  equal(one: string, other: string): boolean;
}

/** One licence as it is stored: what is personal is sealed. Times are UTC, ISO 8601 with milliseconds. */
export type StoredLicence = Readonly<{
  number: number;
  licenceKey: string;
  /** The JSON of what `licence-holder.ts` seals. */
  holder: Sealed;
  features: readonly string[];
  fidelity: number;
  generatedAt: string;
  validUntil: string;
  /** null until it is revoked. */
  revokedAt: string | null;
  reason: Sealed | null;
}>;

export interface LicenceIndex {
  /** The licence, with its revocation as far as the read model knows; never without a licence that was generated before the question. */
  find(tenant: TenantId, licenceKey: string): Promise<StoredLicence | undefined>;
}

/** `position`: where the revocation stands in the log; ordered by plain string comparison. */
export type Revocation = Readonly<{ licenceKey: string; revokedAt: string; position: string }>;

/** Questions about the licences of one account. */
export interface LicenceBook {
  get(tenant: TenantId, licenceKey: string): Promise<Licence | undefined>;
  /** All by number; active and expired ones by the end of their validity; revoked ones by the moment of revocation. `page` from 1, `now` in milliseconds since 1970. */
  page(
    tenant: TenantId,
    query: Readonly<{ status?: LicenceStatus; page: number; perPage: number; now: number }>,
  ): Promise<Readonly<{ items: readonly Licence[]; total: number }>>;
  /** Revoked at or after a moment (UTC, ISO 8601 with milliseconds), in that order; all of them without. */
  revocations(tenant: TenantId, since: string | undefined): AsyncIterable<Revocation>;
  /** Revocations that stand after a position of the log, in the order of the log; all of them without. */
  revocationsAfter(tenant: TenantId, position: string | undefined): AsyncIterable<Revocation>;
}

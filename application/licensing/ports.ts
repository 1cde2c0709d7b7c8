/** What licensing needs from outside: keyed hashes for the fingerprint, and answers of the read models. */
import type { Position, TenantId } from '../../domain/kernel/ids.ts';
import type { LicenceGenerated } from '../../domain/licensing/licence.events.ts';
import type { Licence, LicenceStatus } from './licences.ts';

/** KMAC256 (NIST SP 800-185) under one key: of a message, with a customization string, `bytes` long. */
export type KeyedHash = (customization: string, message: string, bytes: number) => Uint8Array;

export interface FingerprintHashes {
  /** 32 random bytes. */
  newKey(): Uint8Array;
  /** The key is taken in; the caller may wipe it. */
  keyed(key: Uint8Array): KeyedHash;
  /** Lower-case hexadecimal SHA3-256 of the bytes and then the text. */
  digest(bytes: Uint8Array, text: string): string;
  /** In time that depends on the lengths alone. */
  equal(one: string, other: string): boolean;
}

/** A licence as it was generated: it never changes. */
export type GeneratedLicence = LicenceGenerated['data'];

export interface LicenceIndex {
  /** A licence that was generated before the question is found. */
  find(tenant: TenantId, licenceKey: string): Promise<GeneratedLicence | undefined>;
  /** A licence that was just generated here: it is found without waiting for any read model. */
  remember(tenant: TenantId, licence: GeneratedLicence): void;
}

/** `position`: where the revocation stands in the log; ordered by plain string comparison. */
export type Revocation = Readonly<{ licenceKey: string; revokedAt: string; position: string }>;

/** Questions about the licences of one account. Long ones give way to others, and end when `signal` is aborted: with its reason. */
export interface LicenceBook {
  get(tenant: TenantId, licenceKey: string): Promise<Licence | undefined>;
  /**
   * All by number; active and expired ones by the end of their validity; revoked ones by the moment of revocation: the first ones first.
   * `page` from 1, `now` in milliseconds since 1970.
   */
  page(
    tenant: TenantId,
    query: Readonly<{ status?: LicenceStatus; page: number; perPage: number; now: number; signal?: AbortSignal }>,
  ): Promise<Readonly<{ items: readonly Licence[]; total: number }>>;
  /** Revoked at or after a moment (UTC, ISO 8601 with milliseconds), in that order; all of them without. */
  revocations(tenant: TenantId, since: string | undefined, signal?: AbortSignal): AsyncIterable<Revocation>;
  /** Revocations that stand after a position of the log, in the order of the log; all of them without. */
  revocationsAfter(tenant: TenantId, position: string | undefined, signal?: AbortSignal): AsyncIterable<Revocation>;
}

export interface LicenceDigests {
  /** base64url SHA-256 of text (UTF-8). */
  sha256(text: string): string;
}

/** Waits (bounded) until a read model includes the whole log as it is now; answers the log's end, undefined while it is empty. Rejects with `storage.behind`. */
export interface UpToHead {
  licences(): Promise<Position | undefined>;
  revocations(): Promise<Position | undefined>;
}

export interface RevocationPlaces {
  /** The newest revocation before all that were made at or after a moment (UTC, ISO 8601 with milliseconds); undefined: there is none before. */
  before(tenant: TenantId, moment: string, signal?: AbortSignal): Promise<string | undefined>;
}

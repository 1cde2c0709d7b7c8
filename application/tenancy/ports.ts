/** What tenancy needs from outside. */
import type { SubjectId, TenantId } from '../../domain/kernel/ids.ts';

/** Where the credential with this hash lives; it says nothing of whether that credential works. */
export interface CredentialIndex {
  /** On a miss it waits until it knows the log up to its head. Rejects with `storage.behind` when that takes too long: nobody can tell then. */
  find(secretHash: string): Promise<Readonly<{ tenant: TenantId; credentialId: string }> | undefined>;
}

/** Hashes passwords. Rejects with `kernel.busy` when too many wait. */
export interface Passwords {
  /** A PHC string. */
  hash(password: string): Promise<string>;
  /** False, after the same time, when there is no hash to compare with. */
  verify(password: string, hash: string | undefined): Promise<boolean>;
}

/** Random secrets, which are stored as hashes only. */
export interface SecretTokens {
  /** `prefix` and 32 random characters of [0-9A-Za-z]: 190 bits. */
  make(prefix: string): string;
  /** SHA-256, base64url. */
  hash(secret: string): string;
  /** Compares two hashes in constant time. */
  same(one: string, other: string): boolean;
}

/** The claims of an access token; what else it says (role, slug) is for its reader's information alone. */
export type AccessClaims = Readonly<{ tenant: TenantId; userId: SubjectId; sessionId: string }>;

export type AccessTokenContents = AccessClaims & Readonly<{ slug: string; role: string; amr: readonly string[] }>;

export interface AccessTokens {
  /** A signed token and its life time in seconds. */
  issue(contents: AccessTokenContents): Promise<Readonly<{ token: string; expiresIn: number }>>;
  /** Undefined for anything but a token of ours that is valid now. */
  verify(token: string): Promise<AccessClaims | undefined>;
}

/** A new Ed25519 key: its thumbprint (RFC 7638), its public point (JWK `x`) and its private part (PKCS#8 DER). */
export type MakeSessionKey = () => Promise<Readonly<{ kid: string; publicKey: string; privateKey: Uint8Array }>>;

/** A keyed hash that hides what it was made of. */
export type BlindIndex = (purpose: string, value: string) => Promise<string>;

/** Time-based one-time passwords: RFC 6238 with SHA-1, 6 digits and steps of 30 seconds, as every authenticator app knows them. */
export interface Totp {
  /** 160 random bits in base32. */
  makeSecret(): string;
  /** `otpauth://totp/…`, for a QR code. */
  uri(secret: string, labels: Readonly<{ issuer: string; account: string }>): string;
  /** The time step whose code this is: that of `now` (milliseconds since 1970), the one before or the one after; undefined: none. */
  step(secret: string, code: string, now: number): number | undefined;
  /** 80 random bits, to be typed: four groups of four characters. */
  makeRecoveryCode(): string;
}

/**
 * A key pair and its certificates, one after another: the installation's root, issuing CA and timestamp authority, and each
 * tenant's code-signing leaf. NOTE: stored contract; change by addition only.
 */
import type { Message } from '../kernel/decider.ts';
import type { SealedSecret } from '../kernel/sealed.ts';

export type CertificatePurpose = 'root' | 'issuing' | 'timestamping' | 'code_signing';

/** Everything that goes into the certificate: who signs it again gets the same bytes. Times are milliseconds since 1970. */
export type CertificateRequest = Readonly<{
  purpose: CertificatePurpose;
  /** Lower-case hex. */
  serial: string;
  commonName: string;
  organization: string;
  notBefore: number;
  notAfter: number;
  /** SubjectPublicKeyInfo, DER, base64. */
  publicKey: string;
  /** Where the issuer's revocation list lies; null for the root. */
  crlUrl: string | null;
  /** Where the issuer's certificate lies (DER); null when it is not published. */
  issuerUrl: string | null;
}>;

/** Recorded before the issuer's key signs. */
export type CertifiedKeyRequested = Message<
  'CertifiedKeyRequested',
  Readonly<{ request: CertificateRequest; privateKey: SealedSecret; requestedAt: number }>
>;

/** `certificate`: DER, base64. */
export type CertifiedKeyIssued = Message<'CertifiedKeyIssued', Readonly<{ serial: string; certificate: string; issuedAt: number }>>;

/** Reasons of RFC 5280 5.3.1 that fit a leaf. */
export type RevocationReason = 'unspecified' | 'key_compromise' | 'affiliation_changed' | 'superseded' | 'cessation_of_operation';

/** `revokedAt` is when it stopped being good, which may lie before `recordedAt`. */
export type CertifiedKeyRevoked = Message<
  'CertifiedKeyRevoked',
  Readonly<{ serial: string; reason: RevocationReason; revokedAt: number; recordedAt: number }>
>;

export type CertifiedKeyEvent = CertifiedKeyRequested | CertifiedKeyIssued | CertifiedKeyRevoked;

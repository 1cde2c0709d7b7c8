/** What was done with KMS keys, on streams that nobody folds. NOTE: a storage contract. Add fields, never change or reuse one. */
import type { Message } from '../kernel/decider.ts';
import type { SignatureAlgorithm } from './algorithms.ts';

type Operation = Readonly<{
  keyId: string;
  algorithm: SignatureAlgorithm;
  /** The service that asked, by the name of its credential, and that credential. */
  service: string;
  credentialId: string;
  /** SHA3-256 of the data and of the signature, lower-case hex: neither is kept itself. */
  dataHash: string;
  signatureHash: string;
}>;

/** `kid`: the version that signed. */
export type KmsDataSigned = Message<'KmsDataSigned', Operation & Readonly<{ kid: string; signedAt: string }>>;
/** `kid`: the version under which the signature is valid; null when there is none. */
export type KmsSignatureVerified = Message<'KmsSignatureVerified', Operation & Readonly<{ kid: string | null; valid: boolean; verifiedAt: string }>>;

export type KmsOperationEvent = KmsDataSigned | KmsSignatureVerified;

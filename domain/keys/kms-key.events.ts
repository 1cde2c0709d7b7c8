/**
 * A key of the KMS: one algorithm, and versions one after another, of which the newest signs. NOTE: a storage contract. Add fields,
 * never change or reuse one; a new meaning is a new event.
 */
import type { Message } from '../kernel/decider.ts';
import type { SealedSecret } from '../kernel/sealed.ts';
import type { SignatureAlgorithm } from './algorithms.ts';

/** Whose key it is; stands in each event, so that each can be read for itself. */
export type KmsKeyName = Readonly<{
  keyId: string;
  algorithm: SignatureAlgorithm;
  /** The service that a default key was made for on first use; null: every service of the tenant. */
  service: string | null;
}>;

export type KmsKeyVersion = Readonly<{
  /** From 1. */
  version: number;
  /** RFC 7638 thumbprint of the public key. */
  kid: string;
  /** Raw, base64url. */
  publicKey: string;
  /** 32 bytes; null when only the public key was imported. */
  seed: SealedSecret | null;
  origin: 'generated' | 'imported';
  /** The command that brought it: said twice, it is one version. */
  commandId: string;
}>;

/** Times are UTC, ISO 8601 with milliseconds. */
export type KmsKeyCreated = Message<'KmsKeyCreated', KmsKeyName & KmsKeyVersion & Readonly<{ createdAt: string }>>;
export type KmsKeyRotated = Message<'KmsKeyRotated', KmsKeyName & KmsKeyVersion & Readonly<{ rotatedAt: string }>>;
/** Signatures of the version verify no more. */
export type KmsKeyVersionRetired = Message<'KmsKeyVersionRetired', KmsKeyName & Readonly<{ version: number; kid: string; retiredAt: string }>>;

export type KmsKeyEvent = KmsKeyCreated | KmsKeyRotated | KmsKeyVersionRetired;

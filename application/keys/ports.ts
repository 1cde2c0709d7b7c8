/** The ports of keys: signature algorithms over raw keys, and the hashes that name keys and data. */
import type { SignatureAlgorithm } from '../../domain/keys/algorithms.ts';

export { SIGNATURE_ALGORITHMS, SIZES, type SignatureAlgorithm } from '../../domain/keys/algorithms.ts';

/** `seed`: 32 bytes, ξ of FIPS 204 algorithm 1 or the private key of RFC 8032; everything else follows from it. */
export type RawKeyPair = Readonly<{ publicKey: Uint8Array; seed: Uint8Array }>;

/** `context`: at most 255 bytes, empty by default (FIPS 204 section 5.2). `mu`: 64 bytes, the message representative μ (section 6.2). Only ML-DSA has either. */
export type SignatureInput = Readonly<{ data: Uint8Array; context?: Uint8Array }> | Readonly<{ mu: Uint8Array }>;

/** A private key that is ready to sign. */
export interface Signer {
  /** Hedged where the algorithm knows it. Rejects with `keys.input_unusable` on a context or μ that the algorithm does not take. */
  sign(input: SignatureInput): Promise<Uint8Array>;
}

/** A public key that is ready to verify. */
export interface Verifier {
  /** False for whatever is not a valid signature: of any length, any bytes. Rejects with `keys.input_unusable` as `sign` does. */
  verify(input: SignatureInput, signature: Uint8Array): Promise<boolean>;
}

/**
 * Keys in, signatures out; it keeps nothing. Making a key ready costs about as much as a signature: callers keep signers and verifiers.
 * Wrong sizes reject with `keys.seed_unusable` or `keys.public_key_unusable`.
 */
export interface SignatureEngine {
  generate(algorithm: SignatureAlgorithm): Promise<RawKeyPair>;
  publicKeyOf(algorithm: SignatureAlgorithm, seed: Uint8Array): Promise<Uint8Array>;
  /** Wipes the bytes of `seed` once it has them. */
  signer(algorithm: SignatureAlgorithm, seed: Uint8Array): Promise<Signer>;
  verifier(algorithm: SignatureAlgorithm, publicKey: Uint8Array): Promise<Verifier>;
}

export interface KeyDigests {
  /** The RFC 7638 thumbprint (SHA-256, base64url) of a public key (raw, base64url). */
  thumbprint(algorithm: SignatureAlgorithm, publicKey: string): string;
  /** FIPS 202, lower-case hex. */
  sha3(data: Uint8Array): string;
}

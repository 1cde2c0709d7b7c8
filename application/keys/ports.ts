/** The port of signature algorithms over raw keys: FIPS 204 ML-DSA (pure, hedged) and RFC 8032 Ed25519. */

export const SIGNATURE_ALGORITHMS = ['ML-DSA-65', 'ML-DSA-87', 'Ed25519'] as const;
export type SignatureAlgorithm = (typeof SIGNATURE_ALGORITHMS)[number];

/** Bytes of a raw public key, of a seed and of a signature: FIPS 204 tables 1 and 2, RFC 8032 section 5.1. */
export const SIZES: Readonly<Record<SignatureAlgorithm, Readonly<{ publicKey: number; seed: number; signature: number }>>> = {
  'ML-DSA-65': { publicKey: 1952, seed: 32, signature: 3309 },
  'ML-DSA-87': { publicKey: 2592, seed: 32, signature: 4627 },
  Ed25519: { publicKey: 32, seed: 32, signature: 64 },
};

/** `seed`: 32 bytes, ξ of FIPS 204 algorithm 1 or the private key of RFC 8032; everything else follows from it. */
export type RawKeyPair = Readonly<{ publicKey: Uint8Array; seed: Uint8Array }>;

/** Only ML-DSA has either. */
export type SignatureInput = Readonly<{ data: Uint8Array; /** at most 255 bytes, empty by default (FIPS 204 section 5.2) */ context?: Uint8Array }> | Readonly<{ /** 64 bytes, the message representative μ (FIPS 204 section 6.2) */ mu: Uint8Array }>;

/** A private key that is ready to sign. */
export interface Signer {
  /** Rejects with `keys.input_unusable` on a context or μ that the algorithm does not take. */
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

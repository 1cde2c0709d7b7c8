/** The signature algorithms that keys are made for: FIPS 204 ML-DSA (pure) and RFC 8032 Ed25519. */

export const SIGNATURE_ALGORITHMS = ['ML-DSA-65', 'ML-DSA-87', 'Ed25519'] as const;
export type SignatureAlgorithm = (typeof SIGNATURE_ALGORITHMS)[number];

/** Bytes of a raw public key, of a seed and of a signature: FIPS 204 tables 1 and 2, RFC 8032 section 5.1. */
export const SIZES: Readonly<Record<SignatureAlgorithm, Readonly<{ publicKey: number; seed: number; signature: number }>>> = {
  'ML-DSA-65': { publicKey: 1952, seed: 32, signature: 3309 },
  'ML-DSA-87': { publicKey: 2592, seed: 32, signature: 4627 },
  Ed25519: { publicKey: 32, seed: 32, signature: 64 },
};

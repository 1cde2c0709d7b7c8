/** How algorithms are called on the wire: as QuantumLock's document has them, and as their standard does where that differs. */
import type { SignatureAlgorithm } from '../../domain/keys/algorithms.ts';

const MEANT = { 'ML-DSA-65': 'ML-DSA-65', 'ML-DSA-87': 'ML-DSA-87', ED25519: 'Ed25519', Ed25519: 'Ed25519' } as const satisfies Readonly<Record<string, SignatureAlgorithm>>;

/** What is understood. */
export type KmsAlgorithm = keyof typeof MEANT;
export const KMS_ALGORITHMS = Object.keys(MEANT) as readonly KmsAlgorithm[];

export const algorithmOf = (named: KmsAlgorithm): SignatureAlgorithm => MEANT[named];
/** What is answered. */
export const nameOfAlgorithm = (algorithm: SignatureAlgorithm): KmsAlgorithm => (algorithm === 'Ed25519' ? 'ED25519' : algorithm);

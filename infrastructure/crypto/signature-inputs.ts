/** What every implementation refuses in the same words. */
import { SIZES, type SignatureAlgorithm, type SignatureInput } from '../../application/keys/ports.ts';
import { reject } from '../../domain/kernel/rejection.ts';

const LONGEST_CONTEXT = 255;
const MU_BYTES = 64;

/** Rejects with `keys.seed_unusable`. */
export const checkSeed = (algorithm: SignatureAlgorithm, seed: Uint8Array): void => {
  const { seed: bytes } = SIZES[algorithm];
  if (seed.length !== bytes) reject('keys.seed_unusable', { bytes });
};

/** Rejects with `keys.public_key_unusable`. */
export const checkPublicKey = (algorithm: SignatureAlgorithm, publicKey: Uint8Array): void => {
  const { publicKey: bytes } = SIZES[algorithm];
  if (publicKey.length !== bytes) reject('keys.public_key_unusable', { bytes });
};

const isUsable = (algorithm: SignatureAlgorithm, input: SignatureInput): boolean => {
  if ('mu' in input) return algorithm !== 'Ed25519' && input.mu.length === MU_BYTES;
  const length = input.context?.length ?? 0;
  return length === 0 || (algorithm !== 'Ed25519' && length <= LONGEST_CONTEXT);
};

/** Rejects with `keys.input_unusable`. */
export const checkInput = (algorithm: SignatureAlgorithm, input: SignatureInput): void => {
  if (!isUsable(algorithm, input)) reject('keys.input_unusable');
};

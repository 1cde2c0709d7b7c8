/** The signature engine of the program: the runtime's own OpenSSL, and @noble/post-quantum where it lacks an algorithm. */
import { hash } from 'node:crypto';
import { SIGNATURE_ALGORITHMS, type KeyDigests, type SignatureAlgorithm, type SignatureEngine } from '../../application/keys/ports.ts';
import { thumbprintInput } from '../../domain/keys/jwk.ts';
import { createNativeSignatures, isNative } from './native-signatures.ts';
import { createNobleSignatures } from './noble-signatures.ts';

/** `native` says which algorithms the runtime has; asked once. */
export const createSignatures = (native: (algorithm: SignatureAlgorithm) => boolean = isNative): SignatureEngine => {
  const known: ReadonlySet<SignatureAlgorithm> = new Set(SIGNATURE_ALGORITHMS.filter(native));
  const second = createNobleSignatures();
  const first = createNativeSignatures(second);
  const engineFor = (algorithm: SignatureAlgorithm): SignatureEngine => (known.has(algorithm) ? first : second);
  return {
    generate: async (algorithm) => engineFor(algorithm).generate(algorithm),
    publicKeyOf: async (algorithm, seed) => engineFor(algorithm).publicKeyOf(algorithm, seed),
    signer: async (algorithm, seed) => engineFor(algorithm).signer(algorithm, seed),
    verifier: async (algorithm, publicKey) => engineFor(algorithm).verifier(algorithm, publicKey),
  };
};

export const keyDigests: KeyDigests = {
  thumbprint: (algorithm, publicKey) => hash('sha256', thumbprintInput(algorithm, publicKey), 'base64url'),
  sha3: (data) => hash('sha3-256', data, 'hex'),
};

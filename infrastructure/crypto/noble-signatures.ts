/**
 * ML-DSA in JavaScript, by @noble/post-quantum: the second implementation beside OpenSSL, for runtimes whose OpenSSL lacks it and for
 * what Node's interface to it lacks (the message representative μ). About seven times slower, and on the thread that asks.
 */
import { randomBytes } from 'node:crypto';
import { ml_dsa65, ml_dsa87 } from '@noble/post-quantum/ml-dsa.js';
import { SIZES, type SignatureAlgorithm, type SignatureEngine } from '../../application/keys/ports.ts';
import { reject } from '../../domain/kernel/rejection.ts';
import { checkInput, checkPublicKey, checkSeed } from './signature-inputs.ts';

const implementationOf = (algorithm: SignatureAlgorithm) => {
  switch (algorithm) {
    case 'ML-DSA-65':
      return ml_dsa65;
    case 'ML-DSA-87':
      return ml_dsa87;
    default:
      return reject('keys.algorithm_unknown');
  }
};

const contextOf = ({ context }: Readonly<{ context?: Uint8Array }>) => (context === undefined ? {} : { context });

const RND_BYTES = 32;

/** Knows ML-DSA only: rejects anything else with `keys.algorithm_unknown`. `fresh`: the 32 bytes `rnd` of FIPS 204 algorithm 2, all zero for deterministic signatures. */
export const createNobleSignatures = (fresh: () => Uint8Array = () => randomBytes(RND_BYTES)): SignatureEngine => ({
  generate: async (algorithm) => {
    const seed = randomBytes(SIZES[algorithm].seed);
    return { seed, publicKey: implementationOf(algorithm).keygen(seed).publicKey };
  },
  publicKeyOf: async (algorithm, seed) => {
    checkSeed(algorithm, seed);
    return implementationOf(algorithm).keygen(seed).publicKey;
  },
  signer: async (algorithm, seed) => {
    checkSeed(algorithm, seed);
    const implementation = implementationOf(algorithm);
    const { secretKey } = implementation.keygen(seed);
    seed.fill(0);
    return {
      sign: async (input) => {
        checkInput(algorithm, input);
        const extraEntropy = fresh();
        if ('mu' in input) return implementation.internal.sign(input.mu, secretKey, { externalMu: true, extraEntropy });
        return implementation.sign(input.data, secretKey, { ...contextOf(input), extraEntropy });
      },
    };
  },
  verifier: async (algorithm, publicKey) => {
    checkPublicKey(algorithm, publicKey);
    const implementation = implementationOf(algorithm);
    const key = Uint8Array.from(publicKey);
    return {
      verify: async (input, signature) => {
        checkInput(algorithm, input);
        if (signature.length !== SIZES[algorithm].signature) return false;
        if ('mu' in input) return implementation.internal.verify(signature, input.mu, key, { externalMu: true });
        return implementation.verify(signature, input.data, key, contextOf(input));
      },
    };
  },
});

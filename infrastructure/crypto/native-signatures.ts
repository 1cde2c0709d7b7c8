/**
 * Signatures by the runtime's own OpenSSL, on its thread pool (but for the quickest): as many at once as there are cores. Private keys live in `KeyObject`s,
 * out of reach of JavaScript. The runtime signs no message representative μ: that is left to the second implementation.
 */
import { createPrivateKey, createPublicKey, generateKeyPair, sign, verify, type KeyObject } from 'node:crypto';
import { promisify } from 'node:util';
import { SIZES, type SignatureAlgorithm, type SignatureEngine, type SignatureInput, type Signer, type Verifier } from '../../application/keys/ports.ts';
import { checkInput, checkPublicKey, checkSeed } from './signature-inputs.ts';

const generateKeys = promisify(generateKeyPair) as (type: string) => Promise<Readonly<{ publicKey: KeyObject; privateKey: KeyObject }>>;

/** How OpenSSL calls an algorithm, and what Node calls its 32-byte private key. */
const NATIVE = {
  'ML-DSA-65': { type: 'ml-dsa-65', seed: 'raw-seed' },
  'ML-DSA-87': { type: 'ml-dsa-87', seed: 'raw-seed' },
  Ed25519: { type: 'ed25519', seed: 'raw-private' },
} as const satisfies Readonly<Record<SignatureAlgorithm, unknown>>;

const privateKeyOf = (algorithm: SignatureAlgorithm, seed: Uint8Array): KeyObject => {
  const { type, seed: format } = NATIVE[algorithm];
  return createPrivateKey({ key: seed, format, asymmetricKeyType: type });
};

const rawPublicKey = (key: KeyObject): Uint8Array => key.export({ format: 'raw-public' });

/** OpenSSL takes a context with ML-DSA only, and takes no empty one for "none". */
const keyWith = (key: KeyObject, input: Extract<SignatureInput, { data: Uint8Array }>) =>
  input.context === undefined || input.context.length === 0 ? key : { key, context: input.context };

/** Bytes up to which an Ed25519 signature (36 µs) is made at once: to hand it to another thread and back costs more than that, 60 µs under load. */
const AT_ONCE = 4_096;

const isQuick = ({ asymmetricKeyType }: KeyObject, { length }: Uint8Array): boolean => asymmetricKeyType === NATIVE.Ed25519.type && length <= AT_ONCE;

const signData = (key: KeyObject, input: Extract<SignatureInput, { data: Uint8Array }>): Promise<Uint8Array> =>
  new Promise((resolve, reject) => {
    if (isQuick(key, input.data)) {
      resolve(sign(null, input.data, key));
      return;
    }
    sign(null, input.data, keyWith(key, input), (error, signature) => {
      if (error === null) resolve(signature);
      else reject(error);
    });
  });

const verifyData = (key: KeyObject, input: Extract<SignatureInput, { data: Uint8Array }>, signature: Uint8Array): Promise<boolean> =>
  new Promise((resolve, reject) => {
    verify(null, input.data, keyWith(key, input), signature, (error, valid) => {
      if (error === null) resolve(valid);
      else reject(error);
    });
  });

/** `second` does what needs μ. */
export const createNativeSignatures = (second: Pick<SignatureEngine, 'signer' | 'verifier'>): SignatureEngine => ({
  generate: async (algorithm) => {
    const { type, seed } = NATIVE[algorithm];
    const { publicKey, privateKey } = await generateKeys(type);
    return { publicKey: rawPublicKey(publicKey), seed: privateKey.export({ format: seed }) };
  },
  publicKeyOf: async (algorithm, seed) => {
    checkSeed(algorithm, seed);
    return rawPublicKey(createPublicKey(privateKeyOf(algorithm, seed)));
  },
  signer: async (algorithm, seed) => {
    checkSeed(algorithm, seed);
    const key = privateKeyOf(algorithm, seed);
    seed.fill(0);
    const other = (): Promise<Signer> => second.signer(algorithm, key.export({ format: 'raw-seed' }));
    return {
      sign: async (input) => {
        checkInput(algorithm, input);
        return 'mu' in input ? (await other()).sign(input) : signData(key, input);
      },
    };
  },
  verifier: async (algorithm, publicKey) => {
    checkPublicKey(algorithm, publicKey);
    const { type } = NATIVE[algorithm];
    const key = createPublicKey({ key: publicKey, format: 'raw-public', asymmetricKeyType: type });
    const other = (): Promise<Verifier> => second.verifier(algorithm, rawPublicKey(key));
    return {
      verify: async (input, signature) => {
        checkInput(algorithm, input);
        if (signature.length !== SIZES[algorithm].signature) return false;
        return 'mu' in input ? (await other()).verify(input, signature) : verifyData(key, input, signature);
      },
    };
  },
});

/** Whether this runtime's OpenSSL knows an algorithm: ML-DSA came with OpenSSL 3.5. */
export const isNative = (algorithm: SignatureAlgorithm): boolean => {
  try {
    privateKeyOf(algorithm, new Uint8Array(SIZES[algorithm].seed));
    return true;
  } catch {
    return false;
  }
};

/**
 * The keys that licences are verified with: out of a JWK set only those that say `"purpose": "licence"`. The set of a whole
 * installation also has keys with which its tenants' programs sign whatever they like.
 */
import { fromBase64url, toBase64url } from './base64url.ts';
import { refuse } from './reasons.ts';
import type { ParsedJws } from './jws.ts';

/** The part of `crypto.subtle` (Web Cryptography API) that is used. */
export type Subtle = Pick<typeof globalThis.crypto.subtle, 'digest' | 'importKey' | 'verify'>;

/** RFC 7517. Members that are not known are ignored, and so are keys of other kinds or for other purposes. */
export type JsonWebKeySet = Readonly<{ keys: readonly Readonly<Record<string, unknown>>[] }>;

export type SignatureAlgorithm = 'ML-DSA-65' | 'Ed25519';

export type VerifyKey = Readonly<{ kid: string; algorithm: SignatureAlgorithm; publicKey: Uint8Array<ArrayBuffer> }>;

export const PURPOSE = 'licence';

type Kind = Readonly<{ algorithm: SignatureAlgorithm; fixed: Readonly<Record<string, string>>; member: string; keyBytes: number; signatureBytes: number }>;

/** RFC 9964 and FIPS 204; RFC 8037, RFC 8032 and, for the algorithm's name, RFC 9864. */
const KINDS: readonly Kind[] = [
  { algorithm: 'ML-DSA-65', fixed: { kty: 'AKP', alg: 'ML-DSA-65' }, member: 'pub', keyBytes: 1_952, signatureBytes: 3_309 },
  { algorithm: 'Ed25519', fixed: { kty: 'OKP', crv: 'Ed25519', alg: 'Ed25519' }, member: 'x', keyBytes: 32, signatureBytes: 64 },
];

const isOfKind = (jwk: Readonly<Record<string, unknown>>, { fixed }: Kind): boolean => Object.entries(fixed).every(([name, value]) => jwk[name] === value);

const readKey = (jwk: Readonly<Record<string, unknown>>): VerifyKey | undefined => {
  const kind = KINDS.find((one) => isOfKind(jwk, one));
  const { kid, purpose } = jwk;
  if (kind === undefined || purpose !== PURPOSE || typeof kid !== 'string') return undefined;
  const value = jwk[kind.member];
  const publicKey = typeof value === 'string' ? fromBase64url(value) : undefined;
  return publicKey?.length === kind.keyBytes ? { kid, algorithm: kind.algorithm, publicKey } : undefined;
};

const isObject = (value: unknown): boolean => typeof value === 'object' && value !== null;

const listOf = (set: JsonWebKeySet): JsonWebKeySet['keys'] => {
  if (!Array.isArray(set?.keys)) throw new TypeError('keys: a JWK set ({"keys": […]}) is needed');
  const list = [...(set.keys as JsonWebKeySet['keys'])];
  if (!list.every(isObject)) throw new TypeError('keys: each of the set has to be a JWK (an object)');
  return list;
};

/** By `kid`. Throws a `TypeError` when there is nothing to verify with, or when one name stands for two keys. */
export const readKeys = (set: JsonWebKeySet): ReadonlyMap<string, VerifyKey> => {
  const keys = new Map<string, VerifyKey>();
  for (const jwk of listOf(set)) {
    const key = readKey(jwk);
    if (key === undefined) continue;
    const same = keys.get(key.kid);
    if (same !== undefined && String(same.publicKey) !== String(key.publicKey)) throw new TypeError(`keys: two keys are named ${key.kid}`);
    keys.set(key.kid, key);
  }
  if (keys.size === 0) throw new TypeError(`keys: the set has no ML-DSA-65 or Ed25519 key with "purpose": "${PURPOSE}"`);
  return keys;
};

type Check = (signature: Uint8Array<ArrayBuffer>, data: Uint8Array<ArrayBuffer>) => Promise<boolean>;

/** Undefined where this runtime's WebCrypto has no ML-DSA. */
const importMlDsa = async (subtle: Subtle, publicKey: Uint8Array): Promise<Check | undefined> => {
  try {
    const jwk = { kty: 'AKP', alg: 'ML-DSA-65', pub: toBase64url(publicKey) };
    const key = await subtle.importKey('jwk', jwk, { name: 'ML-DSA-65' }, false, ['verify']);
    return async (signature, data) => subtle.verify({ name: 'ML-DSA-65' }, key, signature, data);
  } catch {
    return undefined;
  }
};

const mlDsaInScript = async (publicKey: Uint8Array): Promise<Check> => {
  const { ml_dsa65 } = await import('@noble/post-quantum/ml-dsa.js');
  return async (signature, data) => ml_dsa65.verify(signature, data, publicKey);
};

const importKey = async (subtle: Subtle, { algorithm, publicKey }: VerifyKey): Promise<Check> => {
  if (algorithm === 'ML-DSA-65') return (await importMlDsa(subtle, publicKey)) ?? mlDsaInScript(publicKey);
  const key = await subtle.importKey('raw', publicKey, { name: 'Ed25519' }, false, ['verify']);
  return async (signature, data) => subtle.verify({ name: 'Ed25519' }, key, signature, data);
};

/**
 * Whether a signature is that of a key over data. WebCrypto where it knows the algorithm, else ML-DSA in script. Throws `Refused`
 * (`algorithm_not_allowed`) where neither can do anything with the key.
 */
export type CheckSignature = (key: VerifyKey, signature: Uint8Array<ArrayBuffer>, data: Uint8Array<ArrayBuffer>) => Promise<boolean>;

export const createCheckSignature = (subtle: Subtle): CheckSignature => {
  const imported = new Map<VerifyKey, Promise<Check>>();
  return async (key, signature, data) => {
    if (signature.length !== KINDS.find(({ algorithm }) => algorithm === key.algorithm)?.signatureBytes) return false;
    const check = imported.get(key) ?? importKey(subtle, key);
    imported.set(key, check);
    const usable = await check.catch(() => {
      // Some things pass: a module that could not be loaded just now.
      imported.delete(key);
      return refuse('algorithm_not_allowed');
    });
    const answer: unknown = await usable(signature, data).catch(() => false);
    return answer === true;
  };
};

/** Answers the key that signed. Throws `Refused` (`unknown_key`, `algorithm_not_allowed`, `bad_signature`). */
export const checkJws = async (jws: ParsedJws, keys: ReadonlyMap<string, VerifyKey>, check: CheckSignature): Promise<VerifyKey> => {
  const key = keys.get(jws.kid) ?? refuse('unknown_key');
  if (jws.alg !== key.algorithm) return refuse('algorithm_not_allowed');
  return (await check(key, jws.signature, jws.signed)) ? key : refuse('bad_signature');
};

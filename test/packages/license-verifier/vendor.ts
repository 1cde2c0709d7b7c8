/** A vendor for the verifier's tests: keys of both algorithms, and tokens that are signed right, or as an attacker would. */
import { createHash, generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import type { JsonWebKeySet, Subtle } from '../../../packages/license-verifier/src/index.ts';

export type Algorithm = 'ML-DSA-65' | 'Ed25519';
export const ALGORITHMS: readonly Algorithm[] = ['ML-DSA-65', 'Ed25519'];

export const AUDIENCE = '01936f0e-3c4d-7a2b-8c1d-2e3f4a5b6c7d';
export const ISSUER = 'https://locks.example';
export const LICENSE_KEY = 'QCOS-41FB-639F-C30B-14E3-6342-7B3E-6426-9320';
export const CUSTOMER = 'user@acmecorp.example';
/** Seconds since 1970: when everything here is sold. */
export const SOLD = 1_780_000_000;
export const DAY = 86_400;

export type Jwk = Readonly<Record<string, unknown>>;
export type VendorKey = Readonly<{ kid: string; algorithm: Algorithm; privateKey: KeyObject; jwk: Jwk }>;

const make = (algorithm: Algorithm) => (algorithm === 'Ed25519' ? generateKeyPairSync('ed25519') : generateKeyPairSync('ml-dsa-65'));

export const makeKey = (algorithm: Algorithm, kid: string = algorithm, more: Jwk = { purpose: 'licence' }): VendorKey => {
  const { publicKey, privateKey } = make(algorithm);
  const exported = publicKey.export({ format: 'jwk' }) as Jwk;
  return { kid, algorithm, privateKey, jwk: { ...exported, alg: algorithm, kid, use: 'sig', ...more } };
};

export const keySet = (...keys: readonly VendorKey[]): JsonWebKeySet => ({ keys: keys.map(({ jwk }) => jwk) });

export const base64url = (text: string | Uint8Array): string => Buffer.from(text as string).toString('base64url');
export const sha256 = (text: string): string => createHash('sha256').update(text).digest('base64url');

/** The token with exactly these texts as header and payload. */
export const signTexts = ({ privateKey }: Pick<VendorKey, 'privateKey'>, header: string, payload: string): string => {
  const signed = `${base64url(header)}.${base64url(payload)}`;
  return `${signed}.${sign(null, Buffer.from(signed), privateKey).toString('base64url')}`;
};

export const headerOf = ({ algorithm, kid }: Pick<VendorKey, 'algorithm' | 'kid'>, typ: string = 'qlk+jwt') => ({ alg: algorithm, kid, typ });

export const licenseClaims = (changes: Jwk = {}): Jwk => ({
  iss: ISSUER,
  aud: AUDIENCE,
  sub: sha256(`${LICENSE_KEY}\0${CUSTOMER}`),
  lic: LICENSE_KEY,
  features: ['premium', 'api_access'],
  iat: SOLD,
  nbf: SOLD,
  exp: SOLD + 365 * DAY,
  grace: 14 * DAY,
  pos: '00000000000000000042',
  ...changes,
});

export const license = (key: VendorKey, changes: Jwk = {}, header: Jwk = headerOf(key)): string => signTexts(key, JSON.stringify(header), JSON.stringify(licenseClaims(changes)));

/** A position as the vendor's log has it. */
export const at = (position: number): string => String(position).padStart(20, '0');

export const bundleClaims = (changes: Jwk = {}): Jwk => ({ iss: ISSUER, aud: AUDIENCE, iat: SOLD + DAY, from: '0', to: at(100), more: false, revoked: [], ...changes });

export const bundle = (key: VendorKey, changes: Jwk = {}): string => signTexts(key, JSON.stringify(headerOf(key, 'qlk-revocations+jwt')), JSON.stringify(bundleClaims(changes)));

/** WebCrypto of a runtime that knows no ML-DSA. */
export const withoutMlDsa: Subtle = {
  digest: (...given) => crypto.subtle.digest(...given),
  verify: (...given) => crypto.subtle.verify(...given),
  importKey: (async (...given: Parameters<typeof crypto.subtle.importKey>) => {
    const { name } = given[2] as { name: string };
    if (name !== 'Ed25519') throw new DOMException('no such algorithm', 'NotSupportedError');
    return crypto.subtle.importKey(...given);
  }) as Subtle['importKey'],
};

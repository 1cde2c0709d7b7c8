/** Public keys as JWKs: RFC 9964 (`AKP`, ML-DSA) and RFC 8037 (`OKP`, Ed25519; `alg` after RFC 9864). */
import type { SignatureAlgorithm } from './algorithms.ts';

/** A public key and its name. `publicKey`: raw, base64url; `kid`: RFC 7638 thumbprint. */
export type NamedPublicKey = Readonly<{ algorithm: SignatureAlgorithm; kid: string; publicKey: string }>;

export type PublicJwk =
  | Readonly<{ kty: 'AKP'; alg: 'ML-DSA-65' | 'ML-DSA-87'; pub: string; kid: string; use: 'sig' }>
  | Readonly<{ kty: 'OKP'; crv: 'Ed25519'; alg: 'Ed25519'; x: string; kid: string; use: 'sig' }>;

export const publicJwk = ({ algorithm, kid, publicKey }: NamedPublicKey): PublicJwk =>
  algorithm === 'Ed25519'
    ? { kty: 'OKP', crv: 'Ed25519', alg: 'Ed25519', x: publicKey, kid, use: 'sig' }
    : { kty: 'AKP', alg: algorithm, pub: publicKey, kid, use: 'sig' };

/** What the thumbprint is the SHA-256 of: the required members in the order of their names, no white space (RFC 7638 section 3.2, RFC 9964 section 6). */
export const thumbprintInput = (algorithm: SignatureAlgorithm, publicKey: string): string =>
  algorithm === 'Ed25519' ? JSON.stringify({ crv: 'Ed25519', kty: 'OKP', x: publicKey }) : JSON.stringify({ alg: algorithm, kty: 'AKP', pub: publicKey });

/** Compact JWS (RFC 7515, section 7.1) with ML-DSA-65 (RFC 9964) or Ed25519 (RFC 8037, RFC 9864). */
import type { LicenceSigner } from './signing-keys.ts';

const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');

/** Header members are `alg`, `kid` and `typ`, and nothing else: verifiers refuse more. */
export const signToken = async ({ kid, algorithm, sign }: LicenceSigner, typ: string, claims: object): Promise<string> => {
  const signed = `${part({ alg: algorithm, kid, typ })}.${part(claims)}`;
  return `${signed}.${Buffer.from(await sign(Buffer.from(signed))).toString('base64url')}`;
};

/** Whole seconds since 1970 (RFC 7519, NumericDate), from milliseconds or ISO 8601. */
export const numericDate = (at: number | string): number => Math.floor(new Date(at).getTime() / 1_000);

/** Stands before every position of the log. */
export const BEFORE_ALL = '0';

/** What a licence and a revocation list say, read without trust in its form: a signature proves who said it, not that it makes sense. */
import { refuse } from './reasons.ts';
import { readJsonObject } from './strict-json.ts';

/** A place in the vendor's log: opaque, compared as text. `GENESIS` stands before all of them. */
export const GENESIS = '0';

const POSITION = /^[\w.-]{1,64}$/;
const HASH = /^[A-Za-z0-9_-]{43}$/;
const DAY = 86_400;
const MOST_GRACE = 90 * DAY;

/** Times in seconds since 1970. */
export type LicenseClaims = Readonly<{
  iss: string;
  aud: string;
  /** base64url SHA-256 of licence key, NUL, end customer id. */
  sub: string;
  lic: string;
  features: readonly string[];
  iat: number;
  nbf: number;
  exp: number;
  /** Seconds past `exp` during which the licence still works. */
  grace: number;
  pos: string;
}>;

export type BundleClaims = Readonly<{
  iss: string;
  aud: string;
  iat: number;
  /** The list is complete for what is after `from`, up to and with `to`. */
  from: string;
  to: string;
  /** Whether there is more after `to`. */
  more: boolean;
  /** base64url SHA-256 of each revoked licence key. */
  revoked: readonly string[];
}>;

type Test = (value: unknown) => boolean;

const isText: Test = (value) => typeof value === 'string' && value !== '';
const isTime: Test = (value) => Number.isSafeInteger(value) && (value as number) >= 0;
export const isPosition: Test = (value) => typeof value === 'string' && POSITION.test(value);
export const isHash: Test = (value) => typeof value === 'string' && HASH.test(value);
const isListOf = (test: Test): Test => (value) => Array.isArray(value) && value.every(test);

const LICENSE: Readonly<Record<keyof LicenseClaims, Test>> = {
  iss: isText,
  aud: isText,
  sub: isHash,
  lic: isText,
  features: isListOf((value) => typeof value === 'string'),
  iat: isTime,
  nbf: isTime,
  exp: isTime,
  grace: (value) => isTime(value) && (value as number) <= MOST_GRACE,
  pos: isPosition,
};

const BUNDLE: Readonly<Record<keyof BundleClaims, Test>> = {
  iss: isText,
  aud: isText,
  iat: isTime,
  from: isPosition,
  to: isPosition,
  more: (value) => typeof value === 'boolean',
  revoked: isListOf(isHash),
};

const read = <Claims extends object>(payload: Uint8Array, tests: Readonly<Record<keyof Claims & string, Test>>): Claims => {
  const members = readJsonObject(payload) ?? refuse('malformed');
  const entries = Object.entries<Test>(tests).map(([name, test]) => [name, test(members.get(name)) ? members.get(name) : refuse('claims_invalid')] as const);
  return Object.fromEntries(entries) as Claims;
};

/** Throws `Refused` (`malformed`, `claims_invalid`). */
export const readLicenseClaims = (payload: Uint8Array): LicenseClaims => {
  const claims = read<LicenseClaims>(payload, LICENSE);
  return claims.nbf <= claims.exp ? claims : refuse('claims_invalid');
};

/** Throws `Refused` (`malformed`, `claims_invalid`). */
export const readBundleClaims = (payload: Uint8Array): BundleClaims => {
  const claims = read<BundleClaims>(payload, BUNDLE);
  return claims.from <= claims.to ? claims : refuse('claims_invalid');
};

/** Throws `Refused` unless the token is for this account (and from this issuer, where one is asked for). */
export const checkAddressee = (claims: Readonly<{ iss: string; aud: string }>, wanted: Readonly<{ audience: string; issuer?: string | undefined }>): void => {
  if (wanted.issuer !== undefined && claims.iss !== wanted.issuer) refuse('wrong_issuer');
  if (claims.aud !== wanted.audience) refuse('wrong_audience');
};

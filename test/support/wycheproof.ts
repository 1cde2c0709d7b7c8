/** Wycheproof's vectors of the algorithms that keys are made for, as published. */
import { gunzipSync } from 'node:zlib';
import type { SignatureAlgorithm, SignatureInput } from '../../application/keys/ports.ts';
import { vector } from './vectors.ts';

export type WycheproofTest = Readonly<{
  tcId: number;
  comment: string;
  flags: readonly string[];
  result: 'valid' | 'invalid';
  /** Hex, as all that follows. */
  msg?: string;
  sig: string;
  ctx?: string;
  mu?: string;
  rnd?: string;
}>;
export type VerifyGroup = Readonly<{ publicKey: string | Readonly<{ pk: string }>; tests: readonly WycheproofTest[] }>;
export type SignGroup = Readonly<{ privateSeed: string; publicKey: string | null; tests: readonly WycheproofTest[] }>;
type File<Group> = Readonly<{ numberOfTests: number; testGroups: readonly Group[] }>;

const read = (name: string): unknown => JSON.parse(gunzipSync(vector(`wycheproof/${name}_test.json.gz`)).toString('utf8'));

const VERIFY: Readonly<Record<SignatureAlgorithm, string>> = { 'ML-DSA-65': 'mldsa_65_verify', 'ML-DSA-87': 'mldsa_87_verify', Ed25519: 'ed25519' };
const SIGN = { 'ML-DSA-65': 'mldsa_65_sign_seed', 'ML-DSA-87': 'mldsa_87_sign_seed' } as const;

export const verifySet = (algorithm: SignatureAlgorithm): File<VerifyGroup> => read(VERIFY[algorithm]) as File<VerifyGroup>;
export const signSet = (algorithm: keyof typeof SIGN): File<SignGroup> => read(SIGN[algorithm]) as File<SignGroup>;

export const fromHex = (hex: string): Buffer => Buffer.from(hex, 'hex');
/** The raw public key of a group. */
export const publicKeyOf = ({ publicKey }: VerifyGroup): Buffer => fromHex(typeof publicKey === 'string' ? publicKey : publicKey.pk);
/** The message where there is one, else μ. */
export const inputOf = ({ msg, ctx, mu = '' }: WycheproofTest): SignatureInput =>
  msg === undefined ? { mu: fromHex(mu) } : { data: fromHex(msg), ...(ctx !== undefined && { context: fromHex(ctx) }) };

/** Whether a licence is good here and now, without asking anybody. */
import { toBase64url } from './base64url.ts';
import { checkAddressee, readBundleClaims, readLicenseClaims, type LicenseClaims } from './claims.ts';
import { deviceClock, readClock, type Clock } from './clock.ts';
import { parseJws } from './jws.ts';
import { checkJws, createCheckSignature, readKeys, type CheckSignature, type JsonWebKeySet, type Subtle, type VerifyKey } from './keys.ts';
import { createMemory, type Memory } from './memory.ts';
import { Refused, refuse, type ImportReason, type SyncReason, type VerifyReason } from './reasons.ts';
import { createMemoryStorage, createStateFile, type LicenseStorage, type State } from './state.ts';
import { createTurns } from './turns.ts';

export const LICENSE_TYPE = 'qlk+jwt';
export const BUNDLE_TYPE = 'qlk-revocations+jwt';

/** Characters. */
const MOST_LICENSE = 256 * 1_024;
const MOST_BUNDLE = 2 * 1_024 * 1_024;

const CLOCK_TOLERANCE_SECONDS = 300;

export type VerifierOptions = Readonly<{
  /** The vendor's licence-signing keys: those of the account, or the whole `/.well-known/chancery-keys.json`. */
  keys: JsonWebKeySet;
  /** The vendor's account: the `aud` of its licences. */
  audience: string;
  /** When given, `iss` has to be this. */
  issuer?: string;
  /** Default: in memory, forgotten at the end. */
  storage?: LicenseStorage;
  /** Default: the device's clock. */
  clock?: Clock;
  /** How far the clock may be behind a time that was seen or proved, or a token's time of issue ahead of it; default 300. Expiry is judged by the later. */
  clockToleranceSeconds?: number;
  /** How old the newest complete revocation list may be; default: any age, or none at all. */
  maxRevocationAgeSeconds?: number;
  /** Default: `globalThis.crypto.subtle`. */
  subtle?: Subtle;
}>;

export type Asked = Readonly<{
  /** Whose licence it has to be, exactly as it was sold. */
  endCustomerId?: string;
  /** Which licence it has to be; upper or lower case. */
  licenseKey?: string;
  /** What it has to allow. */
  feature?: string;
}>;

export type Verdict = Readonly<{
  valid: boolean;
  reason: VerifyReason;
  /** Valid, but expired: only the grace time still carries it. */
  inGrace: boolean;
  /** Empty unless valid. */
  features: readonly string[];
  /** The rest is known once signature, issuer and audience are right. Times in UTC, ISO 8601. */
  licenseKey?: string;
  expiresAt?: string;
  graceEndsAt?: string;
  /** The vendor knew the licence as not revoked up to here. */
  position?: string;
  /** When the newest complete revocation list was made. */
  revocationsAsOf?: string;
}>;

export type SyncResult = Readonly<{
  /** Whether what the bundle says is known now. */
  ok: boolean;
  reason: SyncReason;
  /** What to ask the next bundle `since`. */
  position: string | undefined;
  /** Whether the vendor said that there is more after this bundle. */
  more: boolean;
}>;

export interface LicenseVerifier {
  /** Never rejects because of what the licence is; rejects with what the storage rejects with. */
  verify(license: string, asked?: Asked): Promise<Verdict>;
  /** Applies one signed piece of the revocation list. Rejects with what the storage rejects with. */
  sync(bundle: string): Promise<SyncResult>;
  /** Everything remembered, as text. Rejects with an `Error` whose message is `state_unreadable` when it is not. */
  exportState(): Promise<string>;
  /** Takes over an export that knows at least as much; also the way out of a state that cannot be read any more. */
  importState(text: string): Promise<ImportReason>;
  /** After the device's clock was wrong (too late) for a while: forgets what it said, keeps what was proved. The caller's decision. Rejects as `exportState` does. */
  forgetSeenTime(): Promise<void>;
}

type Parts = Readonly<{ options: VerifierOptions; keys: ReadonlyMap<string, VerifyKey>; check: CheckSignature; memory: Memory; subtle: Subtle; clock: Clock }>;

const hash = async (subtle: Subtle, text: string): Promise<string> => toBase64url(new Uint8Array(await subtle.digest('SHA-256', new TextEncoder().encode(text))));

const instant = (seconds: number): string | undefined => {
  const date = new Date(seconds * 1_000);
  return Number.isNaN(date.getTime()) ? undefined : date.toISOString();
};

/** Opens a token of a type: signature, then claims, then for whom. */
const open = async <Claims extends Readonly<{ iss: string; aud: string }>>(
  { options, keys, check }: Parts,
  token: string,
  as: Readonly<{ type: string; most: number; read: (payload: Uint8Array) => Claims }>,
): Promise<Claims> => {
  const jws = parseJws(token, as);
  await checkJws(jws, keys, check);
  const claims = as.read(jws.payload);
  checkAddressee(claims, options);
  return claims;
};

const checkMatch = async ({ subtle }: Parts, claims: LicenseClaims, { licenseKey, endCustomerId }: Asked): Promise<void> => {
  if (licenseKey !== undefined && licenseKey.trim().toUpperCase() !== claims.lic) refuse('license_mismatch');
  if (endCustomerId !== undefined && (await hash(subtle, `${claims.lic}\0${endCustomerId}`)) !== claims.sub) refuse('customer_mismatch');
};

/** In milliseconds. */
const toleranceOf = ({ options: { clockToleranceSeconds = CLOCK_TOLERANCE_SECONDS } }: Parts): number => clockToleranceSeconds * 1_000;

/**
 * A time of issue that the clock is not near yet proves nothing: one of both is wrong, and it may be the vendor's. Remembered, it would
 * outlast the mistake. Said this way round, a clock that tells no time at all takes nothing.
 */
const isAhead = (parts: Parts, { iat }: Readonly<{ iat: number }>): boolean => !(iat * 1_000 <= parts.clock() + toleranceOf(parts));

const checkClock = (parts: Parts, { highest }: State): void => {
  if (!(parts.clock() >= highest - toleranceOf(parts))) refuse('clock_rolled_back');
};

/** By the later of the clock and what was seen or proved before. */
const checkTimes = ({ options, clock }: Parts, { nbf, exp, grace }: LicenseClaims, { highest, revocations }: State): Readonly<{ inGrace: boolean }> => {
  const { maxRevocationAgeSeconds: most } = options;
  const now = Math.max(clock(), highest) / 1_000;
  if (most !== undefined && (revocations.asOf === null || now - revocations.asOf > most)) refuse('revocations_stale');
  if (now < nbf) refuse('not_yet_valid');
  if (now >= exp + grace) refuse('expired');
  return { inGrace: now >= exp };
};

const judge = async (parts: Parts, claims: LicenseClaims, asked: Asked): Promise<Readonly<{ inGrace: boolean }>> => {
  await checkMatch(parts, claims, asked);
  const { memory, subtle, clock } = parts;
  const state = await memory.now();
  if (state.revocations.revoked.has(await hash(subtle, claims.lic))) refuse('revoked');
  checkClock(parts, state);
  const ahead = isAhead(parts, claims);
  const seen = await memory.observe(ahead ? clock() : Math.max(clock(), claims.iat * 1_000));
  if (ahead) refuse('issued_in_future');
  const times = checkTimes(parts, claims, seen);
  if (asked.feature !== undefined && !claims.features.includes(asked.feature)) refuse('feature_missing');
  return times;
};

/** Anything but a refusal is somebody else's to hear of. */
const refusalOf = (error: unknown): Refused => {
  if (error instanceof Refused) return error;
  throw error;
};

const described = async (memory: Memory, { lic, exp, grace, pos }: LicenseClaims): Promise<Partial<Verdict>> => {
  const state = await memory.now().catch((error: unknown) => void refusalOf(error));
  const asOf = state?.revocations.asOf ?? null;
  const times = { expiresAt: instant(exp), graceEndsAt: instant(exp + grace), revocationsAsOf: asOf === null ? undefined : instant(asOf) };
  return { licenseKey: lic, position: pos, ...(Object.fromEntries(Object.entries(times).filter(([, time]) => time !== undefined)) as Partial<Verdict>) };
};

const refused = (error: unknown): Verdict => ({ valid: false, reason: refusalOf(error).reason as VerifyReason, inGrace: false, features: [] });

const verify = async (parts: Parts, license: string, asked: Asked): Promise<Verdict> => {
  let claims: LicenseClaims;
  try {
    claims = await open(parts, license, { type: LICENSE_TYPE, most: MOST_LICENSE, read: readLicenseClaims });
  } catch (error) {
    return refused(error);
  }
  try {
    const { inGrace } = await judge(parts, claims, asked);
    return { valid: true, reason: 'valid', inGrace, features: claims.features, ...(await described(parts.memory, claims)) };
  } catch (error) {
    return { ...refused(error), ...(await described(parts.memory, claims)) };
  }
};

const sync = async (parts: Parts, bundle: string): Promise<SyncResult> => {
  const { memory } = parts;
  const position = async (): Promise<string | undefined> => (await memory.now().catch((error: unknown) => void refusalOf(error)))?.revocations.position;
  try {
    const claims = await open(parts, bundle, { type: BUNDLE_TYPE, most: MOST_BUNDLE, read: readBundleClaims });
    if (isAhead(parts, claims)) refuse('issued_in_future');
    const reason = (await memory.apply(claims)) ? 'applied' : 'already_applied';
    return { ok: true, reason, position: await position(), more: claims.more };
  } catch (error) {
    return { ok: false, reason: refusalOf(error).reason as SyncReason, position: await position(), more: false };
  }
};

/** An export says when its list was signed: no later than a list itself may say. */
const importState = async (parts: Parts, text: string): Promise<ImportReason> => parts.memory.import(text, Math.floor((parts.clock() + toleranceOf(parts)) / 1_000));

/** Throws a `TypeError` when the keys hold nothing to verify with, or when there is no audience. */
export const createLicenseVerifier = (options: VerifierOptions): LicenseVerifier => {
  const { audience, storage = createMemoryStorage(), clock: given = deviceClock, subtle = globalThis.crypto.subtle } = options;
  if (typeof audience !== 'string' || audience === '') throw new TypeError('audience: the id of the vendor\'s account is needed');
  const clock: Clock = () => readClock(given);
  const memory = createMemory(createStateFile(storage, audience, (text) => hash(subtle, text)), audience);
  const parts: Parts = { options, keys: readKeys(options.keys), check: createCheckSignature(subtle), memory, subtle, clock };
  // Checking a signature takes its time: pieces given at once are applied in the order in which they were given.
  const inTurn = createTurns();
  return {
    verify: (license, asked = {}) => verify(parts, license, asked),
    sync: (bundle) => inTurn(() => sync(parts, bundle)),
    exportState: () => memory.export(),
    importState: (text) => importState(parts, text),
    forgetSeenTime: () => memory.forgetSeenTime(),
  };
};

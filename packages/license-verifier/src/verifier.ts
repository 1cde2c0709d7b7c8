/** Whether a licence is good here and now, without asking anybody. */
import { toBase64url } from './base64url.ts';
import { checkAddressee, readBundleClaims, readLicenseClaims, type LicenseClaims } from './claims.ts';
import { readClock, type Clock } from './clock.ts';
import { parseJws } from './jws.ts';
import { checkJws, createCheckSignature, type CheckSignature, type Subtle } from './keys.ts';
import { createMemory, type Memory } from './memory.ts';
import { readOptions, type Settings, type VerifierOptions } from './options.ts';
import { Refused, refuse, type ImportReason, type SyncReason, type VerifyReason } from './reasons.ts';
import { createStateFile, type Digest, type State } from './state.ts';
import { createTurns } from './turns.ts';

export const LICENSE_TYPE = 'qlk+jwt';
export const BUNDLE_TYPE = 'qlk-revocations+jwt';

/** Characters. */
const MOST_LICENSE = 256 * 1_024;
const MOST_BUNDLE = 2 * 1_024 * 1_024;

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
  /** Never rejects because of what it is given; rejects with what the storage or the clock fails with. */
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

type Parts = Readonly<{ settings: Settings; check: CheckSignature; memory: Memory; hash: Digest; clock: Clock }>;

const hashWith = (subtle: Subtle): Digest => async (text) => toBase64url(new Uint8Array(await subtle.digest('SHA-256', new TextEncoder().encode(text))));

const instant = (seconds: number): string | undefined => {
  const date = new Date(seconds * 1_000);
  return Number.isNaN(date.getTime()) ? undefined : date.toISOString();
};

/** Opens a token of a type: signature, then claims, then for whom. */
const open = async <Claims extends Readonly<{ iss: string; aud: string }>>(
  { settings, check }: Parts,
  token: string,
  as: Readonly<{ type: string; most: number; read: (payload: Uint8Array) => Claims }>,
): Promise<Claims> => {
  const jws = parseJws(token, as);
  await checkJws(jws, settings.keys, check);
  const claims = as.read(jws.payload);
  checkAddressee(claims, settings);
  return claims;
};

/** A question that is none is never a yes. */
const isQuestion = (asked: unknown): boolean => typeof asked === 'object' && asked !== null && !Array.isArray(asked);

const isKey = (asked: unknown, lic: string): boolean => typeof asked === 'string' && asked.trim().toUpperCase() === lic;

const checkMatch = async ({ hash }: Parts, { lic, sub }: LicenseClaims, asked: Asked): Promise<void> => {
  if (!isQuestion(asked)) refuse('license_mismatch');
  const { licenseKey, endCustomerId } = asked;
  if (licenseKey !== undefined && !isKey(licenseKey, lic)) refuse('license_mismatch');
  if (endCustomerId !== undefined && (typeof endCustomerId !== 'string' || (await hash(`${lic}\0${endCustomerId}`)) !== sub)) refuse('customer_mismatch');
};

/**
 * A time of issue that the clock is not near yet proves nothing: one of both is wrong, and it may be the vendor's. Remembered, it would
 * outlast the mistake. Said this way round, a clock that tells no time at all takes nothing.
 */
const isAhead = ({ settings }: Parts, { iat }: Readonly<{ iat: number }>, now: number): boolean => !(iat * 1_000 <= now + settings.clockToleranceMs);

const isBehind = ({ settings }: Parts, { highest }: State, now: number): boolean => !(now >= highest - settings.clockToleranceMs);

/** By the latest of the clock and of what was seen or proved before: all of it is in the highest time. */
const checkTimes = ({ settings: { maxRevocationAgeSeconds: most } }: Parts, { nbf, exp, grace }: LicenseClaims, { highest, revocations }: State): Readonly<{ inGrace: boolean }> => {
  const now = highest / 1_000;
  if (most !== undefined && (revocations.asOf === null || now - revocations.asOf > most)) refuse('revocations_stale');
  if (now < nbf) refuse('not_yet_valid');
  if (now >= exp + grace) refuse('expired');
  return { inGrace: now >= exp };
};

const judge = async (parts: Parts, claims: LicenseClaims, asked: Asked): Promise<Readonly<{ inGrace: boolean }>> => {
  await checkMatch(parts, claims, asked);
  const { memory, hash, clock } = parts;
  const state = await memory.now();
  if (state.revocations.revoked.has(await hash(claims.lic))) refuse('revoked');
  // Read once: a clock that says something else a moment later cannot make a time of no time.
  const now = clock();
  if (isBehind(parts, state, now)) refuse('clock_rolled_back');
  const ahead = isAhead(parts, claims, now);
  const seen = await memory.observe(ahead ? now : Math.max(now, claims.iat * 1_000));
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
    if (isAhead(parts, claims, parts.clock())) refuse('issued_in_future');
    const reason = (await memory.apply(claims)) ? 'applied' : 'already_applied';
    return { ok: true, reason, position: await position(), more: claims.more };
  } catch (error) {
    return { ok: false, reason: refusalOf(error).reason as SyncReason, position: await position(), more: false };
  }
};

/** An export says when its list was signed: no later than a list itself may say. */
const importState = async ({ memory, clock, settings }: Parts, text: string): Promise<ImportReason> => memory.import(text, (clock() + settings.clockToleranceMs) / 1_000);

/** Throws a `TypeError` that names the option when one is of no use, or when the keys hold nothing to verify with. */
export const createLicenseVerifier = (options: VerifierOptions): LicenseVerifier => {
  const settings = readOptions(options);
  const { audience, storage, subtle } = settings;
  const hash = hashWith(subtle);
  const memory = createMemory(createStateFile(storage, audience, hash), audience);
  const parts: Parts = { settings, check: createCheckSignature(subtle), memory, hash, clock: () => readClock(settings.clock) };
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

/** What a verifier is made with. What is wrong here is a mistake of the program, and said at once, by the option's name. */
import { deviceClock, type Clock } from './clock.ts';
import { readKeys, type JsonWebKeySet, type Subtle, type VerifyKey } from './keys.ts';
import { createMemoryStorage, type LicenseStorage } from './state.ts';

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

/** The options with their defaults. */
export type Settings = Readonly<{
  keys: ReadonlyMap<string, VerifyKey>;
  audience: string;
  issuer: string | undefined;
  storage: LicenseStorage;
  clock: Clock;
  clockToleranceMs: number;
  maxRevocationAgeSeconds: number | undefined;
  subtle: Subtle;
}>;

const has = (value: unknown, ...methods: readonly string[]): boolean => {
  const members = value as Readonly<Record<string, unknown>> | null;
  return typeof value === 'object' && methods.every((name) => typeof members?.[name] === 'function');
};

const isText = (value: unknown): boolean => typeof value === 'string' && value !== '';
const isSeconds = (value: unknown): boolean => typeof value === 'number' && Number.isFinite(value) && value >= 0;

/** What each has to be, and in words; `keys` are checked as they are read. */
const NEEDED: readonly (readonly [name: Exclude<keyof VerifierOptions, 'keys'>, isRight: (value: unknown) => boolean, text: string])[] = [
  ['audience', isText, "the id of the vendor's account is needed"],
  ['issuer', (value) => value === undefined || isText(value), 'a text is needed, if any'],
  ['storage', (value) => has(value, 'get', 'set'), 'an object with the methods get and set is needed, if any'],
  ['clock', (value) => typeof value === 'function', 'a function that answers milliseconds since 1970 is needed, if any'],
  ['clockToleranceSeconds', isSeconds, 'a number, 0 or more, is needed, if any'],
  ['maxRevocationAgeSeconds', (value) => value === undefined || isSeconds(value), 'a number, 0 or more, is needed, if any'],
  ['subtle', (value) => has(value, 'digest', 'importKey', 'verify'), 'WebCrypto is needed (browsers have it on secure pages alone): crypto.subtle, or another one'],
];

const withDefaults = ({
  audience,
  issuer,
  storage = createMemoryStorage(),
  clock = deviceClock,
  clockToleranceSeconds = CLOCK_TOLERANCE_SECONDS,
  maxRevocationAgeSeconds,
  subtle = (globalThis.crypto as Crypto | undefined)?.subtle,
}: VerifierOptions) => ({ audience, issuer, storage, clock, clockToleranceSeconds, maxRevocationAgeSeconds, subtle });

/** Throws a `TypeError` that names the option. */
export const readOptions = (options: VerifierOptions): Settings => {
  if (typeof options !== 'object' || (options as unknown) === null) throw new TypeError('options: an object with keys and audience is needed');
  const all = withDefaults(options);
  for (const [name, isRight, text] of NEEDED) {
    if (!isRight(all[name])) throw new TypeError(`${name}: ${text}`);
  }
  const { clockToleranceSeconds, subtle, ...others } = all;
  return { ...others, keys: readKeys(options.keys), clockToleranceMs: clockToleranceSeconds * 1_000, subtle: subtle as Subtle };
};

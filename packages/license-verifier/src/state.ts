/** What the verifier remembers between runs: what is revoked, up to where it knows, and the highest time it has seen. */
import { GENESIS, isHash, isPosition } from './claims.ts';
import { refuse } from './reasons.ts';

/** Small texts by name, kept over restarts: a file for each name, `localStorage`, IndexedDB. `get` answers null or undefined for what is not there. */
export interface LicenseStorage {
  get(name: string): string | null | undefined | Promise<string | null | undefined>;
  set(name: string, text: string): void | Promise<void>;
}

export type Revocations = Readonly<{
  /** Everything up to here is known. */
  position: string;
  /** When the vendor last said that this is all (seconds since 1970, by a bundle without `more`); null: not yet. */
  asOf: number | null;
  revoked: ReadonlySet<string>;
}>;

export type State = Readonly<{
  revocations: Revocations;
  /** The highest time seen or proved, in milliseconds since 1970. */
  highest: number;
}>;

/** A device that has heard of nothing yet. */
export const EMPTY: State = { revocations: { position: GENESIS, asOf: null, revoked: new Set() }, highest: 0 };

const VERSION = 1;

type Stored = Readonly<Record<string, unknown>>;

const parse = (text: string): Stored | undefined => {
  try {
    const value = JSON.parse(text) as unknown;
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Stored) : undefined;
  } catch {
    return undefined;
  }
};

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;

const readRevocations = ({ position, asOf, revoked }: Stored): Revocations | undefined => {
  if (!isPosition(position)) return undefined;
  if (asOf !== null && !isCount(asOf)) return undefined;
  return Array.isArray(revoked) && revoked.every(isHash) ? { position: position as string, asOf, revoked: new Set(revoked as string[]) } : undefined;
};

const ours = (text: string, audience: string): Stored | undefined => {
  const stored = parse(text);
  return stored?.v === VERSION && stored.audience === audience ? stored : undefined;
};

const readState = (stored: Stored): State | undefined => {
  const revocations = readRevocations(stored);
  return revocations !== undefined && isCount(stored.highest) ? { revocations, highest: stored.highest } : undefined;
};

const members = (audience: string, { revocations: { position, asOf, revoked }, highest }: State) => ({ v: VERSION, audience, highest, position, asOf, revoked: [...revoked] });

export const exportText = (audience: string, state: State): string => JSON.stringify(members(audience, state));

/** Undefined when it is no export at all; `foreign` when it is that of another account. */
export const importText = (text: unknown, audience: string): State | 'foreign' | undefined => {
  const stored = typeof text === 'string' ? parse(text) : undefined;
  const state = stored?.v === VERSION ? readState(stored) : undefined;
  return state === undefined || stored?.audience === audience ? state : 'foreign';
};

/**
 * Two names in the storage. `state` is everything that is remembered, and the hash of the `state` before it; `seal` is the hash of `state` and
 * is written after it. So a seal fits the state, or (after a crash between the two) the one before; anything else has been put together.
 */
export interface StateFile {
  /** Throws `Refused` (`state_unreadable`). */
  load(): Promise<State>;
  save(state: State): Promise<void>;
  /** Whether somebody else has written since this one last did, or read. */
  isChanged(): Promise<boolean>;
}

/** The SHA-256 of a text, in base64url. */
export type Digest = (text: string) => Promise<string>;

/** What a storage answers for what is there; other than text it never got, so that is not what was stored. */
const textAt = async (storage: LicenseStorage, name: string): Promise<string | null> => {
  const text: unknown = (await storage.get(name)) ?? null;
  return text === null || typeof text === 'string' ? text : refuse('state_unreadable');
};

export const createStateFile = (storage: LicenseStorage, audience: string, digest: Digest): StateFile => {
  const names = { state: `license-verifier/${audience}/state`, seal: `license-verifier/${audience}/seal` };
  /** The hash of the state as it was last read or written here; null: there was none. */
  let last: string | null = null;

  const sealed = async (): Promise<string | null> => {
    const text = await textAt(storage, names.seal);
    if (text === null) return null;
    const hash = ours(text, audience)?.state;
    return isHash(hash) ? (hash as string) : refuse('state_unreadable');
  };

  const seal = async (hash: string): Promise<void> => storage.set(names.seal, JSON.stringify({ v: VERSION, audience, state: hash }));

  const load = async (): Promise<State> => {
    const [text, hash] = [await textAt(storage, names.state), await sealed()];
    last = null;
    if (text === null && hash === null) return EMPTY;
    const stored = (text === null ? undefined : ours(text, audience)) ?? refuse('state_unreadable');
    const state = readState(stored) ?? refuse('state_unreadable');
    const own = await digest(text as string);
    // Where a crash came between the two, the seal is that of before: now it is put right, so that the next crash finds them whole.
    if (hash !== own) await (hash === stored.before ? seal(own) : refuse('state_unreadable'));
    last = own;
    return state;
  };

  return {
    load,
    save: async (state) => {
      const text = JSON.stringify({ ...members(audience, state), before: last });
      const own = await digest(text);
      await storage.set(names.state, text);
      await seal(own);
      last = own;
    },
    isChanged: async () => (await sealed()) !== last,
  };
};

/** For callers that keep nothing, or keep exports themselves. */
export const createMemoryStorage = (): LicenseStorage => {
  const texts = new Map<string, string>();
  return { get: (name) => texts.get(name), set: (name, text) => void texts.set(name, text) };
};

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

const NONE: Revocations = { position: GENESIS, asOf: null, revoked: new Set() };

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

const revocationsText = (audience: string, { position, asOf, revoked }: Revocations): string =>
  JSON.stringify({ v: VERSION, audience, position, asOf, revoked: [...revoked] });

export const exportText = (audience: string, { revocations, highest }: State): string =>
  JSON.stringify({ ...parse(revocationsText(audience, revocations)), highest });

/** Undefined when it is no export at all; `foreign` when it is that of another account. */
export const importText = (text: unknown, audience: string): State | 'foreign' | undefined => {
  const stored = typeof text === 'string' ? parse(text) : undefined;
  const revocations = stored?.v === VERSION ? readRevocations(stored) : undefined;
  if (stored === undefined || revocations === undefined || !isCount(stored.highest)) return undefined;
  return stored.audience === audience ? { revocations, highest: stored.highest } : 'foreign';
};

/** Two names in the storage, because the time changes often and the list may be long. Each knows of the other, so that taking one away shows. */
export interface StateFile {
  /** Throws `Refused` (`state_unreadable`). */
  load(): Promise<State>;
  saveRevocations(state: State): Promise<void>;
  saveTime(state: State): Promise<void>;
}

export const createStateFile = (storage: LicenseStorage, audience: string): StateFile => {
  const names = { revocations: `license-verifier/${audience}/revocations`, time: `license-verifier/${audience}/time` };

  const loadTime = async (): Promise<Readonly<{ highest: number; position: string }>> => {
    const text = await storage.get(names.time);
    if (typeof text !== 'string') return { highest: 0, position: GENESIS };
    const { highest, position } = ours(text, audience) ?? refuse('state_unreadable');
    return isCount(highest) && typeof position === 'string' ? { highest, position } : refuse('state_unreadable');
  };

  const loadRevocations = async (): Promise<Revocations> => {
    const text = await storage.get(names.revocations);
    if (typeof text !== 'string') return NONE;
    return readRevocations(ours(text, audience) ?? refuse('state_unreadable')) ?? refuse('state_unreadable');
  };

  return {
    load: async () => {
      const [{ highest, position }, revocations] = [await loadTime(), await loadRevocations()];
      return revocations.position >= position ? { revocations, highest } : refuse('state_unreadable');
    },
    saveRevocations: async ({ revocations }) => storage.set(names.revocations, revocationsText(audience, revocations)),
    saveTime: async ({ revocations: { position }, highest }) => storage.set(names.time, JSON.stringify({ v: VERSION, audience, highest, position })),
  };
};

/** For callers that keep nothing, or keep exports themselves. */
export const createMemoryStorage = (): LicenseStorage => {
  const texts = new Map<string, string>();
  return { get: (name) => texts.get(name), set: (name, text) => void texts.set(name, text) };
};

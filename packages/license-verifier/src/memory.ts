/** The state as it changes: one change after the other, each kept before it counts. */
import type { BundleClaims } from './claims.ts';
import { Refused, refuse, type ImportReason } from './reasons.ts';
import { EMPTY, exportText, importText, type State, type StateFile } from './state.ts';
import { createTurns } from './turns.ts';

const MINUTE_MS = 60_000;

/** A time that has moved on by less is not written yet: a crash forgets no more than that. The list is written with it, so a long one less often. */
const writeEvery = ({ revocations: { revoked } }: State): number => MINUTE_MS * Math.min(60, Math.max(1, revoked.size / 1_000));

export interface Memory {
  /** Throws `Refused` (`state_unreadable`). */
  now(): Promise<State>;
  /** Remembers that it is (at least) this late. */
  observe(time: number): Promise<State>;
  /** False when there was nothing new. Throws `Refused` (`bundle_gap`, `bundle_rollback`, `state_unreadable`). */
  apply(bundle: BundleClaims): Promise<boolean>;
  export(): Promise<string>;
  /** `latest`: when a list can have been signed at the latest, in seconds since 1970. */
  import(text: string, latest: number): Promise<ImportReason>;
  /** Forgets times that were only seen: the highest one is that of the newest complete list. */
  forgetSeenTime(): Promise<void>;
}

const merge = ({ revocations, highest }: State, bundle: BundleClaims): State => ({
  revocations: {
    position: bundle.to,
    asOf: bundle.more ? revocations.asOf : Math.max(bundle.iat, revocations.asOf ?? 0),
    revoked: bundle.revoked.every((hash) => revocations.revoked.has(hash)) ? revocations.revoked : new Set([...revocations.revoked, ...bundle.revoked]),
  },
  highest: Math.max(highest, bundle.iat * 1_000),
});

const isNews = (before: State, after: State): boolean =>
  after.revocations.position !== before.revocations.position || after.revocations.asOf !== before.revocations.asOf || after.revocations.revoked !== before.revocations.revoked;

/** Both complete from the beginning on, each up to its own position: so is all of it, up to the later one. */
const joined = (one: State, other: State): State => {
  const [{ revocations: a }, { revocations: b }] = [one, other];
  const asOf = Math.max(a.asOf ?? 0, b.asOf ?? 0);
  return {
    revocations: { position: a.position > b.position ? a.position : b.position, asOf: asOf === 0 ? null : asOf, revoked: new Set([...a.revoked, ...b.revoked]) },
    highest: Math.max(one.highest, other.highest, asOf * 1_000),
  };
};

/** Undefined when what is stored is not readable. */
const unlessUnreadable = async <Value>(work: () => Promise<Value>): Promise<Value | undefined> => {
  try {
    return await work();
  } catch (error) {
    if (error instanceof Refused) return undefined;
    throw error;
  }
};

/** What is known, and what of it is written. */
const createHolder = (file: StateFile) => {
  let known: State | undefined;
  let written = 0;

  const load = async (): Promise<State> => {
    if (known !== undefined) return known;
    known = await file.load();
    written = known.highest;
    return known;
  };

  /** What another verifier on the same storage has written meanwhile; what cannot be read is written over by what is known. */
  const others = async (): Promise<State | undefined> => unlessUnreadable(async () => ((await file.isChanged()) ? file.load() : undefined));

  const keep = async (next: State): Promise<State> => {
    const other = await others();
    const all = other === undefined ? next : joined(next, other);
    await file.save(all);
    written = all.highest;
    known = all;
    return all;
  };

  return {
    load,
    loadIfReadable: async (): Promise<State | undefined> => unlessUnreadable(load),
    keep,
    keepSoon: async (next: State): Promise<State> => {
      if (next.highest - written >= writeEvery(next)) return keep(next);
      known = next;
      return next;
    },
  };
};

type Holder = ReturnType<typeof createHolder>;

const observe = async (holder: Holder, time: number): Promise<State> => {
  const state = await holder.load();
  return time > state.highest ? holder.keepSoon({ ...state, highest: time }) : state;
};

const apply = async (holder: Holder, bundle: BundleClaims): Promise<boolean> => {
  const state = await holder.load();
  if (bundle.from > state.revocations.position) return refuse('bundle_gap');
  if (bundle.to < state.revocations.position) return refuse('bundle_rollback');
  const next = merge(state, bundle);
  if (!isNews(state, next)) return false;
  await holder.keep(next);
  return true;
};

const importState = async (holder: Holder, given: State, latest: number): Promise<ImportReason> => {
  if (given.revocations.asOf !== null && !(given.revocations.asOf <= latest)) return 'issued_in_future';
  const known = await holder.loadIfReadable();
  if (known !== undefined && given.revocations.position < known.revocations.position) return 'older';
  await holder.keep(joined(known ?? EMPTY, given));
  return 'imported';
};

const forgetSeenTime = async (holder: Holder): Promise<void> => {
  const state = await holder.load();
  await holder.keep({ ...state, highest: (state.revocations.asOf ?? 0) * 1_000 });
};

export const createMemory = (file: StateFile, audience: string): Memory => {
  const inTurn = createTurns();
  const holder = createHolder(file);
  return {
    now: () => inTurn(holder.load),
    observe: (time) => inTurn(() => observe(holder, time)),
    apply: (bundle) => inTurn(() => apply(holder, bundle)),
    export: () => inTurn(async () => exportText(audience, await holder.load())),
    import: async (text, latest) => {
      const given = importText(text, audience);
      if (given === undefined || given === 'foreign') return given === undefined ? 'malformed' : 'wrong_audience';
      return inTurn(() => importState(holder, given, latest));
    },
    forgetSeenTime: () => inTurn(() => forgetSeenTime(holder)),
  };
};

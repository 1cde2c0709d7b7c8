/** The state as it changes: one change after the other, each kept before it counts. */
import type { BundleClaims } from './claims.ts';
import { Refused, refuse, type ImportReason } from './reasons.ts';
import { exportText, importText, type State, type StateFile } from './state.ts';
import { createTurns } from './turns.ts';

/** A time that has moved on by less is not written yet: a crash forgets no more than that. */
const WRITE_EVERY_MS = 60_000;

export interface Memory {
  /** Throws `Refused` (`state_unreadable`). */
  now(): Promise<State>;
  /** Remembers that it is (at least) this late. */
  observe(time: number): Promise<State>;
  /** False when there was nothing new. Throws `Refused` (`bundle_gap`, `bundle_rollback`, `state_unreadable`). */
  apply(bundle: BundleClaims): Promise<boolean>;
  export(): Promise<string>;
  import(text: string): Promise<ImportReason>;
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

/** What follows from an import: never less than what is known. */
const joined = (known: State | undefined, given: State): State | undefined => {
  if (known === undefined) return given;
  if (given.revocations.position < known.revocations.position) return undefined;
  const asOf = Math.max(given.revocations.asOf ?? 0, known.revocations.asOf ?? 0);
  return {
    revocations: { position: given.revocations.position, asOf: asOf === 0 ? null : asOf, revoked: new Set([...known.revocations.revoked, ...given.revocations.revoked]) },
    highest: Math.max(given.highest, known.highest),
  };
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

  const keepTime = async (next: State): Promise<State> => {
    await file.saveTime(next);
    written = next.highest;
    known = next;
    return next;
  };

  return {
    load,
    /** Undefined when what is stored is not readable. */
    loadIfReadable: async (): Promise<State | undefined> => {
      try {
        return await load();
      } catch (error) {
        if (error instanceof Refused) return undefined;
        throw error;
      }
    },
    keepTime,
    keepTimeSoon: async (next: State): Promise<State> => {
      if (next.highest - written >= WRITE_EVERY_MS) return keepTime(next);
      known = next;
      return next;
    },
    keepAll: async (next: State): Promise<State> => {
      await file.saveRevocations(next);
      return keepTime(next);
    },
  };
};

type Holder = ReturnType<typeof createHolder>;

const observe = async (holder: Holder, time: number): Promise<State> => {
  const state = await holder.load();
  return time > state.highest ? holder.keepTimeSoon({ ...state, highest: time }) : state;
};

const apply = async (holder: Holder, bundle: BundleClaims): Promise<boolean> => {
  const state = await holder.load();
  if (bundle.from > state.revocations.position) return refuse('bundle_gap');
  if (bundle.to < state.revocations.position) return refuse('bundle_rollback');
  const next = merge(state, bundle);
  if (!isNews(state, next)) return false;
  await holder.keepAll(next);
  return true;
};

const importState = async (holder: Holder, audience: string, text: string): Promise<ImportReason> => {
  const given = importText(text, audience);
  if (given === undefined || given === 'foreign') return given === undefined ? 'malformed' : 'wrong_audience';
  const next = joined(await holder.loadIfReadable(), given);
  if (next === undefined) return 'older';
  await holder.keepAll(next);
  return 'imported';
};

const forgetSeenTime = async (holder: Holder): Promise<void> => {
  const state = await holder.load();
  await holder.keepTime({ ...state, highest: (state.revocations.asOf ?? 0) * 1_000 });
};

export const createMemory = (file: StateFile, audience: string): Memory => {
  const inTurn = createTurns();
  const holder = createHolder(file);
  return {
    now: () => inTurn(holder.load),
    observe: (time) => inTurn(() => observe(holder, time)),
    apply: (bundle) => inTurn(() => apply(holder, bundle)),
    export: () => inTurn(async () => exportText(audience, await holder.load())),
    import: (text) => inTurn(() => importState(holder, audience, text)),
    forgetSeenTime: () => inTurn(() => forgetSeenTime(holder)),
  };
};

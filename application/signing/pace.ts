/** How often a person signs, where the policy limits it. docs/contexts/signing.md tells how the streams are cut, and why. */
import { streamId, type StreamId, type TenantId } from '../../domain/kernel/ids.ts';
import { Rejection } from '../../domain/kernel/rejection.ts';
import { pace, PACE_KEPT_MS, paceRetryAfter, pacedOf, revisionOf, signedInWindow, type PaceCommand, type PaceState } from '../../domain/signing/pace.ts';
import type { Paced, PaceEvent } from '../../domain/signing/pace.events.ts';
import { createAggregate, type Aggregate } from '../kernel/command-handler.ts';
import type { Cause, EventStore } from '../kernel/ports.ts';

/** A person, and the limit that is in force for them: `revision` is that of the policy. */
export type Paces = Readonly<{ tenant: TenantId; userId: string; revision: number; count: number; windowSeconds: number }>;

/** The newest signings of a person since then (UTC, ISO 8601), those under way included; complete up to the tenant's newest write. */
export type RecentSignings = (who: Pick<Paces, 'tenant' | 'userId'>, since: string, most: number) => Promise<readonly Paced[]>;

/** An operation that asks, and when (milliseconds since 1970). */
export type Pacing = Readonly<{ operationId: string; at: number; cause: Cause }>;

export interface Pace {
  /** Signings in the window, this operation's apart, and the seconds until there is room when there is none. */
  look(who: Paces, asking: Pacing): Promise<Readonly<{ signedInWindow: number; retryAfter: number }>>;
  /**
   * Takes one place in the window; what it answers gives it back. Rejects with `signing.policy_user_rate` {retryAfter}, and with
   * `signing.pace_superseded` when a newer policy than `who` knows is in force.
   */
  take(who: Paces, asking: Pacing): Promise<() => Promise<void>>;
}

const DAY_MS = 86_400_000;
/** People who sign under a limit on the same day. */
const CACHED = 5_000;

const iso = (at: number): string => new Date(at).toISOString();
const streamOf = ({ tenant, userId }: Paces, day: number): StreamId => streamId('signing.pace', tenant, `${userId}.${iso(day * DAY_MS).slice(0, 10)}`);

const codeOf = (error: unknown): string | undefined => (error instanceof Rejection ? error.code : undefined);

type Streams = Aggregate<PaceState, PaceCommand, PaceEvent>;

/** What the second list lacks. */
const lacking = (one: readonly Paced[], other: readonly Paced[]): readonly Paced[] => {
  const known = new Set(other.map(({ operationId }) => operationId));
  return one.filter(({ operationId }) => !known.has(operationId));
};

/** Finds the stream that is open now; opens the day's, and once more for a policy that it has not seen. */
const createCurrent = (paces: Streams, recent: RecentSignings) => {
  const found = (who: Paces, { at }: Pacing): Promise<readonly Paced[]> => recent(who, iso(at - who.windowSeconds * 1_000), who.count);

  /**
   * What is in the window when a day's stream is opened: yesterday's stream, which ends with this; where there was none, or only another
   * limit, the read model, too.
   */
  const before = async (who: Paces, day: number, asking: Pacing): Promise<readonly Paced[]> => {
    const { at, cause } = asking;
    const { state } = await paces.execute(streamOf(who, day - 1), { type: 'ClosePace', data: { closedAt: iso(at) } }, cause);
    const since = iso(at - Math.max(who.windowSeconds * 1_000, PACE_KEPT_MS));
    const held = pacedOf(state).filter((each) => each.at > since);
    return state.limit?.revision === who.revision ? held : [...lacking(await found(who, asking), held), ...held];
  };

  const open = async (who: Paces, day: number, asking: Pacing, signings: readonly Paced[]): Promise<PaceState> => {
    const { revision, count, windowSeconds } = who;
    return (await paces.execute(streamOf(who, day), { type: 'OpenPace', data: { revision, count, windowSeconds, signings } }, asking.cause)).state;
  };

  const opened = async (who: Paces, day: number, asking: Pacing): Promise<PaceState> => {
    const { state } = await paces.load(streamOf(who, day));
    if (state.status === 'none') return open(who, day, asking, await before(who, day, asking));
    if (state.status === 'open' && revisionOf(state) < who.revision) return open(who, day, asking, lacking(await found(who, asking), pacedOf(state)));
    return state;
  };

  /** The stream that is open now: the day's, or a later one where a request comes late or a clock has gone back. */
  return async (who: Paces, asking: Pacing): Promise<Readonly<{ day: number; state: PaceState }>> => {
    for (let day = Math.floor(asking.at / DAY_MS); ; day += 1) {
      const state = await opened(who, day, asking);
      if (state.status === 'open') return { day, state };
    }
  };
};

export const createPace = ({ store, recent }: Readonly<{ store: EventStore; recent: RecentSignings }>): Pace => {
  const paces: Streams = createAggregate<PaceState, PaceCommand, PaceEvent>(store, pace, { cached: CACHED });
  const current = createCurrent(paces, recent);

  /** Also from the streams that took it over. */
  const giveBack = async (who: Paces, from: number, { operationId, cause }: Pacing): Promise<void> => {
    for (let day = from; ; day += 1) {
      const { state } = await paces.execute(streamOf(who, day), { type: 'ReturnPace', data: { operationId } }, cause);
      if (state.status !== 'closed') return;
    }
  };

  const take = async (who: Paces, asking: Pacing): Promise<() => Promise<void>> => {
    const { day } = await current(who, asking);
    const data = { operationId: asking.operationId, at: iso(asking.at) };
    const undo = (): Promise<void> => giveBack(who, day, asking);
    try {
      await paces.execute(streamOf(who, day), { type: 'TakePace', data, revision: who.revision }, asking.cause);
      return undo;
    } catch (error) {
      if (codeOf(error) === 'signing.pace_closed') return take(who, asking);
      // What it had under another limit, or was found to have, is free for the next.
      if (codeOf(error) === 'signing.policy_user_rate') await undo();
      throw error;
    }
  };

  return {
    look: async (who, asking) => {
      const { state } = await current(who, asking);
      return { signedInWindow: signedInWindow(state, asking.operationId, asking.at), retryAfter: paceRetryAfter(state, asking.at) };
    },
    take,
  };
};

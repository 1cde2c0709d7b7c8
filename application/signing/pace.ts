/** How often a person signs, where the policy limits it. docs/contexts/signing.md tells how the streams are cut, and why. */
import { streamId, type StreamId, type TenantId } from '../../domain/kernel/ids.ts';
import { Rejection } from '../../domain/kernel/rejection.ts';
import { pace, paceRetryAfter, pacedOf, signedInWindow, type PaceCommand, type PaceState } from '../../domain/signing/pace.ts';
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
  /** Takes one place in the window; what it answers gives it back. Rejects with `signing.policy_user_rate` {retryAfter}. */
  take(who: Paces, asking: Pacing): Promise<() => Promise<void>>;
}

const DAY_MS = 86_400_000;
/** People who sign under a limit on the same day. */
const CACHED = 5_000;

const iso = (at: number): string => new Date(at).toISOString();
const streamOf = ({ tenant, userId, revision }: Paces, day: number): StreamId =>
  streamId('signing.pace', tenant, `${userId}.${revision}.${iso(day * DAY_MS).slice(0, 10)}`);

const isClosed = (error: unknown): boolean => error instanceof Rejection && error.code === 'signing.pace_closed';

type Streams = Aggregate<PaceState, PaceCommand, PaceEvent>;

/** Finds the stream that is open now, and opens the day's. */
const createCurrent = (paces: Streams, recent: RecentSignings) => {
  /** What is in the window when a day's stream is opened: yesterday's stream, which ends with this, or where there was none the read model. */
  const before = async (who: Paces, day: number, { at, cause }: Pacing): Promise<readonly Paced[]> => {
    const since = iso(at - who.windowSeconds * 1_000);
    const { state } = await paces.execute(streamOf(who, day - 1), { type: 'ClosePace', data: { closedAt: iso(at) } }, cause);
    if (state.limit === undefined) return recent(who, since, who.count);
    return pacedOf(state).filter((each) => each.at > since);
  };

  const open = async (who: Paces, day: number, asking: Pacing): Promise<PaceState> => {
    const { count, windowSeconds } = who;
    const signings = await before(who, day, asking);
    return (await paces.execute(streamOf(who, day), { type: 'OpenPace', data: { count, windowSeconds, signings } }, asking.cause)).state;
  };

  /** The stream that is open now: the day's, or a later one where a request comes late or a clock has gone back. */
  return async (who: Paces, asking: Pacing): Promise<Readonly<{ day: number; state: PaceState }>> => {
    for (let day = Math.floor(asking.at / DAY_MS); ; day += 1) {
      const { state } = await paces.load(streamOf(who, day));
      const opened = state.status === 'none' ? await open(who, day, asking) : state;
      if (opened.status === 'open') return { day, state: opened };
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
    try {
      await paces.execute(streamOf(who, day), { type: 'TakePace', data }, asking.cause);
    } catch (error) {
      if (!isClosed(error)) throw error;
      return take(who, asking);
    }
    return () => giveBack(who, day, asking);
  };

  return {
    look: async (who, asking) => {
      const { state } = await current(who, asking);
      return { signedInWindow: signedInWindow(state, asking.operationId, asking.at), retryAfter: paceRetryAfter(state, asking.at) };
    },
    take,
  };
};

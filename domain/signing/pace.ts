/**
 * How often one person signs, for one day. Its folded state holds what is in the trailing window, so it is as large as the limit; the
 * stream ends with its day. Every revision of the policy goes on in the same stream, which therefore orders what is taken under both.
 */
import { otherwise, type Decider, type Message } from '../kernel/decider.ts';
import { reject } from '../kernel/rejection.ts';
import type { PaceClosed, Paced, PaceEvent, PaceOpened, PaceReturned, PaceTaken } from './pace.events.ts';

export type OpenPace = Message<'OpenPace', PaceOpened['data'] & Readonly<{ revision: number }>>;
/** `revision`: of the policy by which the request was judged. */
export type TakePace = Message<'TakePace', PaceTaken['data']> & Readonly<{ revision: number }>;
export type ReturnPace = Message<'ReturnPace', PaceReturned['data']>;
export type ClosePace = Message<'ClosePace', PaceClosed['data']>;
export type PaceCommand = OpenPace | TakePace | ReturnPace | ClosePace;

/** `revision`: under which it was taken; undefined when it was found somewhere else. */
type Place = Readonly<{ operationId: string; at: number; revision?: number | undefined }>;

export type PaceState = Readonly<{
  /** `closed` without a limit: it was closed before it was ever opened. */
  status: 'none' | 'open' | 'closed';
  limit?: Readonly<{ revision: number; count: number; windowMs: number }>;
  places: readonly Place[];
}>;

/** Before the first revision, which is 0. */
const NO_REVISION = -1;
export const revisionOf = ({ limit, status }: PaceState): number => limit?.revision ?? (status === 'none' ? Number.NEGATIVE_INFINITY : NO_REVISION);

const placeOf = ({ operationId, at }: Paced): Place => ({ operationId, at: Date.parse(at) });

export const pacedOf = ({ places }: PaceState): readonly Paced[] =>
  places.map(({ operationId, at }) => ({ operationId, at: new Date(at).toISOString() }));

/** Places that may not be in any read model yet are kept for this long at least: the next policy may have a longer window. */
export const PACE_KEPT_MS = 60_000;

const since = (places: readonly Place[], before: number): readonly Place[] => places.filter((place) => place.at > before);

/** The places that count at `at` (milliseconds since 1970), oldest first. Those of a later time count too: clocks go back. */
const counting = ({ places, limit }: PaceState, at: number): readonly Place[] => since(places, at - (limit?.windowMs ?? 0));

/** How many signings of the window count against operation `operationId`. */
export const signedInWindow = (state: PaceState, operationId: string, at: number): number =>
  counting(state, at).filter((place) => place.operationId !== operationId).length;

/** Seconds after which one more will be within the limit. */
export const paceRetryAfter = (state: PaceState, at: number): number => {
  const { count = 0, windowMs = 0 } = state.limit ?? {};
  const times = counting(state, at).map((place) => place.at).toSorted((one, other) => one - other);
  const leaving = times[times.length - count] ?? at;
  return Math.max(1, Math.ceil((leaving + windowMs - at) / 1_000));
};

const withPlace = (state: PaceState, place: Place): PaceState => ({
  ...state,
  places: [...since(state.places, place.at - Math.max(state.limit?.windowMs ?? 0, PACE_KEPT_MS)).filter(({ operationId }) => operationId !== place.operationId), place],
});

/** Those of the stream stand, whatever was found elsewhere. */
const opened = (state: PaceState, { revision = NO_REVISION, count, windowSeconds, signings }: PaceOpened['data']): PaceState => {
  const known = new Set(state.places.map(({ operationId }) => operationId));
  const places = [...signings.filter(({ operationId }) => !known.has(operationId)).map(placeOf), ...state.places];
  return { status: 'open', limit: { revision, count, windowMs: windowSeconds * 1_000 }, places };
};

const evolve = (state: PaceState, event: PaceEvent): PaceState => {
  switch (event.type) {
    case 'PaceOpened':
      return opened(state, event.data);
    case 'PaceTaken':
      return withPlace(state, { ...placeOf(event.data), revision: state.limit?.revision });
    case 'PaceReturned':
      return { ...state, places: state.places.filter(({ operationId }) => operationId !== event.data.operationId) };
    case 'PaceClosed':
      return { ...state, status: 'closed' };
    default:
      return otherwise(event, state);
  }
};

const take = ({ data, revision }: TakePace, state: PaceState): readonly PaceEvent[] => {
  if (state.status !== 'open') return reject('signing.pace_closed');
  // Judged by a policy that is in force no more, or the first under one that the stream does not know yet.
  if (revisionOf(state) !== revision) return reject('signing.pace_superseded', { revision: revisionOf(state) });
  const at = Date.parse(data.at);
  // Under another revision the same operation is asked about again.
  if (state.places.some((place) => place.operationId === data.operationId && place.revision === revision)) return [];
  if (signedInWindow(state, data.operationId, at) >= (state.limit?.count ?? 0)) {
    return reject('signing.policy_user_rate', { retryAfter: paceRetryAfter(state, at) });
  }
  return [{ type: 'PaceTaken', data }];
};

const giveBack = ({ data }: ReturnPace, { places }: PaceState): readonly PaceEvent[] =>
  places.some(({ operationId }) => operationId === data.operationId) ? [{ type: 'PaceReturned', data }] : [];

export const pace: Decider<PaceState, PaceCommand, PaceEvent> = {
  initialState: { status: 'none', places: [] },
  evolve,
  decide: (command, state) => {
    switch (command.type) {
      case 'OpenPace':
        return state.status === 'closed' || revisionOf(state) >= command.data.revision ? [] : [{ type: 'PaceOpened', data: command.data }];
      case 'TakePace':
        return take(command, state);
      case 'ReturnPace':
        return giveBack(command, state);
      case 'ClosePace':
        return state.status === 'closed' ? [] : [{ type: 'PaceClosed', data: command.data }];
      default:
        return otherwise(command, []);
    }
  },
};

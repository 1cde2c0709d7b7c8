/**
 * How often one person signs, for one day and one revision of the policy. Its folded state holds what is in the trailing window, so
 * it is as large as the limit; the stream ends with its day.
 */
import { otherwise, type Decider, type Message } from '../kernel/decider.ts';
import { reject } from '../kernel/rejection.ts';
import type { PaceClosed, Paced, PaceEvent, PaceOpened, PaceReturned, PaceTaken } from './pace.events.ts';

export type OpenPace = Message<'OpenPace', PaceOpened['data']>;
export type TakePace = Message<'TakePace', PaceTaken['data']>;
export type ReturnPace = Message<'ReturnPace', PaceReturned['data']>;
export type ClosePace = Message<'ClosePace', PaceClosed['data']>;
export type PaceCommand = OpenPace | TakePace | ReturnPace | ClosePace;

type Place = Readonly<{ operationId: string; at: number }>;

export type PaceState = Readonly<{
  /** `closed` without a limit: it was closed before it was ever opened. */
  status: 'none' | 'open' | 'closed';
  limit?: Readonly<{ count: number; windowMs: number }>;
  places: readonly Place[];
}>;

const placeOf = ({ operationId, at }: Paced): Place => ({ operationId, at: Date.parse(at) });

export const pacedOf = ({ places }: PaceState): readonly Paced[] =>
  places.map(({ operationId, at }) => ({ operationId, at: new Date(at).toISOString() }));

/** The places that count at `at` (milliseconds since 1970), oldest first. Those of a later time count too: clocks go back. */
const counting = ({ places, limit }: PaceState, at: number): readonly Place[] => {
  const before = at - (limit?.windowMs ?? 0);
  return places.filter((place) => place.at > before);
};

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

const withPlace = (state: PaceState, place: Place): PaceState => ({ ...state, places: [...counting(state, place.at), place] });

const evolve = (state: PaceState, event: PaceEvent): PaceState => {
  switch (event.type) {
    case 'PaceOpened': {
      const { count, windowSeconds, signings } = event.data;
      return { status: 'open', limit: { count, windowMs: windowSeconds * 1_000 }, places: signings.map(placeOf) };
    }
    case 'PaceTaken':
      return withPlace(state, placeOf(event.data));
    case 'PaceReturned':
      return { ...state, places: state.places.filter(({ operationId }) => operationId !== event.data.operationId) };
    case 'PaceClosed':
      return { ...state, status: 'closed' };
    default:
      return otherwise(event, state);
  }
};

const take = ({ data }: TakePace, state: PaceState): readonly PaceEvent[] => {
  if (state.status !== 'open') return reject('signing.pace_closed');
  const at = Date.parse(data.at);
  if (state.places.some(({ operationId }) => operationId === data.operationId)) return [];
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
        return state.status === 'none' ? [{ type: 'PaceOpened', data: command.data }] : [];
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

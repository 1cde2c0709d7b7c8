/** The end of a log in memory, decoded once for everybody who follows it; whatever positions are, as long as they compare. */
import type { FeedFilter, FeedPage, Recorded } from '../../application/kernel/ports.ts';
import type { Position } from '../../domain/kernel/ids.ts';

/** Events at the end of the log that are kept decoded: what followers that are up to date ask for, all of them the same. */
export const KEPT_AT_THE_END = 2_000;

export interface LogEnd<Place extends number | string> {
  /** Up to where the log is known here. */
  readonly upTo: Place;
  /** Whether everything after a place, as far as the log is known, is here. */
  covers(after: Place): boolean;
  /** The events after a place that is covered. */
  after(place: Place): readonly Recorded[];
  /** What follows `upTo`, as far as `end`; events that are none of the log's own may lie between. */
  add(events: readonly Recorded[], end: Place): void;
  /** Forgets everything: the end begins anew behind a place. */
  restart(place: Place): void;
}

/** The index of the first event behind a place. */
const firstBehind = <Place extends number | string>(events: readonly Recorded[], place: Place, placeOf: (event: Recorded) => Place): number => {
  let [low, high] = [0, events.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (placeOf(events[middle] as Recorded) > place) high = middle;
    else low = middle + 1;
  }
  return low;
};

export const createLogEnd = <Place extends number | string>(start: Place, placeOf: (event: Recorded) => Place): LogEnd<Place> => {
  let events: Recorded[] = [];
  let from = start;
  let upTo = start;
  return {
    get upTo() {
      return upTo;
    },
    covers: (after) => after >= from && after <= upTo,
    after: (place) => (place === upTo ? [] : events.slice(firstBehind(events, place, placeOf))),
    add: (more, end) => {
      for (const event of more) events.push(event);
      upTo = end;
      // Dropped in bulk: moving what is left costs as much as there is.
      if (events.length < KEPT_AT_THE_END * 2) return;
      from = placeOf(events[events.length - KEPT_AT_THE_END - 1] as Recorded);
      events = events.slice(-KEPT_AT_THE_END);
    },
    restart: (place) => {
      events = [];
      from = place;
      upTo = place;
    },
  };
};

/** The first `limit` of the events up to a position. */
export const pageOf = (wanted: readonly Recorded[], limit: number, upTo: Position): FeedPage => {
  const events = wanted.slice(0, limit);
  return { events, scannedTo: events.length < limit ? upTo : events.at(-1)?.position };
};

export type Passes = (event: Recorded) => boolean;

/** What a filter lets pass; undefined: all of them. */
export const createPasses = ({ types, tenant: owner }: FeedFilter): Passes | undefined => {
  if (types === undefined && owner === undefined) return undefined;
  const names = types === undefined ? undefined : new Set(types);
  return ({ type, tenant }) => (owner === undefined || tenant === owner) && (names === undefined || names.has(type));
};

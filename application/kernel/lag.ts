/** How far behind the log something is, in time: positions say where a place is, and only in some engines how much lies between two. */
import type { Clock, EventLog, FeedFilter } from './ports.ts';
import type { Position } from '../../domain/kernel/ids.ts';

/**
 * The age in seconds of the oldest event between a place and the head, by the time that the log gives it: 0 where there is none, above 0 where there is
 * one, however young. Rejects with `storage.unavailable` when the log cannot be read.
 */
export type LagBehind = (place: Position | undefined, head: Position | undefined) => Promise<number>;

const PAGE = 100;
/** The log's times have no more. */
const LEAST = 0.001;
const MS = 1_000;

/** What there is, without waiting for more. */
const NOW = AbortSignal.abort();

/** Of all events, or of those that pass `filter`. */
export const createLag = ({ log, clock }: Readonly<{ log: Pick<EventLog, 'feed'>; clock: Clock }>, filter: FeedFilter = {}): LagBehind => {
  const feed = log.feed(filter);
  /** A stretch that holds none of these events: it can be long, and is not read again. */
  let none: Readonly<{ from: string; to: string }> = { from: '', to: '' };

  const past = (place: string): string => (place >= none.from && place < none.to ? none.to : place);
  const note = (from: string, to: string): void => {
    none = { from: from === none.to ? none.from : from, to };
  };

  return async (place, head) => {
    for (let at = past(place ?? ''); at < (head ?? '');) {
      const { events: [oldest], scannedTo = at } = await feed.pull(at === '' ? undefined : (at as Position), PAGE, NOW);
      if (oldest !== undefined) return Math.max(LEAST, (clock.now() - Date.parse(oldest.time)) / MS);
      if (scannedTo === at) return 0;
      note(at, scannedTo);
      at = scannedTo;
    }
    return 0;
  };
};

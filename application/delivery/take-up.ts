/** Takes events up from the log for one endpoint: those that it wants are put into its queue, and then the place moves on, never before. */
import type { Webhook } from '../../domain/delivery/webhooks-state.ts';
import type { Position } from '../../domain/kernel/ids.ts';
import type { EventFeed, Logger, Recorded } from '../kernel/ports.ts';
import type { Bodies } from './bodies.ts';
import type { PublicEvent, PublicEvents } from './ports.ts';
import type { Lane, Shelf, Waiting } from './shelves.ts';
import { isOfDeliveries } from './streams.ts';

/** Events that may wait for one endpoint: beyond that the log waits. */
export const MOST_WAITING = 1_000;
/** Of replays, beside those. */
export const MOST_REPLAYED = 400;
/** Rows that one look at the log takes at most. */
const PAGE = 200;
/** Looks without anything for the endpoint after which the bare place is stored. */
const IDLE_LOOKS = 64;

/** What of a lane's bounds an event passes, and the lane after it. */
const within = ({ since, until, upTo }: Lane, { time, position }: Recorded): boolean =>
  (since === null || time >= since) && (until === null || time <= until) && (upTo === null || position <= upTo);

/** The log is what happened in order, also where the clock was set back: once it has begun, a lane goes on. */
const begun = (lane: Lane, events: readonly Recorded[]): Lane => {
  const { since } = lane;
  const first = since === null ? -1 : events.findIndex(({ time }) => time >= since);
  return first < 0 ? lane : { ...lane, since: null };
};

const isOver = ({ upTo, place }: Lane): boolean => upTo !== null && place !== null && place >= upTo;

export interface TakeUp {
  /**
   * One look at each lane; whether there may be more that nobody will tell of. `over`: lanes that have come to their end, to be closed by whoever
   * asks. `onTaken`: something waits that did not before; it may be delivered while the place is being stored.
   */
  look(webhook: Webhook, onTaken: () => void): Promise<Readonly<{ more: boolean; over: readonly string[] }>>;
  /** Whether a lane that found no room at the last look would find some now. */
  hasRoom(): boolean;
  /** Stores the places as they are. */
  store(): Promise<void>;
}

export type TakeUpDeps = Readonly<{
  shelf: Shelf;
  feed: EventFeed;
  events: Pick<PublicEvents, 'toPublic'>;
  bodies: Pick<Bodies, 'note'>;
  /** Up to where the log is known to whoever asks for a look when there is more; undefined: not yet. */
  watched: () => Position | undefined;
  now: () => number;
  logger: Pick<Logger, 'error'>;
}>;

/** An aborted signal: a look at the log does not wait for it to move. */
const AT_ONCE = AbortSignal.abort();

/** What waits for a delivery because of an event; undefined when nothing does. */
const createWaitingOf = ({ events, bodies, now, logger }: Pick<TakeUpDeps, 'events' | 'bodies' | 'now' | 'logger'>) => {
  const publicOf = (recorded: Recorded): PublicEvent | undefined => {
    if (isOfDeliveries(recorded.stream)) return undefined;
    try {
      return events.toPublic(recorded);
    } catch (error) {
      // One event that cannot be put into public words must not keep all that follow.
      logger.error({ error, position: recorded.position, type: recorded.type }, 'an event could not be made public and is not delivered');
      return undefined;
    }
  };

  return (recorded: Recorded, types: ReadonlySet<string> | undefined): Waiting | undefined => {
    const event = publicOf(recorded);
    if (event === undefined || (types !== undefined && !types.has(event.type))) return undefined;
    bodies.note(recorded, event);
    const { id, stream, revision, position } = recorded;
    return { eventId: id, eventType: event.type, eventStream: stream, eventRevision: revision, eventPosition: position, attempts: 0, firstAt: null, notBefore: now() };
  };
};

const createPut = (shelf: Shelf) => async (waiting: Waiting): Promise<void> => {
  const known = shelf.at(waiting.eventId);
  if (known === undefined) return shelf.set(waiting);
  const { again = false, ...fresh } = known;
  // What a replay was faster with is new all the same.
  return again && waiting.again !== true ? shelf.set(fresh) : undefined;
};

/** What is new and what is replayed have room of their own. */
const isFull = (shelf: Shelf, { upTo }: Lane): boolean => (upTo === null ? shelf.size - shelf.again + PAGE > MOST_WAITING : shelf.again + PAGE > MOST_REPLAYED);

/** Whether nobody else will tell of what follows: of what is new, whoever watches the log does. */
const isMoreBehind = ({ upTo, place }: Lane, watched: Position | undefined): boolean => upTo !== null || watched === undefined || place === null || place < watched;

/** What a page of the log holds for a lane, in order, and the lane after it. */
const createSift = (deps: Parameters<typeof createWaitingOf>[0]) => {
  const waitingOf = createWaitingOf(deps);
  return (lane: Lane, events: readonly Recorded[], webhook: Webhook): Readonly<{ next: Lane; found: readonly Waiting[] }> => {
    const types = lane.types ?? webhook.settings.types;
    const wanted = types === null ? undefined : new Set(types);
    const next = begun(lane, events);
    const from = next.since === lane.since ? 0 : events.findIndex(({ time }) => time >= (lane.since ?? ''));
    const found = events.slice(from).flatMap((one) => (within(next, one) ? (waitingOf(one, wanted) ?? []) : []));
    return { next, found: lane.upTo === null ? found : found.map((one) => ({ ...one, again: true })) };
  };
};

/** Takes a page of the log up for one lane: the lane after it, undefined where there was none. */
const createTake = ({ shelf, feed, ...rest }: Pick<TakeUpDeps, 'shelf' | 'feed' | 'events' | 'bodies' | 'now' | 'logger'>) => {
  const put = createPut(shelf);
  const sift = createSift(rest);
  let idle = 0;

  const move = async (id: string, before: Lane, after: Lane, found: boolean): Promise<void> => {
    idle = found ? 0 : idle + 1;
    if (found || before.since !== after.since || idle % IDLE_LOOKS === 0) await shelf.storeLane(id, after);
    else shelf.passLane(id, after);
  };

  return async (id: string, lane: Lane, webhook: Webhook, onTaken: () => void): Promise<Lane | undefined> => {
    const page = await feed.pull((lane.place ?? undefined) as Position | undefined, PAGE, AT_ONCE);
    if (page.scannedTo === undefined || page.scannedTo === lane.place) return undefined;
    const { next, found } = sift(lane, page.events, webhook);
    await Promise.all(found.map(put));
    if (found.length > 0) onTaken();
    const moved = { ...next, place: page.scannedTo };
    await move(id, lane, moved, found.length > 0);
    return moved;
  };
};

export const createTakeUp = ({ watched, ...deps }: TakeUpDeps): TakeUp => {
  const { shelf } = deps;
  const take = createTake(deps);
  /** Lanes that found no room at the last look. */
  const heldBack = new Set<string>();

  const takeWithRoom = (id: string, lane: Lane, ...to: readonly [Webhook, () => void]): Promise<Lane | undefined> | undefined => {
    if (isFull(shelf, lane)) return void heldBack.add(id);
    heldBack.delete(id);
    return take(id, lane, ...to);
  };

  return {
    look: async (webhook, onTaken) => {
      let more = false;
      const over: string[] = [];
      for (const [id, lane] of shelf.lanes()) {
        const moved = isOver(lane) ? lane : await takeWithRoom(id, lane, webhook, onTaken);
        if (moved === undefined) continue;
        more ||= isMoreBehind(moved, watched());
        if (isOver(moved)) over.push(id);
      }
      return { more, over };
    },
    hasRoom: () => shelf.lanes().some(([id, lane]) => heldBack.has(id) && !isFull(shelf, lane)),
    store: async () => {
      for (const [id, lane] of shelf.lanes()) await shelf.storeLane(id, lane);
    },
  };
};

/**
 * One follower of the log for all clients that are at its end: what happens is looked up and written out once, and handed to each of those
 * whose filter lets it pass.
 */
import type { Position, TenantId } from '../../domain/kernel/ids.ts';
import type { EventLog, FeedFilter, Recorded } from '../../application/kernel/ports.ts';
import { createSlices, yieldToOthers } from '../kernel/pause.ts';
import { piecesOf, type Frame, type Piece } from './stream-frames.ts';

/** A client, as the hub sees it. */
export interface Listener {
  /** Takes what it does not have yet; false when it is at the end no longer. */
  give(pieces: readonly Piece[]): boolean;
  /** Nothing comes any more, and why. */
  fail(why: unknown): void;
}

export interface Hub {
  /** Takes a client in that has everything up to `place`; false when that is behind the hub's own place: the client catches up and asks again. Rejects with why it is over. */
  join(listener: Listener, filter: FeedFilter, place: Position | undefined): Promise<boolean>;
  leave(listener: Listener): void;
  /** Up to where it has taken the log up; never beyond its end. */
  place(): Position | undefined;
  stop(): void;
  /** Whether it takes in nobody any more. */
  isOver(): boolean;
}

/** Events taken up at once. */
const BATCH = 200;
/** Milliseconds for which clients are written to before everybody else has a turn, and how many of them between two looks at the clock. */
const SLICE_MS = 5;
const CLIENTS_AT_ONCE = 32;

/** All clients of one filter. */
type Channel = Readonly<{ key: string; tenant: TenantId | undefined; types: ReadonlySet<string> | undefined; listeners: Set<Listener> }>;

/** One for all who ask for the same. */
export const keyOf = ({ tenant, types }: FeedFilter): string => JSON.stringify([tenant, types?.toSorted()]);

const createChannels = () => {
  const byTenant = new Map<TenantId | undefined, Map<string, Channel>>();
  const channelOf = new Map<Listener, Channel>();
  const remove = ({ tenant, key }: Channel): void => {
    const siblings = byTenant.get(tenant);
    siblings?.delete(key);
    if (siblings?.size === 0) byTenant.delete(tenant);
  };
  const open = (filter: FeedFilter): Channel => {
    const [key, { tenant, types }] = [keyOf(filter), filter];
    const siblings = byTenant.get(tenant) ?? new Map<string, Channel>();
    byTenant.set(tenant, siblings);
    const channel = siblings.get(key) ?? { key, tenant, types: types && new Set(types), listeners: new Set() };
    siblings.set(key, channel);
    return channel;
  };
  /** Those of its tenant, and those of all tenants. */
  const of = ({ tenant, type }: Recorded): readonly Channel[] =>
    [byTenant.get(tenant), byTenant.get(undefined)].flatMap((channels) => [...(channels?.values() ?? [])].filter(({ types }) => types?.has(type) ?? true));
  return {
    add: (listener: Listener, filter: FeedFilter): void => {
      const channel = open(filter);
      channel.listeners.add(listener);
      channelOf.set(listener, channel);
    },
    remove: (listener: Listener): void => {
      const channel = channelOf.get(listener);
      channelOf.delete(listener);
      channel?.listeners.delete(listener);
      if (channel?.listeners.size === 0) remove(channel);
    },
    all: (): readonly Listener[] => [...channelOf.keys()],
    of,
  };
};

type Channels = ReturnType<typeof createChannels>;

/** Who gets what of some events. */
const sorted = (channels: Channels, events: readonly Recorded[]): ReadonlyMap<Channel, readonly Recorded[]> => {
  const found = new Map<Channel, Recorded[]>();
  for (const event of events) {
    for (const channel of channels.of(event)) {
      const before = found.get(channel);
      if (before === undefined) found.set(channel, [event]);
      else before.push(event);
    }
  }
  return found;
};

/** Hands pieces to clients, in slices of time. */
const createGiving = (channels: Channels) => {
  const slices = createSlices(SLICE_MS);
  return async (listeners: ReadonlySet<Listener>, pieces: readonly Piece[]): Promise<void> => {
    let given = 0;
    // Who joins meanwhile is visited as well, and knows what it has already.
    for (const listener of listeners) {
      if (!listener.give(pieces)) channels.remove(listener);
      given += 1;
      if (given % CLIENTS_AT_ONCE === 0) await slices.rest();
    }
  };
};

export const createHub = (log: Pick<EventLog, 'feed' | 'head'>, frame: Frame): Hub => {
  const channels = createChannels();
  const give = createGiving(channels);
  const stopping = new AbortController();
  let place: Position | undefined;

  const begin = async (): Promise<void> => {
    place = await log.head();
  };
  const follow = async (): Promise<void> => {
    const feed = log.feed();
    while (!stopping.signal.aborted) {
      const { events, scannedTo } = await feed.pull(place, BATCH, stopping.signal);
      // Whoever made it happen is answered first, and what happens in one turn of the event loop goes out together.
      await yieldToOthers();
      // Before anything of it is given: who joins now has to have it all.
      place = scannedTo ?? place;
      for (const [{ listeners }, some] of sorted(channels, events)) {
        const pieces = piecesOf(some, frame);
        if (pieces.length > 0) await give(listeners, pieces);
      }
    }
  };
  const fail = (why: unknown): void => {
    stopping.abort(why);
    for (const listener of channels.all()) listener.fail(why);
  };
  const started = begin();
  started.then(follow).catch(fail);

  return {
    join: async (listener, filter, at) => {
      await started;
      stopping.signal.throwIfAborted();
      if ((at ?? '') < (place ?? '')) return false;
      channels.add(listener, filter);
      return true;
    },
    leave: channels.remove,
    place: () => place,
    stop: () => stopping.abort(),
    isOver: () => stopping.signal.aborted,
  };
};

/**
 * The log as Server-Sent Events (WHATWG HTML, 9.2), for many clients at once. Each client has a place in the log and takes what comes after it
 * at its own pace: nothing waits for it in memory, and coming back with `Last-Event-ID` is going on from there.
 */
import { INSTALLATION, type TenantId } from '../../domain/kernel/ids.ts';
import { reject } from '../../domain/kernel/rejection.ts';
import type { EventFeed, EventLog, FeedFilter, Recorded } from '../../application/kernel/ports.ts';
import { createRecent } from '../../application/kernel/recent.ts';
import { createFairTurns } from '../kernel/fair-turns.ts';
import { Client, createFrames, type Place, type Shown } from './stream-client.ts';

export type StreamRequest = Place &
  Readonly<{
    filter: FeedFilter;
    /** Whose share of the streams it is counted against; undefined: the operator's. */
    tenant: TenantId | undefined;
    /** Fires when the client has gone. */
    signal: AbortSignal;
  }>;

/** `cut` fires when the client has stopped reading, and too much has happened since. */
export type EventStream = Readonly<{ frames: AsyncIterable<Uint8Array>; cut: AbortSignal }>;

export interface EventStreams {
  /** Rejects with `request.rate_limited` {retryAfter} when there are too many streams already. */
  open(request: StreamRequest): EventStream;
  /** How many are open now. */
  count(): number;
}

type Subscription = Readonly<{ unsubscribe: () => void }>;

/** Beats until nobody listens; an Observable is one. */
export type Ticks = Readonly<{ subscribe: (tick: () => void) => Subscription }>;

export type EventStreamsOptions = Readonly<{
  log: Pick<EventLog, 'feed' | 'head'>;
  /** Pure. */
  show: (recorded: Recorded) => Shown | undefined;
  /** Twice a second, from a clock that never jumps; tests turn it by hand. */
  ticks: Ticks;
  limits?: Readonly<{ total: number; tenant: number }>;
}>;

const FEEDS_KEPT = 500;
/** Of all tenants together, and of one; the operator has as many as all tenants, and takes none of theirs. */
const LIMITS = { total: 2_000, tenant: 250 };
/** Nobody knows when a stream will end. */
const RETRY_SECONDS = 5;

/** Everybody who is served, each counted to whom they belong. Ticks run while there is anybody. */
const createClients = ({ ticks, limits = LIMITS }: EventStreamsOptions) => {
  const clients = new Map<Client, TenantId | undefined>();
  let ticking: Subscription | undefined;
  const tick = (): void => {
    for (const client of clients.keys()) void client.tick();
  };
  const sharedBy = (tenant: TenantId | undefined): number => [...clients.values()].filter((each) => each === tenant).length;
  const isFull = (tenant: TenantId | undefined): boolean => {
    const mine = sharedBy(tenant);
    if (tenant === undefined) return mine >= limits.total;
    return mine >= limits.tenant || clients.size - sharedBy(undefined) >= limits.total;
  };
  return {
    count: (): number => clients.size,
    add: (client: Client, tenant: TenantId | undefined): void => {
      if (isFull(tenant)) reject('request.rate_limited', { retryAfter: RETRY_SECONDS });
      clients.set(client, tenant);
      ticking ??= ticks.subscribe(tick);
    },
    remove: (client: Client): void => {
      clients.delete(client);
      if (clients.size > 0) return;
      ticking?.unsubscribe();
      ticking = undefined;
    },
  };
};

/** Hands a client's frames on until either side ends it; whoever never begins to read leaves nothing behind, either. */
const serve = (client: Client, signal: AbortSignal, release: () => void): AsyncIterable<Uint8Array> => {
  const frames = client.frames();
  const end = (): void => {
    signal.removeEventListener('abort', end);
    client.end();
    release();
  };
  signal.addEventListener('abort', end, { once: true });
  if (signal.aborted) end();
  const next = async (): Promise<IteratorResult<Uint8Array>> => {
    const frame = await frames.next();
    if (frame.done === true) end();
    return frame;
  };
  const leave = async (): Promise<IteratorResult<Uint8Array>> => {
    end();
    return frames.return(undefined);
  };
  return { [Symbol.asyncIterator]: () => ({ next, return: leave }) };
};

export const createEventStreams = (options: EventStreamsOptions): EventStreams => {
  const frame = createFrames(options.show);
  const clients = createClients(options);
  const turns = createFairTurns();
  const head = (): ReturnType<EventLog['head']> => options.log.head();
  const feeds = createRecent<string, EventFeed>(FEEDS_KEPT);
  /** One for all who ask for the same: a feed has prepared statements, and no place. */
  const feedOf = (filter: FeedFilter): EventFeed => {
    const key = JSON.stringify([filter.tenant, filter.types]);
    const feed = feeds.get(key) ?? options.log.feed(filter);
    feeds.set(key, feed);
    return feed;
  };
  return {
    open: ({ filter, tenant, signal, ...place }) => {
      const client = new Client({ feed: feedOf(filter), head, turn: turns.join(tenant ?? INSTALLATION, signal) }, frame, place);
      clients.add(client, tenant);
      return { frames: serve(client, signal, () => clients.remove(client)), cut: client.cut };
    },
    count: clients.count,
  };
};

/**
 * The log as Server-Sent Events (WHATWG HTML, 9.2), for many clients at once. Who is at the end of the log is given what happens, the same bytes to
 * all; who is not reads on from a place of their own. Nothing but what is being sent waits for a client in memory: what it does not take
 * stands in the log, and coming back with `Last-Event-ID` is going on from there.
 */
import { INSTALLATION, type TenantId } from '../../domain/kernel/ids.ts';
import { reject } from '../../domain/kernel/rejection.ts';
import type { EventFeed, EventLog, FeedFilter, Recorded } from '../../application/kernel/ports.ts';
import { createRecent } from '../../application/kernel/recent.ts';
import { createFairTurns } from '../kernel/fair-turns.ts';
import { Client, type Outlet, type Place } from './stream-client.ts';
import { createFrames, type Shown } from './stream-frames.ts';
import { createHub, keyOf, type Hub } from './stream-hub.ts';

export type StreamRequest = Place &
  Readonly<{
    /** Whose share of the streams it is counted against; undefined: the operator's. */
    tenant: TenantId | undefined;
  }>;

/** What the connection tells the stream. `over` comes in any case, once or more: until then the client has its place. */
export type EventStream = Readonly<{ begin: (outlet: Outlet) => void; drained: () => void; over: () => void }>;

export interface EventStreams {
  /** Rejects with `request.rate_limited` {retryAfter} when there are too many streams already. */
  open: (request: StreamRequest) => EventStream;
  /** How many are open now. */
  count: () => number;
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
  const shares = new Map<TenantId | undefined, number>();
  let ticking: Subscription | undefined;
  const tick = (): void => {
    for (const client of clients.keys()) void client.tick();
  };
  const sharedBy = (tenant: TenantId | undefined): number => shares.get(tenant) ?? 0;
  const isFull = (tenant: TenantId | undefined): boolean => {
    const mine = sharedBy(tenant);
    if (tenant === undefined) return mine >= limits.total;
    return mine >= limits.tenant || clients.size - sharedBy(undefined) >= limits.total;
  };
  const share = (tenant: TenantId | undefined, more: 1 | -1): void => {
    const count = sharedBy(tenant) + more;
    if (count === 0) shares.delete(tenant);
    else shares.set(tenant, count);
  };
  return {
    count: (): number => clients.size,
    /** Rejects when there is no room for one more. */
    admit: (tenant: TenantId | undefined): void => {
      if (isFull(tenant)) reject('request.rate_limited', { retryAfter: RETRY_SECONDS });
    },
    add: (client: Client, tenant: TenantId | undefined): void => {
      clients.set(client, tenant);
      share(tenant, 1);
      ticking ??= ticks.subscribe(tick);
    },
    remove: (client: Client): void => {
      if (!clients.has(client)) return;
      share(clients.get(client), -1);
      clients.delete(client);
      if (clients.size > 0) return;
      ticking?.unsubscribe();
      ticking = undefined;
    },
  };
};

export const createEventStreams = (options: EventStreamsOptions): EventStreams => {
  const { log, show } = options;
  const frame = createFrames(show);
  const clients = createClients(options);
  const turns = createFairTurns();
  let hub: Hub | undefined;
  const hubNow = (): Hub => {
    if (hub === undefined || hub.isOver()) hub = createHub(log, frame);
    return hub;
  };
  const remove = (client: Client): void => {
    clients.remove(client);
    if (clients.count() === 0) hub?.stop();
  };
  const feeds = createRecent<string, EventFeed>(FEEDS_KEPT);
  /** One for all who ask for the same: a feed has prepared statements, and no place. */
  const feedOf = (filter: FeedFilter): EventFeed => {
    const key = keyOf(filter);
    const feed = feeds.get(key) ?? log.feed(filter);
    feeds.set(key, feed);
    return feed;
  };
  return {
    open: ({ tenant, ...place }) => {
      clients.admit(tenant);
      const reading = { feed: feedOf(place.filter), hub: hubNow(), frame, turns: (leaving: AbortSignal) => turns.join(tenant ?? INSTALLATION, leaving) };
      const client = new Client(reading, place);
      clients.add(client, tenant);
      return {
        begin: (outlet) => client.begin(outlet),
        drained: () => client.drained(),
        over: () => {
          client.over();
          remove(client);
        },
      };
    },
    count: clients.count,
  };
};

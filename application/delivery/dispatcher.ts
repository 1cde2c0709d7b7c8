/**
 * Delivers what happens to the webhooks that want to know of it: a worker for each endpoint, woken when its tenant has something new. Endpoints,
 * replays and requests for another attempt come out of the log as well; what they lead to is stored before the checkpoint moves.
 */
import type { DeliveryEvent } from '../../domain/delivery/delivery.events.ts';
import type { WebhookEvent } from '../../domain/delivery/webhook.events.ts';
import type { Webhook } from '../../domain/delivery/webhooks-state.ts';
import type { Position, TenantId } from '../../domain/kernel/ids.ts';
import { createFollower } from '../kernel/follower.ts';
import type { Clock, EventLog, Logger, Recorded } from '../kernel/ports.ts';
import type { StateStore } from '../kernel/state.ts';
import type { Attempt, Decline } from './attempt.ts';
import type { Bodies } from './bodies.ts';
import type { Pause, PublicEvents } from './ports.ts';
import { openShelves, type Endpoint, type Shelf, type Shelves } from './shelves.ts';
import type { Slots } from './slots.ts';
import { isOfDeliveries } from './streams.ts';
import { createTakeUp } from './take-up.ts';
import type { Webhooks } from './webhooks.ts';
import { createWorker, MAIN_LANE, type Worker } from './worker.ts';

export type DispatcherDeps = Readonly<{
  log: EventLog;
  state: StateStore;
  webhooks: Pick<Webhooks, 'find' | 'replayFinished'>;
  events: Pick<PublicEvents, 'toPublic'>;
  bodies: Pick<Bodies, 'note'>;
  attempt: Attempt;
  decline: Decline;
  slots: Slots;
  clock: Clock;
  pause: Pause;
  logger: Pick<Logger, 'error'>;
}>;

export interface Dispatcher {
  /** Until `signal` fires; rejects with `storage.*` or `kernel.fenced`. It begins where what is stored says, as often as it is called. */
  run(signal: AbortSignal): Promise<void>;
  /** What waits for an attempt now, and how many endpoints have something that does; nothing while it does not run. */
  waiting(): Waiting;
}

/** `longestMs`: how long what waits longest for its first attempt has waited, where deliveries go. */
export type Waiting = Readonly<{ deliveries: number; endpoints: number; longestMs: number }>;

const FOLLOWED = ['WebhookCreated', 'WebhookChanged', 'WebhookSecretRotated', 'WebhookDisabled', 'WebhookEnabled', 'WebhookDeleted', 'WebhookReplayRequested', 'WebhookRetryRequested'] as const;
const PAGE = 500;

type Followed = Extract<WebhookEvent | DeliveryEvent, { type: (typeof FOLLOWED)[number] }>;

type Begun = Readonly<{ worker: Worker; shelf: Shelf; ended: Promise<void> }>;

/** What failed waits for its time, and what is replayed for what is new: neither says that deliveries fall behind. */
const waitedFor = ({ worker, shelf }: Begun, now: number): number => {
  if (!worker.isOpen()) return 0;
  // Those that were put first come first.
  for (const { attempts, again, notBefore } of shelf.waiting()) if (attempts === 0 && again !== true) return Math.max(0, now - notBefore);
  return 0;
};

const waitingOf = (all: readonly Begun[], now: number): Waiting => ({
  deliveries: all.reduce((sum, { shelf }) => sum + shelf.size, 0),
  endpoints: all.filter(({ shelf }) => shelf.size > 0).length,
  longestMs: all.reduce((longest, one) => Math.max(longest, waitedFor(one, now)), 0),
});

const workerOf = (deps: DispatcherDeps, shelf: Shelf, watched: () => Position | undefined): Worker => {
  const feed = deps.log.feed({ tenant: shelf.endpoint.tenant });
  return createWorker({ ...deps, shelf, takeUp: createTakeUp({ ...deps, shelf, feed, watched, now: () => deps.clock.now() }) });
};

/** Whose endpoints there may be something for. */
const tenantsIn = (events: readonly Recorded[]): ReadonlySet<TenantId> => new Set(events.flatMap((event) => (isOfDeliveries(event.stream) ? [] : [event.tenant])));

/** The workers of one run, each ended when the run ends. */
const createWorkers = (deps: DispatcherDeps, shelves: Shelves, onFailure: (error: unknown) => void) => {
  const byTenant = new Map<TenantId, Map<string, Begun>>();
  /** What is left of endpoints that were deleted, by endpoint: nobody else waits for it. */
  const ending = new Map<string, Promise<void>>();
  /** Up to where the log has been watched. */
  let watched: Position | undefined;

  const begin = (shelf: Shelf) => {
    const { tenant, webhookId } = shelf.endpoint;
    const worker = workerOf(deps, shelf, () => watched);
    const begun: Begun = { worker, shelf, ended: worker.run().catch(onFailure) };
    const ofTenant = byTenant.get(tenant) ?? new Map<string, Begun>();
    byTenant.set(tenant, ofTenant.set(webhookId, begun));
    return begun;
  };

  const of = ({ tenant, webhookId }: Endpoint) => byTenant.get(tenant)?.get(webhookId) ?? begin(shelves.of({ tenant, webhookId }));

  const everybody = (): readonly Begun[] => [...byTenant.values()].flatMap((ofTenant) => [...ofTenant.values()]);

  return {
    waiting: (): Waiting => waitingOf(everybody(), deps.clock.now()),
    of: (endpoint: Endpoint): Worker => of(endpoint).worker,
    /** Wakes whoever has something new in a stretch of the log. */
    look: (place: Position | undefined, events: readonly Recorded[]): void => {
      watched = place;
      for (const tenant of tenantsIn(events)) byTenant.get(tenant)?.forEach(({ worker }) => worker.wake());
    },
    /** Nothing goes there any more from now on; when nothing of it is under way, what is stored of it is cleared. */
    end: (endpoint: Endpoint): void => {
      const key = `${endpoint.tenant}/${endpoint.webhookId}`;
      if (ending.has(key)) return;
      const { worker, shelf, ended } = of(endpoint);
      byTenant.get(endpoint.tenant)?.delete(endpoint.webhookId);
      const finish = async (): Promise<void> => {
        await worker.stop();
        await ended;
        await shelf.clear();
      };
      ending.set(key, finish().catch(onFailure).finally(() => ending.delete(key)));
    },
    endAll: async (): Promise<void> => {
      const all = everybody();
      await Promise.all(all.map(({ worker }) => worker.stop()));
      await Promise.all([...all.map(({ ended }) => ended), ...ending.values()]);
    },
  };
};

type Workers = ReturnType<typeof createWorkers>;

/** What an event of an endpoint that is still there means for its worker. */
type Handlers = { readonly [Type in Exclude<Followed['type'], 'WebhookDeleted'>]: (recorded: Recorded<Extract<Followed, { type: Type }>>, worker: Worker, webhook: Webhook) => Promise<void> | void };

const wake = (_recorded: unknown, worker: Worker): void => worker.wake();

const createHandlers = ({ clock, decline }: Pick<DispatcherDeps, 'clock' | 'decline'>): Handlers => ({
  WebhookCreated: ({ position, data: { startAfter, startTime: since } }, worker) => {
    const place = startAfter ?? (since === null ? position : null);
    return worker.openLane(MAIN_LANE, { place, since, upTo: null, until: null, types: null });
  },
  // The event that brought the address it has now; one that leaves it as it was changes nothing for what waits.
  WebhookChanged: ({ data: { changedAt } }, worker, { movedAt, settings: { url } }) => (changedAt === movedAt ? worker.renew(url) : worker.wake()),
  WebhookSecretRotated: wake,
  WebhookEnabled: (_recorded, worker) => worker.renew(),
  WebhookDisabled: (_recorded, worker) => worker.cut(),
  WebhookReplayRequested: ({ data: { replayId, after: place, upTo, since, until, types } }, worker, { replaying, lastReplay }) =>
    replaying && lastReplay === replayId ? worker.openLane(replayId, { place, upTo, since, until, types }) : undefined,
  WebhookRetryRequested: async ({ tenant, data: { webhookId, eventId, eventType, eventStream, eventRevision, eventPosition, attempts } }, worker) => {
    const waiting = { eventId, eventType, eventStream, eventRevision, eventPosition, attempts, firstAt: null, notBefore: clock.now() };
    if (!(await worker.again(waiting))) await decline({ tenant, webhookId }, waiting);
  },
});

const createHandle = (workers: Workers, { webhooks, ...deps }: Pick<DispatcherDeps, 'webhooks' | 'clock' | 'decline'>) => {
  const handlers = createHandlers(deps);
  return async (recorded: Recorded<Followed>): Promise<void> => {
    const endpoint: Endpoint = { tenant: recorded.tenant, webhookId: recorded.data.webhookId };
    if (recorded.type === 'WebhookDeleted') return workers.end(endpoint);
    const webhook = await webhooks.find(endpoint.tenant, endpoint.webhookId);
    // Deleted since: what belongs to it is cleared when that comes up.
    if (webhook === undefined) return undefined;
    return handlers[recorded.type](recorded as never, workers.of(endpoint), webhook);
  };
};

/** Wakes the workers of whoever has something new. */
const watch = async (log: EventLog, workers: Workers, signal: AbortSignal): Promise<void> => {
  const feed = log.feed();
  let place = await log.head();
  workers.look(place, []);
  while (!signal.aborted) {
    const { events, scannedTo } = await feed.pull(place, PAGE, signal);
    place = scannedTo ?? place;
    workers.look(place, events);
  }
};

/** A crash may have kept what belongs to a deleted endpoint from being cleared. */
const beginOrClear = async ({ webhooks }: Pick<DispatcherDeps, 'webhooks'>, workers: Workers, shelf: Shelf): Promise<void> => {
  const { tenant, webhookId } = shelf.endpoint;
  if ((await webhooks.find(tenant, webhookId)) === undefined) workers.end(shelf.endpoint);
  else workers.of(shelf.endpoint);
};

/** One run; `opened` is told where to ask for what waits, and when it is over. */
const createRun = (deps: DispatcherDeps, opened: (waiting: (() => Waiting) | undefined) => void): Dispatcher['run'] =>
  async (signal) => {
    // May fail: nothing is to be let go by then.
    const shelves = await openShelves(deps.state);
    const ending = new AbortController();
    const end = (): void => ending.abort();
    signal.addEventListener('abort', end, { once: true });
    if (signal.aborted) end();
    let failure: { error: unknown } | undefined;
    const onFailure = (error: unknown): void => {
      failure ??= { error };
      end();
    };
    const workers = createWorkers(deps, shelves, onFailure);
    opened(workers.waiting);
    const handle = createHandle(workers, deps);
    const follower = createFollower({
      name: 'webhooks', feed: deps.log.feed({ types: FOLLOWED }), state: deps.state,
      handle: async (events) => { for (const event of events) await handle(event as Recorded<Followed>); },
    });
    // Watching begins before the workers first look, so that nothing falls between the two.
    const parts = [watch(deps.log, workers, ending.signal), follower.run(ending.signal)].map((part) => part.catch(onFailure));
    await Promise.all(shelves.all().map((shelf) => beginOrClear(deps, workers, shelf))).catch(onFailure);
    await Promise.all(parts);
    await workers.endAll();
    opened(undefined);
    signal.removeEventListener('abort', end);
    if (failure !== undefined) throw failure.error;
  };

const NOTHING: Waiting = { deliveries: 0, endpoints: 0, longestMs: 0 };

export const createDispatcher = (deps: DispatcherDeps): Dispatcher => {
  let waiting: (() => Waiting) | undefined;
  return { run: createRun(deps, (opened) => { waiting = opened; }), waiting: () => waiting?.() ?? NOTHING };
};

/**
 * What the deliveries of an endpoint need to survive a restart: how far the log has been taken up, and which events wait for an attempt. Kept in
 * the state store under names that backups include, and in memory. Events are kept by reference; what they say stays in the log.
 */
import type { EventPlace } from '../../domain/delivery/delivery.events.ts';
import type { TenantId } from '../../domain/kernel/ids.ts';
import { reject } from '../../domain/kernel/rejection.ts';
import type { StateStore } from '../kernel/state.ts';

/** A stretch of the log on its way to an endpoint. Null: without such a bound; for `types`, those of the endpoint. */
export type Lane = Readonly<{
  /** The position up to which events have been taken up. */
  place: string | null;
  upTo: string | null;
  since: string | null;
  until: string | null;
  types: readonly string[] | null;
}>;

/** Times are milliseconds since 1970. `firstAt`: null before the first attempt. `again`: it comes because somebody asked for it, and lets what is new go first. */
export type Waiting = EventPlace & Readonly<{ attempts: number; firstAt: number | null; notBefore: number; again?: true }>;

export type Endpoint = Readonly<{ tenant: TenantId; webhookId: string }>;

/** Rejects with `kernel.fenced` when somebody else has changed what is stored, and with `storage.*`. */
export interface Shelf {
  readonly endpoint: Endpoint;
  lanes(): readonly (readonly [id: string, lane: Lane])[];
  /** Nothing to do when there is one of that name. */
  openLane(id: string, lane: Lane): Promise<void>;
  /** In memory alone: a crash goes back to what was stored. */
  passLane(id: string, lane: Lane): void;
  storeLane(id: string, lane: Lane): Promise<void>;
  closeLane(id: string): Promise<void>;
  readonly size: number;
  /** How many of them come again. */
  readonly again: number;
  /** Those that were put first come first. */
  waiting(): Iterable<Waiting>;
  at(position: string): Waiting | undefined;
  /** Takes the place of what is there for the same event. */
  set(waiting: Waiting): Promise<void>;
  remove(position: string): Promise<void>;
  /** Everything, lanes included. */
  clear(): Promise<void>;
}

export const LANES = 'checkpoint:webhook-lanes';
export const QUEUE = 'checkpoint:webhook-queue';

type Kept<Value> = Readonly<{ value: Value; stored: string | undefined }>;

/**
 * One scope of the state store below a prefix. Memory changes first, and what is stored follows in the same order: two changes of a key on their
 * way at once come out as they were asked for.
 */
const createKept = <Value>(state: StateStore, scope: string, prefix: string) => {
  const kept = new Map<string, Kept<Value>>();
  const write = async (key: string, before: string | undefined, next: string | undefined): Promise<void> => {
    if (before === next) return;
    const done = await state.compareAndSet(scope, prefix + key, before, next === undefined ? undefined : { value: next });
    if (!done) reject('kernel.fenced', { scope });
  };
  return {
    kept,
    load: (key: string, stored: string): void => void kept.set(key, { value: JSON.parse(stored) as Value, stored }),
    pass: (key: string, value: Value): void => void kept.set(key, { value, stored: kept.get(key)?.stored }),
    set: async (key: string, value: Value): Promise<void> => {
      const [before, stored] = [kept.get(key)?.stored, JSON.stringify(value)];
      kept.set(key, { value, stored });
      await write(key, before, stored);
    },
    remove: async (key: string): Promise<void> => {
      const before = kept.get(key)?.stored;
      kept.delete(key);
      await write(key, before, undefined);
    },
  };
};

type Loading = Readonly<{ shelf: Shelf; load: (scope: string, key: string, stored: string) => void }>;

const prefixOf = ({ tenant, webhookId }: Endpoint): string => `${tenant}/${webhookId}/`;

/** What waits, and which of it comes again. */
const createQueue = (state: StateStore, endpoint: Endpoint) => {
  const { kept, load, set, remove } = createKept<Waiting>(state, QUEUE, prefixOf(endpoint));
  const again = new Set<string>();
  const note = (position: string): void => void (kept.get(position)?.value.again === true ? again.add(position) : again.delete(position));
  return {
    kept,
    again,
    load: (position: string, stored: string): void => {
      load(position, stored);
      note(position);
    },
    // Memory changes before what is stored, and so does the count.
    set: (waiting: Waiting): Promise<void> => {
      const stored = set(waiting.eventPosition, waiting);
      note(waiting.eventPosition);
      return stored;
    },
    remove: (position: string): Promise<void> => {
      const removed = remove(position);
      note(position);
      return removed;
    },
  };
};

const createShelf = (state: StateStore, endpoint: Endpoint): Loading => {
  const lanes = createKept<Lane>(state, LANES, prefixOf(endpoint));
  const queue = createQueue(state, endpoint);
  const shelf: Shelf = {
    endpoint,
    lanes: () => [...lanes.kept].map(([id, { value }]) => [id, value] as const),
    openLane: async (id, lane) => {
      if (!lanes.kept.has(id)) await lanes.set(id, lane);
    },
    passLane: lanes.pass,
    storeLane: lanes.set,
    closeLane: lanes.remove,
    get size() {
      return queue.kept.size;
    },
    get again() {
      return queue.again.size;
    },
    waiting: function* waiting() {
      for (const { value } of queue.kept.values()) yield value;
    },
    at: (position) => queue.kept.get(position)?.value,
    set: queue.set,
    remove: queue.remove,
    clear: async () => {
      await Promise.all([...[...queue.kept.keys()].map(queue.remove), ...[...lanes.kept.keys()].map(lanes.remove)]);
    },
  };
  return { shelf, load: (scope, key, stored) => (scope === LANES ? lanes : queue).load(key, stored) };
};

/** Keys are tenant, endpoint and the name of a lane, or the position of an event. */
const endpointOf = (key: string): Readonly<{ endpoint: Endpoint; rest: string }> => {
  const [tenant = '', webhookId = '', rest = ''] = key.split('/');
  return { endpoint: { tenant: tenant as TenantId, webhookId }, rest };
};

export interface Shelves {
  /** The shelf of an endpoint, empty when it is new; the same one each time. */
  of(endpoint: Endpoint): Shelf;
  all(): readonly Shelf[];
}

/** As they are stored at this moment. */
export const openShelves = async (state: StateStore): Promise<Shelves> => {
  const shelves = new Map<string, Loading>();
  const opened = (endpoint: Endpoint): Loading => {
    const name = prefixOf(endpoint);
    const known = shelves.get(name) ?? createShelf(state, endpoint);
    shelves.set(name, known);
    return known;
  };
  for (const scope of [LANES, QUEUE]) {
    for await (const { key, value } of state.list(scope)) {
      const { endpoint, rest } = endpointOf(key);
      opened(endpoint).load(scope, rest, value);
    }
  }
  return { of: (endpoint) => opened(endpoint).shelf, all: () => [...shelves.values()].map(({ shelf }) => shelf) };
};

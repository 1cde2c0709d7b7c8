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
  at(eventId: string): Waiting | undefined;
  /** Takes the place of what is there for the same event. */
  set(waiting: Waiting): Promise<void>;
  remove(eventId: string): Promise<void>;
  /** Everything, lanes included; it is then put away, and whoever asks for it gets another. */
  clear(): Promise<void>;
}

export const LANES = 'checkpoint:webhook-lanes';
export const QUEUE = 'checkpoint:webhook-queue';

/** `name`: what it is called in the state store. */
type Kept<Value> = Readonly<{ value: Value; stored: string | undefined; name: string }>;

/** The changes of each key one after the other; behind one that failed none is made. */
const createInTurn = () => {
  const last = new Map<string, Promise<void>>();
  return (key: string, change: () => Promise<void>): Promise<void> => {
    const done = last.get(key)?.then(change) ?? change();
    const over = (): void => {
      if (last.get(key) === done) last.delete(key);
    };
    last.set(key, done);
    done.then(over, over);
    return done;
  };
};

/**
 * One scope of the state store below a prefix. Memory changes first, and what is stored follows in the same order: what was just put may be called
 * and taken away before it is stored, and a store on another machine takes two changes that are on their way at once in any order.
 */
const createKept = <Value>(state: StateStore, scope: string, prefix: string) => {
  const kept = new Map<string, Kept<Value>>();
  const inTurn = createInTurn();
  const write = async (key: string, before: string | undefined, next: string | undefined): Promise<void> => {
    if (before === next) return;
    const done = await state.compareAndSet(scope, prefix + key, before, next === undefined ? undefined : { value: next });
    if (!done) reject('kernel.fenced', { scope });
  };
  return {
    kept,
    load: (name: string, stored: string, key = name): void => void kept.set(key, { value: JSON.parse(stored) as Value, stored, name }),
    pass: (key: string, value: Value): void => void kept.set(key, { name: key, stored: undefined, ...kept.get(key), value }),
    set: async (key: string, value: Value): Promise<void> => {
      const [{ stored: before, name = key } = {}, stored] = [kept.get(key), JSON.stringify(value)];
      kept.set(key, { value, stored, name });
      await inTurn(name, () => write(name, before, stored));
    },
    remove: async (key: string): Promise<void> => {
      const { stored: before, name = key } = kept.get(key) ?? {};
      kept.delete(key);
      await inTurn(name, () => write(name, before, undefined));
    },
  };
};

type Loading = Readonly<{ shelf: Shelf; load: (scope: string, key: string, stored: string) => void }>;

const prefixOf = ({ tenant, webhookId }: Endpoint): string => `${tenant}/${webhookId}/`;

/** What waits, by the events' ids: positions that stand in events may be those of the engine that the log was in before. And which of it comes again. */
const createQueue = (state: StateStore, endpoint: Endpoint) => {
  const { kept, load, set, remove } = createKept<Waiting>(state, QUEUE, prefixOf(endpoint));
  const again = new Set<string>();
  const note = (eventId: string): void => void (kept.get(eventId)?.value.again === true ? again.add(eventId) : again.delete(eventId));
  return {
    kept,
    again,
    /** Called by the event's position where an earlier release stored it. */
    load: (name: string, stored: string): void => {
      const { eventId } = JSON.parse(stored) as Waiting;
      load(name, stored, eventId);
      note(eventId);
    },
    // Memory changes before what is stored, and so does the count.
    set: (waiting: Waiting): Promise<void> => {
      const stored = set(waiting.eventId, waiting);
      note(waiting.eventId);
      return stored;
    },
    remove: (eventId: string): Promise<void> => {
      const removed = remove(eventId);
      note(eventId);
      return removed;
    },
  };
};

const createShelf = (state: StateStore, endpoint: Endpoint, onCleared: () => void): Loading => {
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
    at: (eventId) => queue.kept.get(eventId)?.value,
    set: queue.set,
    remove: queue.remove,
    clear: async () => {
      await Promise.all([...[...queue.kept.keys()].map(queue.remove), ...[...lanes.kept.keys()].map(lanes.remove)]);
      onCleared();
    },
  };
  return { shelf, load: (scope, key, stored) => (scope === LANES ? lanes : queue).load(key, stored) };
};

/** Keys are tenant, endpoint and the name of a lane, or the id of an event. */
const endpointOf = (key: string): Readonly<{ endpoint: Endpoint; rest: string }> => {
  const [tenant = '', webhookId = '', rest = ''] = key.split('/');
  return { endpoint: { tenant: tenant as TenantId, webhookId }, rest };
};

export interface Shelves {
  /** The shelf of an endpoint, empty when it is new; the same one each time, until it is cleared. */
  of(endpoint: Endpoint): Shelf;
  all(): readonly Shelf[];
}

type Stored = Readonly<{ key: string; value: string }>;

const placeIn = ({ value }: Stored): string => (JSON.parse(value) as Waiting).eventPosition;

/** In the order of the log. */
const inOrder = (entries: readonly Stored[]): readonly Stored[] => {
  const places = entries.map((entry) => ({ entry, place: placeIn(entry) }));
  return places.toSorted((one, other) => (one.place < other.place ? -1 : Number(one.place > other.place))).map(({ entry }) => entry);
};

/** As they are stored at this moment. */
export const openShelves = async (state: StateStore): Promise<Shelves> => {
  const shelves = new Map<string, Loading>();
  const opened = (endpoint: Endpoint): Loading => {
    const name = prefixOf(endpoint);
    const known = shelves.get(name) ?? createShelf(state, endpoint, () => shelves.delete(name));
    shelves.set(name, known);
    return known;
  };
  for (const scope of [LANES, QUEUE]) {
    const entries: Stored[] = [];
    for await (const entry of state.list(scope)) entries.push(entry);
    for (const { key, value } of scope === QUEUE ? inOrder(entries) : entries) {
      const { endpoint, rest } = endpointOf(key);
      opened(endpoint).load(scope, rest, value);
    }
  }
  return { of: (endpoint) => opened(endpoint).shelf, all: () => [...shelves.values()].map(({ shelf }) => shelf) };
};

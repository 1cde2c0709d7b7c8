/**
 * How many receivers are called at once, over all endpoints. A call begins in one of few quick places and stays there for as long as answers
 * usually take. One that takes longer moves to a far larger pool where calls do nothing but wait: a receiver that hangs holds a quick place no longer
 * than others do. Whoever has the least under way goes first, tenant by tenant and among a tenant's endpoints; those that failed last have quick
 * places of their own.
 */
import type { TenantId } from '../../domain/kernel/ids.ts';
import type { Pause } from './ports.ts';

/** `endpoint`: unique over all tenants. `ailing`: it did not take its last delivery. */
export type Caller = Readonly<{ tenant: TenantId; endpoint: string; ailing: boolean }>;

export interface Held {
  /** Fires when the call is to be broken off, for others' sake: nobody has so many that wait as its tenant, and of those it has waited longest. */
  readonly givenUp: AbortSignal;
  /** Once; again means nothing. */
  leave(): void;
}

export interface Slots {
  /** A place as soon as there is one; undefined when `signal` has fired before: then there is none to leave. */
  enter(caller: Caller, signal: AbortSignal): Promise<Held | undefined>;
}

/** `all`: places there are. `each`: of them, for one tenant. */
export type Places = Readonly<{ all: number; each: number }>;

/** `slow`: calls that may wait for their answers beside those in quick places. `quickMs`: how long a call stays in a quick place. */
export type SlotSizes = Readonly<{ sound: Places; ailing: Places; slow: number; quickMs: number }>;

/** A tenant's fifty endpoints fit into its share of the places for sound ones; 1,024 connections over all. */
export const SLOT_SIZES: SlotSizes = { sound: { all: 192, each: 64 }, ailing: { all: 64, each: 16 }, slow: 768, quickMs: 250 };

const createCounts = <Key>() => {
  const counts = new Map<Key, number>();
  const of = (key: Key): number => counts.get(key) ?? 0;
  return {
    of,
    add: (key: Key, by: 1 | -1): void => {
      const next = of(key) + by;
      if (next === 0) counts.delete(key);
      else counts.set(key, next);
    },
  };
};

/** Calls under way, wherever they are. */
const createUnderWay = () => {
  const [ofTenants, ofEndpoints] = [createCounts<TenantId>(), createCounts<string>()];
  return {
    add: ({ tenant, endpoint }: Caller, by: 1 | -1): void => {
      ofTenants.add(tenant, by);
      ofEndpoints.add(endpoint, by);
    },
    ofTenant: ofTenants.of,
    ofEndpoint: ofEndpoints.of,
  };
};

type UnderWay = ReturnType<typeof createUnderWay>;
type Waiting = Readonly<{ caller: Caller; go: () => void }>;

/** The first of those that have the least. */
const leastOf = <Item>(items: Iterable<Item>, weigh: (item: Item) => number): Item | undefined => {
  let [least, weight] = [undefined as Item | undefined, Infinity];
  for (const item of items) {
    const mine = weigh(item);
    if (mine < weight) [least, weight] = [item, mine];
  }
  return least;
};

/** Those who wait for one kind of places. Tenants are in the order of their turns: whoever had one goes to the end. */
const createLine = () => {
  const line = new Map<TenantId, Waiting[]>();
  const put = (tenant: TenantId, waiting: Waiting[]): void => {
    line.delete(tenant);
    if (waiting.length > 0) line.set(tenant, waiting);
  };
  return {
    add: (waiting: Waiting): void => {
      const { tenant } = waiting.caller;
      const known = line.get(tenant);
      if (known === undefined) line.set(tenant, [waiting]);
      else known.push(waiting);
    },
    remove: (waiting: Waiting): void => {
      const known = line.get(waiting.caller.tenant) ?? [];
      const at = known.indexOf(waiting);
      if (at >= 0) known.splice(at, 1);
      if (known.length === 0) line.delete(waiting.caller.tenant);
    },
    /** Whose turn it is, among the tenants that `mayGo`. */
    next: (mayGo: (tenant: TenantId) => boolean, underWay: UnderWay): Waiting | undefined => {
      const tenant = leastOf(line.keys(), (one) => (mayGo(one) ? underWay.ofTenant(one) : Infinity));
      const waiting = tenant === undefined ? undefined : line.get(tenant);
      const next = waiting && leastOf(waiting, ({ caller }) => underWay.ofEndpoint(caller.endpoint));
      if (waiting === undefined || next === undefined) return undefined;
      waiting.splice(waiting.indexOf(next), 1);
      put(next.caller.tenant, waiting);
      return next;
    },
  };
};

const createQuick = ({ all, each }: Places, underWay: UnderWay) => {
  const [held, line] = [createCounts<TenantId>(), createLine()];
  let taken = 0;
  const mayGo = (tenant: TenantId): boolean => held.of(tenant) < each;
  const serve = (): void => {
    while (taken < all) {
      const next = line.next(mayGo, underWay);
      if (next === undefined) return;
      taken += 1;
      held.add(next.caller.tenant, 1);
      underWay.add(next.caller, 1);
      next.go();
    }
  };
  return {
    /** Whether it got a place before the signal fired. */
    enter: (caller: Caller, signal: AbortSignal): Promise<boolean> =>
      new Promise((resolve) => {
        const giveUp = (): void => {
          line.remove(mine);
          resolve(false);
        };
        const mine: Waiting = { caller, go: () => { signal.removeEventListener('abort', giveUp); resolve(true); } };
        signal.addEventListener('abort', giveUp, { once: true });
        line.add(mine);
        serve();
      }),
    leave: ({ tenant }: Caller): void => {
      taken -= 1;
      held.add(tenant, -1);
      serve();
    },
  };
};

type Slow = Readonly<{ tenant: TenantId; giveUp: () => void }>;

/** Calls that wait for their answers. Where there are too many, the longest-waiting one of the tenant that has most of them has waited long enough. */
const createSlow = (most: number) => {
  const byTenant = new Map<TenantId, Set<Slow>>();
  let size = 0;
  const remove = (slow: Slow): void => {
    const mine = byTenant.get(slow.tenant);
    if (mine?.delete(slow) !== true) return;
    size -= 1;
    if (mine.size === 0) byTenant.delete(slow.tenant);
  };
  return {
    remove,
    add: (slow: Slow): void => {
      const mine = byTenant.get(slow.tenant) ?? new Set();
      byTenant.set(slow.tenant, mine.add(slow));
      size += 1;
      if (size <= most) return;
      const [longest] = leastOf(byTenant.values(), (ofTenant) => -ofTenant.size) ?? [];
      if (longest === undefined) return;
      remove(longest);
      longest.giveUp();
    },
  };
};

type Pools = Readonly<{ quick: ReturnType<typeof createQuick>; slow: ReturnType<typeof createSlow>; underWay: UnderWay }>;

/** A call from its quick place to its end. */
const hold = ({ quick, slow, underWay }: Pools, caller: Caller, soon: (signal: AbortSignal) => Promise<void>): Held => {
  const [leaving, givingUp] = [new AbortController(), new AbortController()];
  const mine: Slow = { tenant: caller.tenant, giveUp: () => givingUp.abort() };
  let isQuick = true;
  const move = async (): Promise<void> => {
    await soon(leaving.signal);
    if (leaving.signal.aborted) return;
    isQuick = false;
    slow.add(mine);
    quick.leave(caller);
  };
  void move();
  return {
    givenUp: givingUp.signal,
    leave: () => {
      if (leaving.signal.aborted) return;
      leaving.abort();
      underWay.add(caller, -1);
      if (isQuick) quick.leave(caller);
      else slow.remove(mine);
    },
  };
};

export const createSlots = (pause: Pause, { sound, ailing, slow: most, quickMs }: SlotSizes = SLOT_SIZES): Slots => {
  const underWay = createUnderWay();
  const slow = createSlow(most);
  const [forSound, forAiling] = [createQuick(sound, underWay), createQuick(ailing, underWay)];
  const soon = (signal: AbortSignal): Promise<void> => pause(quickMs, signal);
  return {
    enter: async (caller, signal) => {
      if (signal.aborted) return undefined;
      const quick = caller.ailing ? forAiling : forSound;
      return (await quick.enter(caller, signal)) ? hold({ quick, slow, underWay }, caller, soon) : undefined;
    },
  };
};

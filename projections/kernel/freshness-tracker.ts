/** Who waits for which read model: one list of waiters per projection, woken by the runner's progress. */
import { INSTALLATION, type Position, type TenantId } from '../../domain/kernel/ids.ts';
import { Rejection } from '../../domain/kernel/rejection.ts';
import type { Freshness } from './freshness.ts';

const TIMEOUT_MS = 5_000;
const RETRY_AFTER = 1;
/** Tenants remembered before those that every projection has caught up with are forgotten. */
const TENANTS_KEPT = 10_000;

type Waiter = Readonly<{ position: Position; wake: () => void }>;

const newer = (one: Position | undefined, two: Position | undefined): Position | undefined => {
  if (one === undefined || two === undefined) return one ?? two;
  return one > two ? one : two;
};

/** The newest write of each tenant; the installation's own writes count for everybody, and everybody's for the installation. */
class Writes {
  readonly #tenants = new Map<TenantId, Position>();
  #newest: Position | undefined;

  wrote(tenant: TenantId, position: Position): void {
    this.#newest = newer(this.#newest, position);
    this.#tenants.set(tenant, newer(this.#tenants.get(tenant), position) ?? position);
  }

  newestFor(tenant: TenantId): Position | undefined {
    return tenant === INSTALLATION ? this.#newest : newer(this.#tenants.get(tenant), this.#tenants.get(INSTALLATION));
  }

  forgetUpTo(position: Position): void {
    if (this.#tenants.size <= TENANTS_KEPT) return;
    for (const [tenant, written] of this.#tenants) if (written <= position) this.#tenants.delete(tenant);
  }
}

/** Those who wait for a projection to reach a place. */
class Waiting {
  readonly #waiters = new Map<string, Set<Waiter>>();

  /** Whether somebody waits for it. */
  isFor(projection: string): boolean {
    return (this.#waiters.get(projection)?.size ?? 0) > 0;
  }

  /** Rejects with `storage.behind` after `timeoutMs`. */
  until(projection: string, position: Position, timeoutMs: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const list = this.#waiters.get(projection) ?? new Set();
      this.#waiters.set(projection, list);
      const timer = setTimeout(() => {
        list.delete(waiter);
        reject(new Rejection('storage.behind', { retryAfter: RETRY_AFTER }));
      }, timeoutMs);
      const wake = (): void => {
        clearTimeout(timer);
        list.delete(waiter);
        resolve();
      };
      const waiter: Waiter = { position, wake };
      list.add(waiter);
    });
  }

  reached(projection: string, position: Position): void {
    for (const waiter of this.#waiters.get(projection) ?? []) if (waiter.position <= position) waiter.wake();
  }
}

/** `upToNow` resolves when what other processes have written so far is known here. */
export const createFreshness = (upToNow?: () => Promise<void>): Freshness => {
  const writes = new Writes();
  const positions = new Map<string, Position>();
  const owed = new Map<string, Position>();
  const waiting = new Waiting();
  const calls = new Map<string, () => void>();

  const until = async (projection: string, position: Position, timeoutMs = TIMEOUT_MS): Promise<void> => {
    if ((positions.get(projection) ?? '') >= position) return;
    const waited = waiting.until(projection, position, timeoutMs);
    calls.get(projection)?.();
    await waited;
  };

  return {
    wrote: (tenant, position) => writes.wrote(tenant, position),
    owes: (projection, position) => void owed.set(projection, position),
    reached: (projection, position) => {
      positions.set(projection, position);
      if (position >= (owed.get(projection) ?? '')) owed.delete(projection);
      waiting.reached(projection, position);
      writes.forgetUpTo([...positions.values()].reduce((least, reached) => (reached < least ? reached : least), position));
    },
    settled: async (projection, tenant, timeoutMs) => {
      if (upToNow !== undefined) await upToNow();
      const newest = newer(writes.newestFor(tenant), owed.get(projection));
      if (newest !== undefined) await until(projection, newest, timeoutMs);
    },
    until,
    awaited: (projection) => waiting.isFor(projection),
    whenAwaited: (projection, call) => void calls.set(projection, call),
  };
};

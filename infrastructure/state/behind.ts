/** Running totals are written behind: gathered in memory, stored about once a second. */
import type { Logger } from '../../application/kernel/ports.ts';
import { createBumps, type Total } from './bumps.ts';
import type { Bump } from './operations.ts';

export const FLUSH_MS = 1_000;

/** A flush waits for the one before it, so that after it everything gathered is readable, or still here. */
export type Behind = Readonly<{
  add: (scope: string, key: string, at: number) => void;
  /** What is not stored yet. */
  pending: (scope: string, key: string) => Total | undefined;
  flush: () => Promise<void>;
}>;

/** `write` answers those that it could not store, or rejects when that is all of them. */
export const createBehind = (write: (bumps: readonly Bump[]) => Promise<readonly Bump[]>, logger: Pick<Logger, 'warn'>): Behind => {
  const bumps = createBumps();
  let last = Promise.resolve();
  const restore = (left: readonly Bump[], error: unknown): void => {
    bumps.restore(left);
    logger.warn({ error, count: left.length }, 'use counters could not be written; they will be tried again');
  };
  const writeAll = async (): Promise<void> => {
    const taken = bumps.take();
    if (taken.length === 0) return;
    try {
      const left = await write(taken);
      if (left.length > 0) restore(left, undefined);
    } catch (error) {
      restore(taken, error);
    }
  };
  return { add: (scope, key, at) => bumps.add(scope, key, at), pending: (scope, key) => bumps.pending(scope, key), flush: () => (last = last.then(writeAll)) };
};

type Stored = (scope: string, keys: readonly string[]) => Promise<Iterable<readonly [key: string, total: Total]>>;

/** What is stored, and what is not yet. */
export const totalsOf =
  ({ flush, pending }: Behind, stored: Stored) =>
  async (scope: string, keys: readonly string[]): Promise<ReadonlyMap<string, Total>> => {
    await flush();
    const totals = new Map(await stored(scope, keys));
    for (const key of keys) {
      const more = pending(scope, key);
      const known = totals.get(key);
      if (more !== undefined) totals.set(key, { count: more.count + (known?.count ?? 0), lastAt: Math.max(more.lastAt, known?.lastAt ?? 0) });
    }
    return totals;
  };

/** Few long requests of a tenant at once: each reads for as long as its client takes, and the other requests must not feel it. */
import { reject } from '../../domain/kernel/rejection.ts';
import type { TenantId } from '../../domain/kernel/ids.ts';

export interface TenantSlots {
  /** Answers how to leave, which does nothing the second time; `signal` leaves, too. Rejects, when none is free, with {retryAfter}. */
  take(tenant: TenantId, signal: AbortSignal): () => void;
}

/**
 * In this process. `retryAfter`: seconds that whoever finds none free is told to wait; a guess, since nobody knows when one of those under way
 * ends. `busy`: the code of that rejection.
 */
export const createTenantSlots = ({ atOnce, busy, retryAfter }: Readonly<{ atOnce: number; busy: string; retryAfter: number }>): TenantSlots => {
  const underWay = new Map<TenantId, number>();
  const leave = (tenant: TenantId): void => {
    const left = (underWay.get(tenant) ?? 0) - 1;
    if (left > 0) underWay.set(tenant, left);
    else underWay.delete(tenant);
  };
  return {
    take: (tenant, signal) => {
      const taken = underWay.get(tenant) ?? 0;
      if (taken >= atOnce) reject(busy, { retryAfter });
      underWay.set(tenant, taken + 1);
      let inside = true;
      const over = (): void => {
        signal.removeEventListener('abort', over);
        if (inside) leave(tenant);
        inside = false;
      };
      signal.addEventListener('abort', over, { once: true });
      // One that has gone already tells nobody any more.
      if (signal.aborted) over();
      return over;
    },
  };
};

/**
 * The same pieces; says once they are over, whichever way. Not a generator: one that was never asked for its first piece runs no `finally`
 * when it is told to end.
 */
export const saying = <Piece>(pieces: AsyncIterable<Piece>, over: () => void): AsyncIterable<Piece> => ({
  [Symbol.asyncIterator]: () => {
    const source = pieces[Symbol.asyncIterator]();
    return {
      next: async () => {
        try {
          const next = await source.next();
          if (next.done === true) over();
          return next;
        } catch (error) {
          over();
          throw error;
        }
      },
      return: async () => {
        over();
        await source.return?.();
        return { done: true, value: undefined };
      },
    };
  },
});

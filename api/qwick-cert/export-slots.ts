/** Few exports of an organization at once: each reads for as long as its client takes, and the other requests must not feel it. */
import { reject } from '../../domain/kernel/rejection.ts';
import type { TenantId } from '../../domain/kernel/ids.ts';

/** Exports of one organization under way at once, in this process. */
export const EXPORTS_AT_ONCE = 2;
/** Seconds; a guess: when one of those under way ends, nobody knows. */
const RETRY_AFTER = 5;

export interface ExportSlots {
  /** Answers how to leave, which does nothing the second time; `signal` leaves, too. Rejects with `signing.exports_busy` {retryAfter}. */
  take(tenant: TenantId, signal: AbortSignal): () => void;
}

export const createExportSlots = (): ExportSlots => {
  const underWay = new Map<TenantId, number>();
  const leave = (tenant: TenantId): void => {
    const left = (underWay.get(tenant) ?? 0) - 1;
    if (left > 0) underWay.set(tenant, left);
    else underWay.delete(tenant);
  };
  return {
    take: (tenant, signal) => {
      const taken = underWay.get(tenant) ?? 0;
      if (taken >= EXPORTS_AT_ONCE) reject('signing.exports_busy', { retryAfter: RETRY_AFTER });
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

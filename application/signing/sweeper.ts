/**
 * Ends what nobody ends: operations whose process died, reports that never come, reservations that nobody settled. What is due is looked up in
 * a read model, and decided again on the stream by the times that stand there: sweeping twice, late, or twice at once is harmless.
 */
import type { TenantId } from '../../domain/kernel/ids.ts';
import type { SigningOperationState } from '../../domain/signing/operation.ts';
import type { Cause, Clock, Ids, Logger } from '../kernel/ports.ts';
import type { Approvals } from './approvals.ts';
import { fateIn, PENDING_MS, timeOut } from './fate.ts';
import { operationStream, type SigningOperations } from './operations.ts';
import type { Reservation, SigningQuotas } from './quota.ts';

type Open = Readonly<{ tenant: TenantId; operationId: string }>;

/** What is not over yet, oldest first; times are UTC in ISO 8601 with milliseconds, inclusive. */
export interface OpenSignings {
  operations(status: 'pending' | 'signed', until: string): AsyncIterable<Open>;
  reservations(until: string): AsyncIterable<Reservation>;
}

export type Swept = Readonly<{ timedOut: number; abandoned: number; settled: number }>;

export interface Sweeper {
  /** One round. What fails is logged and left for the next; `signal` ends a round early. */
  sweep(signal?: AbortSignal): Promise<Swept>;
}

export type SweeperDeps = Readonly<{
  open: OpenSignings;
  operations: SigningOperations;
  approvals: Pick<Approvals, 'giveBack'>;
  quotas: Pick<SigningQuotas, 'spend' | 'release'>;
  clock: Clock;
  ids: Ids;
  logger: Pick<Logger, 'error'>;
}>;

const SIGNED_MS = 24 * 60 * 60_000;
/** A request waits 30 s for its place at most; who takes longer finds its operation closed. */
const RESERVED_MS = 120_000;

const iso = (at: number): string => new Date(at).toISOString();

/** The three ends, each decided on the operation's own stream; they answer whether anything was left to do. */
const createEnds = ({ operations, approvals, quotas, clock, ids }: SweeperDeps) => {
  const cause = (): Cause => ({ actor: { kind: 'system', id: 'sweeper' }, correlation: ids.next() });

  /** Only an operation that has begun says whose approval it may have used; the approval of another is settled by who asks for it next. */
  const giveBack = async ({ tenant, operationId }: Open, state: SigningOperationState): Promise<void> => {
    if (fateIn(state) === 'release' && 'digest' in state) await approvals.giveBack(tenant, { operationId, ...state }, cause());
  };

  return {
    timeOut: async (one: Open): Promise<boolean> => {
      const { events, state } = await timeOut(operations, one, clock.now(), cause());
      await giveBack(one, state);
      return events.length > 0;
    },
    abandon: async ({ tenant, operationId }: Open): Promise<boolean> => {
      const now = clock.now();
      const data = { operationId, abandonedAt: iso(now), signedUntil: iso(now - SIGNED_MS) };
      return (await operations.execute(operationStream(tenant, operationId), { type: 'AbandonSigning', data }, cause())).events.length > 0;
    },
    /** An operation that never began is closed first, so that it cannot begin without its reservation. */
    settle: async (reservation: Reservation): Promise<boolean> => {
      const { state } = await timeOut(operations, reservation, clock.now(), cause());
      const fate = fateIn(state);
      if (fate === 'wait') return false;
      await giveBack(reservation, state);
      await quotas[fate](reservation, cause());
      return true;
    },
  };
};

export const createSweeper = (deps: SweeperDeps): Sweeper => {
  const { open, clock, logger } = deps;
  const ends = createEnds(deps);

  const each = async <Item extends Open>(items: AsyncIterable<Item>, end: (item: Item) => Promise<boolean>, signal: AbortSignal | undefined): Promise<number> => {
    let done = 0;
    for await (const item of items) {
      if (signal?.aborted === true) break;
      try {
        if (await end(item)) done += 1;
      } catch (error) {
        logger.error({ error, tenant: item.tenant, operation: item.operationId }, 'an open signing could not be ended');
      }
    }
    return done;
  };

  return {
    sweep: async (signal) => {
      const now = clock.now();
      return {
        timedOut: await each(open.operations('pending', iso(now - PENDING_MS)), ends.timeOut, signal),
        abandoned: await each(open.operations('signed', iso(now - SIGNED_MS)), ends.abandon, signal),
        settled: await each(open.reservations(iso(now - RESERVED_MS)), ends.settle, signal),
      };
    },
  };
};

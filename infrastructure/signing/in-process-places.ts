/** Places in the signing step for one process: nobody else knows who is inside. */
import type { SigningPlaces } from '../../application/signing/ports.ts';
import type { TenantId } from '../../domain/kernel/ids.ts';
import { Rejection } from '../../domain/kernel/rejection.ts';

/** Runs something once, later, on a clock that nobody can set; answers how to call it off. */
export type After = (milliseconds: number, run: () => void) => () => void;

export type PlacesOptions = Readonly<{
  /** How long one waits: 30 s unless given. */
  waitMs?: number;
  /** How many of an organization wait: 100 unless given. */
  mostWaiting?: number;
  after?: After;
}>;

export const WAIT_MS = 30_000;
export const MOST_WAITING = 100;
/** A guess at when it is worth while to come again. */
const RETRY_AFTER_SECONDS = 5;

export const afterMilliseconds: After = (milliseconds, run) => {
  const timer = setTimeout(run, milliseconds);
  return () => clearTimeout(timer);
};

type Waiting = Readonly<{ admit: () => void }>;

/** `waiting` is in the order of arrival. `limit` is what the newest arrival knows of it. */
type Line = { inside: number; limit: number; readonly waiting: Set<Waiting> };

export const tooLate = (): Rejection => new Rejection('signing.queue_timeout', { retryAfter: RETRY_AFTER_SECONDS });

/** Lets in who waits longest, for as long as there is room. */
const advance = (line: Line): void => {
  for (const first of line.waiting) {
    if (line.inside >= line.limit) return;
    line.waiting.delete(first);
    line.inside += 1;
    first.admit();
  }
};

/** Resolves when it is one's turn; rejects when it takes too long, or nobody waits any more. */
const waitIn = (line: Line, until: Readonly<{ waitMs: number; after: After; signal: AbortSignal | undefined }>): Promise<void> =>
  new Promise((resolve, reject) => {
    const { waitMs, after, signal } = until;
    const over = (end: () => void): void => {
      line.waiting.delete(mine);
      callOff();
      signal?.removeEventListener('abort', gone);
      end();
    };
    const mine: Waiting = { admit: () => over(resolve) };
    const gone = (): void => over(() => reject(new Rejection('request.timeout')));
    const callOff = after(waitMs, () => over(() => reject(tooLate())));
    signal?.addEventListener('abort', gone, { once: true });
    line.waiting.add(mine);
  });

export const createInProcessPlaces = ({ waitMs = WAIT_MS, mostWaiting = MOST_WAITING, after = afterMilliseconds }: PlacesOptions = {}): SigningPlaces => {
  const lines = new Map<TenantId, Line>();

  const leaving = (tenant: TenantId, line: Line): (() => void) => {
    let left = false;
    return () => {
      if (left) return;
      left = true;
      line.inside -= 1;
      advance(line);
      if (line.inside === 0 && line.waiting.size === 0) lines.delete(tenant);
    };
  };

  return {
    take: async (tenant, limit, signal) => {
      if (signal?.aborted === true) throw new Rejection('request.timeout');
      const line = lines.get(tenant) ?? { inside: 0, limit, waiting: new Set() };
      lines.set(tenant, line);
      line.limit = limit;
      advance(line);
      if (line.inside < limit) line.inside += 1;
      else if (line.waiting.size < mostWaiting) await waitIn(line, { waitMs, after, signal });
      else throw tooLate();
      return leaving(tenant, line);
    },
  };
};

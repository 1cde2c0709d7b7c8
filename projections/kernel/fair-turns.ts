/** Long reading that gives way: in each turn of the event loop one reader works, and tenants come one after another. */
import type { TenantId } from '../../domain/kernel/ids.ts';
import { monotonic, yieldToOthers } from './pause.ts';

export interface FairTurns {
  /**
   * A reader of a tenant. It calls what it is given before each piece of its work: that resolves at once while the reader's slice lasts, and
   * later when it is its turn again. Rejects with the reason of `signal` once that is aborted, also while it waits: whoever gave up is in nobody's way.
   */
  join(tenant: TenantId, signal?: AbortSignal): () => Promise<void>;
}

/** Milliseconds for which a reader may go on before everybody else has a turn. */
const SLICE_MS = 5;

type Reader = Readonly<{ tenant: TenantId }>;
type Waiting = Readonly<{ reader: Reader; go: () => void }>;

type Line = Readonly<{ add: (waiting: Waiting) => void; remove: (waiting: Waiting) => void; next: () => Waiting | undefined }>;

/** Who waits: of each tenant the first that came, and tenants in turn, however many readers one of them has. */
const createLine = (): Line => {
  const line = new Map<TenantId, Waiting[]>();
  return {
    add: (waiting) => {
      const { tenant } = waiting.reader;
      const others = line.get(tenant);
      if (others === undefined) line.set(tenant, [waiting]);
      else others.push(waiting);
    },
    remove: (waiting) => {
      const { tenant } = waiting.reader;
      const left = (line.get(tenant) ?? []).filter((one) => one !== waiting);
      if (left.length === 0) line.delete(tenant);
      else line.set(tenant, left);
    },
    next: () => {
      for (const [tenant, [first, ...others]] of line) {
        // A key that comes again is the last one.
        line.delete(tenant);
        if (others.length > 0) line.set(tenant, others);
        return first;
      }
      return undefined;
    },
  };
};

/** Resolves when it is the reader's turn; rejects when `signal` is aborted before. */
const inLine = (line: Line, reader: Reader, signal: AbortSignal | undefined): Promise<void> =>
  new Promise((resolve, reject) => {
    const giveUp = (): void => {
      line.remove(waiting);
      reject(signal?.reason as Error);
    };
    const waiting = { reader, go: () => { signal?.removeEventListener('abort', giveUp); resolve(); } };
    signal?.addEventListener('abort', giveUp, { once: true });
    line.add(waiting);
  });

/** `now` is a clock that never jumps, in milliseconds. */
export const createFairTurns = (ms: number = SLICE_MS, now: () => number = monotonic): FairTurns => {
  const line = createLine();
  /** Who works in this turn of the event loop. Nobody waits while there is none. */
  let holder: Reader | undefined;
  let began = 0;

  const begin = (reader: Reader): void => {
    holder = reader;
    began = now();
  };
  const turn = async (): Promise<void> => {
    while (holder !== undefined) {
      await yieldToOthers();
      const next = line.next();
      holder = undefined;
      if (next === undefined) return;
      begin(next.reader);
      next.go();
    }
  };

  return {
    join: (tenant, signal) => {
      const reader: Reader = { tenant };
      return async () => {
        signal?.throwIfAborted();
        if (holder === reader && now() - began < ms) return;
        if (holder !== undefined) return inLine(line, reader, signal);
        begin(reader);
        void turn();
      };
    },
  };
};

/** The same documents; a turn for each `atOnce` of them, which is how many their store reads at once. */
export async function* inTurns<Document>(documents: AsyncIterable<Document>, rest: () => Promise<void>, atOnce: number): AsyncIterable<Document> {
  await rest();
  let read = 0;
  for await (const document of documents) {
    yield document;
    read += 1;
    if (read % atOnce === 0) await rest();
  }
}

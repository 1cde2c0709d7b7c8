/** The event store on an EventStoreDB node, opened for one test and closed with it. */
import type { EventLog, KeyVault, Logger, Recorded } from '../../application/kernel/ports.ts';
import type { Position } from '../../domain/kernel/ids.ts';
import { type OpenEventStoreDb, openEventStoreDb } from '../../infrastructure/eventstoredb/event-store-db.ts';
import { systemClock } from '../../infrastructure/runtime/clock.ts';
import { systemIds } from '../../infrastructure/runtime/ids.ts';
import { closing } from './leavings.ts';
import { createMemoryVault } from './memory-vault.ts';
import { sampleCodec } from './sample-events.ts';
import { silentLogger } from './silent.ts';

export type OwnEventStoreDb = OpenEventStoreDb & Readonly<{ vault: KeyVault }>;

export type OwnOptions = Readonly<{ patienceMs?: number; logger?: Logger; vault?: KeyVault }>;

export const openOwnEventStoreDb = async (url: string, { patienceMs, logger = silentLogger, vault = createMemoryVault() }: OwnOptions = {}): Promise<OwnEventStoreDb> => {
  const waits = patienceMs === undefined ? {} : { patienceMs };
  const opened = await openEventStoreDb({ url, codec: sampleCodec, clock: systemClock, ids: systemIds, vault, logger, ...waits });
  return { ...opened, vault, close: closing(opened.close) };
};

export interface Follower {
  readonly seen: readonly Recorded[];
  /** Stops once it has got to a position. */
  upTo(position: Position): Promise<readonly Recorded[]>;
}

/** Pulls everything behind a position, as a projection does. */
export const follow = (log: EventLog, from: Position | undefined): Follower => {
  const seen: Recorded[] = [];
  const stop = new AbortController();
  const reached = Promise.withResolvers<void>();
  let wanted: string | undefined;
  let after = from;
  const run = async (): Promise<void> => {
    const feed = log.feed();
    while (!stop.signal.aborted) {
      const page = await feed.pull(after, 1_000, stop.signal);
      seen.push(...page.events);
      after = page.scannedTo;
      if (wanted !== undefined && (after ?? '') >= wanted) return reached.resolve();
    }
  };
  const running = run().catch(reached.reject);
  const close = closing(() => stop.abort());
  return {
    seen,
    upTo: async (position) => {
      wanted = position;
      if ((after ?? '') < position) await reached.promise;
      close();
      await running;
      return seen;
    },
  };
};

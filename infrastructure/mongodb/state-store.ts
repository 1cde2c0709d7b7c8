/**
 * The state store in MongoDB: shared by all processes of an installation, majority-acknowledged. What has expired is judged by the `Clock` port
 * alone, as in the embedded store: a TTL index would have a second clock decide what is gone, and may be wrong or, in a test, far ahead. Every process
 * sweeps instead.
 */
import type { Db } from 'mongodb';
import type { Clock, Logger } from '../../application/kernel/ports.ts';
import type { StateStore } from '../../application/kernel/state.ts';
import { FLUSH_MS } from '../state/behind.ts';
import type { Guarded } from './failures.ts';
import { createEntries, type EntryDocument } from './state-entries.ts';
import { createTotals, type TotalDocument } from './state-totals.ts';
import { createWindows, type WindowDocument } from './state-windows.ts';

const SWEEP_MS = 60_000;

export type MongoStateOptions = Readonly<{ db: Db; asking: Guarded; clock: Clock; logger: Pick<Logger, 'warn'> }>;

/** `sweep` removes what has expired; it comes by itself every minute. `close` stores the totals gathered so far; the connection stays open. */
export type OpenMongoState = Readonly<{ state: StateStore; sweep: () => Promise<void>; close: () => Promise<void> }>;

const collectionsIn = (db: Db) => ({
  entries: db.collection<EntryDocument>('state_entries'),
  windows: db.collection<WindowDocument>('state_windows'),
  totals: db.collection<TotalDocument>('state_totals'),
});

/** What is there already, and no index made. */
export const readMongoState = ({ db, asking, clock }: Omit<MongoStateOptions, 'logger'>): Pick<StateStore, 'get' | 'list'> => createEntries({ entries: collectionsIn(db).entries, clock, asking });

/** Makes the indexes. Rejects with `storage.unavailable`. */
export const openMongoState = async ({ db, asking, clock, logger }: MongoStateOptions): Promise<OpenMongoState> => {
  const { entries, windows, totals } = collectionsIn(db);
  await asking(() => entries.createIndex({ expiresAt: 1 }));
  await asking(() => windows.createIndex({ resetAt: 1 }));
  const sums = createTotals({ totals, logger, asking });
  const sweep = async (): Promise<void> => {
    const now = clock.now();
    await asking(() => entries.deleteMany({ expiresAt: { $lte: now } }));
    await asking(() => windows.deleteMany({ resetAt: { $lte: now } }));
  };
  // What fails now is made up for by the next round.
  const timers = [setInterval(() => void sums.flush(), FLUSH_MS), setInterval(() => void sweep().catch(() => undefined), SWEEP_MS)];
  for (const timer of timers) timer.unref();
  return {
    state: { ...createEntries({ entries, clock, asking }), ...createWindows({ windows, asking }), bump: sums.bump, totals: sums.totals },
    sweep,
    close: async () => {
      for (const timer of timers) clearInterval(timer);
      await sums.flush();
    },
  };
};

/**
 * The embedded state store: SQLite with group commit on a thread of its own. What was answered outlives the process; the newest answers
 * may not outlive a power cut.
 */
import type { DatabaseSync } from 'node:sqlite';
import type { Clock, Logger } from '../../application/kernel/ports.ts';
import type { StateStore } from '../../application/kernel/state.ts';
import { openReader, type Synchronous } from '../runtime/sqlite-open.ts';
import { reading } from '../runtime/sqlite-reading.ts';
import { type SqliteWriter, startWriter } from '../runtime/sqlite-writer.ts';
import { createBehind, FLUSH_MS, totalsOf, type Behind } from './behind.ts';
import type { StateOperation } from './operations.ts';

const SWEEP_MS = 60_000;
const PAGE = 500;

export type StateStoreOptions = Readonly<{
  path: string;
  clock: Clock;
  logger: Pick<Logger, 'warn'>;
  onFatal: (error: Error) => void;
  synchronous?: Synchronous;
}>;

/** `writer` and `reader` are for what shares the database: the in-process bus. */
export type OpenStateStore = Readonly<{ state: StateStore; writer: SqliteWriter; reader: DatabaseSync; close: () => Promise<void> }>;

type Submit = <Result>(operation: StateOperation) => Promise<Result>;

const ALIVE = '(expires_at IS NULL OR expires_at > ?)';

const createReads = (db: DatabaseSync, clock: Clock): Pick<StateStore, 'get' | 'list'> => {
  const one = db.prepare(`SELECT value FROM entries WHERE scope = ? AND key = ? AND ${ALIVE}`);
  const page = db.prepare(`SELECT key, value FROM entries WHERE scope = ? AND key > ? AND ${ALIVE} ORDER BY key LIMIT ${PAGE}`);
  return {
    get: async (scope, key) => reading(() => one.get(scope, key, clock.now()))?.['value'] as string | undefined,
    list: async function* list(scope) {
      for (let after = ''; ; ) {
        const rows = reading(() => page.all(scope, after, clock.now())) as unknown as readonly Readonly<{ key: string; value: string }>[];
        yield* rows.map(({ key, value }) => ({ key, value }));
        if (rows.length < PAGE) return;
        after = rows.at(-1)?.key as string;
      }
    },
  };
};

const createTotals = (db: DatabaseSync, behind: Behind): StateStore['totals'] => {
  const stored = db.prepare('SELECT key, count, last_at FROM totals WHERE scope = ? AND key IN (SELECT value FROM json_each(?))');
  return totalsOf(behind, async (scope, keys) =>
    reading(() => stored.all(scope, JSON.stringify(keys))).map((row) => [String(row['key']), { count: Number(row['count']), lastAt: Number(row['last_at']) }]),
  );
};

const sweeper = (submit: Submit, clock: Clock) => async (): Promise<void> => {
  // A sweep that fails now is made up for by the next.
  while (await submit<boolean>(['sweep', clock.now()]).catch(() => false));
};

export const openStateStore = async ({ path, clock, logger, onFatal, synchronous = 'NORMAL' }: StateStoreOptions): Promise<OpenStateStore> => {
  const writer = await startWriter({ module: new URL('writer-thread.ts', import.meta.url), workerData: { path, synchronous }, onFatal });
  const reader = openReader(path);
  const submit: Submit = (operation) => writer.submit(operation);
  const behind = createBehind(async (bumps) => {
    await submit(['bump', bumps]);
    return [];
  }, logger);
  const timers = [setInterval(() => void behind.flush(), FLUSH_MS), setInterval(() => void sweeper(submit, clock)(), SWEEP_MS)];
  for (const timer of timers) timer.unref();
  const state: StateStore = {
    ...createReads(reader, clock),
    compareAndSet: (scope, key, expected, next) => {
      const entry = next === undefined ? null : { value: next.value, expiresAt: next.expiresAt ?? null };
      return submit(['set', scope, key, expected ?? null, entry, clock.now()]);
    },
    hit: (scope, key, { limit, windowMs, now }) => submit(['hit', scope, key, limit, windowMs, now]),
    bump: (scope, key, at) => behind.add(scope, key, at),
    totals: createTotals(reader, behind),
  };
  const close = async (): Promise<void> => {
    for (const timer of timers) clearInterval(timer);
    await behind.flush();
    // The writer closes last, so that it can put the write-ahead log away.
    reader.close();
    await writer.close();
  };
  return { state, writer, reader, close };
};

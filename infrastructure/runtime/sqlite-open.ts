/** How every embedded database is opened: write-ahead log, one writer, readers that cannot write. */
import { DatabaseSync } from 'node:sqlite';

/**
 * When a commit counts as done. `FULL`: on the disk, so that it outlives a power cut. `NORMAL`: in the operating system, so that
 * it outlives the process; right for what can be derived again. `OFF` exists for the tests that must see data lost.
 */
export type Synchronous = 'FULL' | 'NORMAL' | 'OFF';

/** The first version whose write-ahead log no longer loses a commit that races a checkpoint's reset. */
const OLDEST = [3, 51, 3] as const;

const isOlder = (version: string): boolean => {
  const parts = version.split('.').map(Number);
  const differing = OLDEST.findIndex((wanted, index) => parts[index] !== wanted);
  return differing >= 0 && (parts[differing] ?? 0) < (OLDEST[differing] ?? 0);
};

/** Throws, in one line, when the runtime brings an SQLite that is too old to be trusted. */
export const requireSqlite = (version: string): void => {
  if (isOlder(version)) throw new Error(`SQLite ${version} is too old: ${OLDEST.join('.')} or newer is needed (it comes with the pinned Node.js)`);
};

const sqliteVersion = (db: DatabaseSync): string => String(db.prepare('SELECT sqlite_version() AS version').get()?.['version']);

/** How long a connection waits for another one that is in its way. Milliseconds. */
export const BUSY_MS = 5_000;

export type WriterSettings = Readonly<{
  synchronous: Synchronous;
  /** Whether deleted content is overwritten. Not where everything can be derived again and personal data stands sealed. */
  secureDelete: boolean;
}>;

/**
 * The writing connection. Checkpoints are left to the caller: SQLite's automatic ones swallow their errors, and a failed sync of
 * the database file must not pass unseen.
 */
export const openWriter = (path: string, { synchronous, secureDelete }: WriterSettings): DatabaseSync => {
  const db = new DatabaseSync(path, { timeout: BUSY_MS });
  requireSqlite(sqliteVersion(db));
  db.exec(`PRAGMA journal_mode=WAL; PRAGMA synchronous=${synchronous}; PRAGMA wal_autocheckpoint=0; PRAGMA secure_delete=${secureDelete ? 'ON' : 'OFF'};
    PRAGMA foreign_keys=ON; PRAGMA temp_store=MEMORY; PRAGMA cache_size=-32768`);
  return db;
};

/** A reading connection: sees every commit, keeps nobody waiting. */
export const openReader = (path: string): DatabaseSync => {
  const db = new DatabaseSync(path, { readOnly: true, timeout: BUSY_MS });
  db.exec('PRAGMA temp_store=MEMORY; PRAGMA cache_size=-32768');
  return db;
};

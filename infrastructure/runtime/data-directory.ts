/** The data directory, and the lock that keeps a second process out of it. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

export type DataDirectoryLock = Readonly<{ release: () => void }>;

const LOCK = 'lock.db';
const HOLDER = 'lock.pid';

const BUSY = 5;

/** Made when it is not there, readable by its owner alone. */
export const makeDataDirectory = (path: string): void => {
  mkdirSync(path, { recursive: true, mode: 0o700 });
};

const holder = (dataDir: string): string => {
  try {
    return readFileSync(join(dataDir, HOLDER), 'utf8').trim();
  } catch {
    return 'unknown';
  }
};

const take = (db: DatabaseSync, dataDir: string): void => {
  try {
    db.exec('PRAGMA journal_mode=MEMORY; PRAGMA locking_mode=EXCLUSIVE; BEGIN EXCLUSIVE');
  } catch (error) {
    db.close();
    if ((error as { errcode?: number }).errcode !== BUSY) throw error;
    throw new Error(`DATA_DIR ${dataDir} is in use by process ${holder(dataDir)}: stop it first, or use another DATA_DIR`, { cause: error });
  }
};

/**
 * Takes the directory for this process, or throws one line that names it and the process that has it. The operating system gives the lock back
 * however the process ends, since it is a lock on an open file.
 */
export const lockDataDirectory = (dataDir: string): DataDirectoryLock => {
  makeDataDirectory(dataDir);
  const db = new DatabaseSync(join(dataDir, LOCK), { timeout: 0 });
  take(db, dataDir);
  writeFileSync(join(dataDir, HOLDER), `${process.pid}\n`, { mode: 0o600 });
  return { release: () => db.close() };
};

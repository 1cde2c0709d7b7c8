/** The data directory, and the lock that keeps a second process out of it. */
import { accessSync, constants, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { ConfigError } from './config-values.ts';

export type DataDirectoryLock = Readonly<{ release: () => void }>;

const LOCK = 'lock.db';
const HOLDER = 'lock.pid';

const BUSY = 5;

const isDirectory = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;

/** One parent after the other: `mkdir` with `recursive` never returns where a directory lists no place for new ones (/proc). */
const makeDirectories = (path: string): void => {
  if (isDirectory(path)) return;
  if (dirname(path) !== path) makeDirectories(dirname(path));
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    // Another process may have been faster.
    if (!isDirectory(path)) throw error;
  }
};

/** Made when it is not there, readable by its owner alone; `path` is absolute. Throws a `ConfigError` when it cannot be made. */
export const makeDataDirectory = (path: string): void => {
  try {
    makeDirectories(path);
  } catch (error) {
    throw new ConfigError(`DATA_DIR ${JSON.stringify(path)} cannot be created (${(error as NodeJS.ErrnoException).code}); accepted is a directory that this user may write`);
  }
};

/** Throws a `ConfigError` where nothing can be written: SQLite would only say that it cannot open a file. */
const requireWritable = (path: string): void => {
  try {
    accessSync(path, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (error) {
    throw new ConfigError(`DATA_DIR ${JSON.stringify(path)} cannot be written (${(error as NodeJS.ErrnoException).code}); accepted is a directory that this user may write`);
  }
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

/** Kept from the garbage collector, which would close the file and give the lock away. */
const held = new Set<DatabaseSync>();

/**
 * Takes the directory for this process, or throws one line that names it and the process that has it. The operating system gives the lock back
 * however the process ends, since it is a lock on an open file.
 */
export const lockDataDirectory = (dataDir: string): DataDirectoryLock => {
  makeDataDirectory(dataDir);
  requireWritable(dataDir);
  const db = new DatabaseSync(join(dataDir, LOCK), { timeout: 0 });
  take(db, dataDir);
  held.add(db);
  writeFileSync(join(dataDir, HOLDER), `${process.pid}\n`, { mode: 0o600 });
  return {
    release: () => {
      held.delete(db);
      db.close();
    },
  };
};

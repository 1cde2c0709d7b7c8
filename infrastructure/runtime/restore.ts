/** Brings a data directory back from backup files. The directory is complete or empty at any moment: the event database comes last. */
import { existsSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { pathToFileURL } from 'node:url';
import { EVENT_MIGRATIONS } from '../event-store/schema.ts';
import { STATE_MIGRATIONS } from '../state/schema.ts';
import { EVENT_TABLES } from './backup-digest.ts';
import type { BackupAbout } from './backup-about.ts';
import { readAbout, warningsAbout } from './backup-format.ts';
import { lockDataDirectory, makeDataDirectory } from './data-directory.ts';
import { DATABASES } from './databases.ts';
import { publishFile } from './durable-file.ts';
import { migrate, schemaVersion } from './sqlite-migrations.ts';
import { markState, STATE_PLACE } from './state-place.ts';

export type RestoreOptions = Readonly<{ dataDir: string; file: string; /** A backup of the keys. */ keysFile?: string }>;
/** `warnings`: sentences for the operator. */
export type RestoreSummary = Readonly<{ events: number; keys: number; subjectKeys: number; warnings: readonly string[] }>;
type Counts = Omit<RestoreSummary, 'warnings'>;

/** What an operator puts into a new data directory before restoring, and what the lock leaves there. */
const NO_DATA = new Set(['master.key', 'operator.token', 'lock.db', 'lock.pid']);

const number = (db: DatabaseSync, query: string): number => Number(db.prepare(query).get()?.['n'] ?? 0);

const summary = (db: DatabaseSync): Counts => ({
  events: number(db, 'SELECT count(*) AS n FROM events'),
  keys: number(db, 'SELECT count(*) AS n FROM keys'),
  subjectKeys: number(db, "SELECT count(*) AS n FROM keys WHERE kind = 'subject'"),
});

const open = (path: string): DatabaseSync => {
  const db = new DatabaseSync(path);
  db.exec('PRAGMA journal_mode=DELETE; PRAGMA synchronous=FULL; PRAGMA secure_delete=ON');
  return db;
};

const attach = (db: DatabaseSync, path: string, name: string): void => {
  db.prepare(`ATTACH ? AS ${name}`).run(`${pathToFileURL(path).href}?mode=ro`);
};

const keysAbout = (keysFile: string, data: BackupAbout): BackupAbout => {
  const about = readAbout(keysFile);
  if (about.kind !== 'keys') throw new Error(`${keysFile} is a backup of ${about.kind}, not of keys`);
  if (data.origin !== about.origin && data.origin !== '' && about.origin !== '') throw new Error(`${keysFile} belongs to another installation`);
  return about;
};

/**
 * Joins keys to data. Keys at least as new as the data replace what came with it: a key that they lack has been destroyed. With keys older than the
 * data, what came with the data wins, since its tenants may be newer.
 */
const joinKeys = (db: DatabaseSync, keysFile: string, data: BackupAbout): void => {
  const about = keysAbout(keysFile, data);
  attach(db, keysFile, 'joined');
  const replace = about.head >= data.head ? 'DELETE FROM main.keys;' : '';
  db.exec(`BEGIN; ${replace} INSERT OR IGNORE INTO main.keys SELECT * FROM joined.keys; COMMIT; DETACH joined`);
};

const restoreState = (dataDir: string, file: string): void => {
  const path = join(dataDir, DATABASES.state);
  rmSync(path, { force: true });
  const db = open(path);
  migrate(db, STATE_MIGRATIONS);
  attach(db, file, 'source');
  const isElsewhere = number(db, `SELECT count(*) AS n FROM source.state_entries WHERE scope = '${STATE_PLACE.scope}'`) > 0;
  db.exec(`BEGIN;
    INSERT INTO entries SELECT scope, key, value, NULL FROM source.state_entries WHERE scope <> '${STATE_PLACE.scope}';
    INSERT INTO messages SELECT number, topic, key, id, body FROM source.state_messages;
    DELETE FROM main.sqlite_sequence WHERE name = 'messages';
    INSERT INTO main.sqlite_sequence SELECT 'messages', seq FROM source.state_sequence;
    COMMIT; DETACH source`);
  db.close();
  markState(dataDir, isElsewhere ? 'mongodb' : 'here');
};

const versionOf = (file: string): number => {
  const db = new DatabaseSync(file, { readOnly: true });
  try {
    return schemaVersion(db);
  } finally {
    db.close();
  }
};

/** Row by row into tables of our own making: nothing of the file's structure gets into the installation. */
const copyRows = (db: DatabaseSync, file: string): void => {
  db.exec('PRAGMA foreign_keys=OFF');
  migrate(db, EVENT_MIGRATIONS.slice(0, versionOf(file)));
  attach(db, file, 'source');
  const copied = EVENT_TABLES.filter((table) => table !== 'migrations').map((table) => `INSERT INTO main.${table} SELECT * FROM source.${table}`);
  db.exec(`BEGIN; ${copied.join('; ')}; COMMIT; DETACH source`);
  migrate(db, EVENT_MIGRATIONS);
};

const restoreEvents = ({ dataDir, file, keysFile }: RestoreOptions, about: BackupAbout): Counts => {
  const temporary = join(dataDir, `${DATABASES.events}.partial`);
  writeFileSync(temporary, '', { mode: 0o600 });
  const db = open(temporary);
  try {
    copyRows(db, file);
    if (keysFile !== undefined) joinKeys(db, keysFile, about);
    const restored = summary(db);
    db.close();
    publishFile(temporary, join(dataDir, DATABASES.events));
    return restored;
  } finally {
    if (db.isOpen) db.close();
    rmSync(temporary, { force: true });
  }
};

const requireEmpty = (dataDir: string): void => {
  const found = readdirSync(dataDir).find((name) => !NO_DATA.has(name) && !name.endsWith('.partial'));
  if (found !== undefined) throw new Error(`${dataDir} is not empty (it holds ${found}): restore into a new DATA_DIR`);
};

/** Keys alone, into a directory that was restored without them. */
const restoreKeys = (dataDir: string, keysFile: string): Counts => {
  const path = join(dataDir, DATABASES.events);
  if (!existsSync(path)) throw new Error(`${dataDir} holds no data yet: restore the data first, then the keys`);
  const db = new DatabaseSync(path);
  try {
    db.exec('PRAGMA synchronous=FULL; PRAGMA secure_delete=ON');
    if (summary(db).subjectKeys > 0) throw new Error(`${dataDir} holds persons' keys already: keys are joined only to data restored without them`);
    const head = number(db, 'SELECT max(position) AS n FROM events');
    const origin = String(db.prepare('SELECT hex(id) AS id FROM events WHERE position = 1').get()?.['id'] ?? '');
    joinKeys(db, keysFile, { ...readAbout(keysFile), head, origin });
    return summary(db);
  } finally {
    db.close();
  }
};

const restoreInto = (options: RestoreOptions): RestoreSummary => {
  const { dataDir, file, keysFile } = options;
  const about = readAbout(file);
  const warnings = [...warningsAbout(file, about)];
  if (about.kind === 'keys') return { ...restoreKeys(dataDir, file), warnings };
  // Both files are read before anything is written.
  if (keysFile !== undefined) warnings.push(...warningsAbout(keysFile, keysAbout(keysFile, about)));
  requireEmpty(dataDir);
  restoreState(dataDir, file);
  return { ...restoreEvents(options, about), warnings };
};

/**
 * Restores a backup of data into an empty data directory (a master key may be there), older schemas brought forward, and joins the keys; or, given a
 * backup of keys alone, joins them to data restored before. Throws one line: a directory that is not empty or in use, a damaged file, a newer format.
 */
export const restore = (options: RestoreOptions): RestoreSummary => {
  makeDataDirectory(options.dataDir);
  const lock = lockDataDirectory(options.dataDir);
  try {
    return restoreInto(options);
  } finally {
    lock.release();
  }
};

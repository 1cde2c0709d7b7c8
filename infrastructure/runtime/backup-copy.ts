/**
 * Copies a running data directory into one backup file, row by row inside one reading transaction: consistent, without stopping anybody, and
 * without a byte of what is to be left out ever being written.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { pathToFileURL } from 'node:url';
import { EVENT_MIGRATIONS } from '../event-store/schema.ts';
import type { BackupKind } from './backup-about.ts';
import { BACKUP_FORMAT, writeAbout } from './backup-format.ts';
import { DATABASES } from './databases.ts';
import { writeDurably } from './durable-file.ts';
import { migrate, schemaVersion } from './sqlite-migrations.ts';
import { isStateInMongo, STATE_PLACE } from './state-place.ts';

export type BackupOptions = Readonly<{ dataDir: string; out: string; kind: BackupKind }>;
/** What a backup holds: events, keys, and the position of the newest event at the time. */
export type BackupSummary = Readonly<{ kind: BackupKind; events: number; keys: number; head: number }>;
export type OnBackupProgress = (events: number, of: number) => void;

const COPIED_AT_ONCE = 50_000;

/** What effects outside depend on: without these a restored installation would repeat mails and webhooks. */
const COPIED_STATE = `CREATE TABLE state_entries (scope TEXT NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL) STRICT;
  CREATE TABLE state_messages (number INTEGER PRIMARY KEY, topic TEXT NOT NULL, key TEXT NOT NULL, id TEXT NOT NULL, body TEXT NOT NULL) STRICT;
  CREATE TABLE state_sequence (seq INTEGER NOT NULL) STRICT;`;

const number = (db: DatabaseSync, query: string): number => Number(db.prepare(query).get()?.['n'] ?? 0);

const attach = (db: DatabaseSync, path: string, name: string): void => {
  db.prepare(`ATTACH ? AS ${name}`).run(`${pathToFileURL(path).href}?mode=ro`);
};

/** Before the events: checkpoints may lag behind the log, never lead it. */
const copyState = (db: DatabaseSync, dataDir: string): void => {
  const path = join(dataDir, DATABASES.state);
  db.exec(COPIED_STATE);
  if (isStateInMongo(dataDir)) db.prepare('INSERT INTO state_entries (scope, key, value) VALUES (?, ?, ?)').run(STATE_PLACE.scope, STATE_PLACE.key, 'mongodb');
  if (!existsSync(path)) return;
  attach(db, path, 'state');
  // Where the state is kept elsewhere, the file is empty, or older.
  if (number(db, "SELECT count(*) AS n FROM state.sqlite_master WHERE name IN ('entries', 'messages')") < 2) return db.exec('DETACH state');
  db.exec(`BEGIN;
    ${isStateInMongo(dataDir) ? '' : "INSERT INTO state_entries SELECT scope, key, value FROM state.entries WHERE scope LIKE 'checkpoint:%';"}
    INSERT INTO state_messages SELECT number, topic, key, id, body FROM state.messages;
    INSERT INTO state_sequence SELECT seq FROM state.sqlite_sequence WHERE name = 'messages';
    COMMIT; DETACH state`);
};

const copyEvents = (db: DatabaseSync, head: number, onProgress: OnBackupProgress): void => {
  for (const table of ['tenants', 'types', 'streams']) db.exec(`INSERT INTO main.${table} SELECT * FROM source.${table}`);
  const copy = db.prepare('INSERT INTO main.events SELECT * FROM source.events WHERE position > ? AND position <= ? ORDER BY position');
  for (let after = 0; after < head; after += COPIED_AT_ONCE) {
    copy.run(after, Math.min(after + COPIED_AT_ONCE, head));
    onProgress(Math.min(after + COPIED_AT_ONCE, head), head);
  }
};

const verify = (db: DatabaseSync, out: string): void => {
  const found = db.prepare('PRAGMA main.integrity_check').get()?.['integrity_check'];
  if (found !== 'ok') throw new Error(`the copy for ${out} is damaged: ${String(found)}`);
};

const fill = (db: DatabaseSync, { dataDir, out, kind }: BackupOptions, onProgress: OnBackupProgress): BackupSummary => {
  db.exec('PRAGMA main.journal_mode=OFF; PRAGMA main.synchronous=OFF');
  if (kind === 'data') copyState(db, dataDir);
  attach(db, join(dataDir, DATABASES.events), 'source');
  migrate(db, EVENT_MIGRATIONS);
  if (number(db, 'SELECT max(version) AS n FROM source.migrations') !== schemaVersion(db)) {
    throw new Error(`${dataDir} was written by another release: start this one once, then back up`);
  }
  db.exec('BEGIN');
  const head = number(db, 'SELECT max(position) AS n FROM source.events');
  const origin = db.prepare('SELECT hex(id) AS id FROM source.events WHERE position = 1').get()?.['id'];
  if (kind === 'data') copyEvents(db, head, onProgress);
  db.exec(`INSERT INTO main.keys SELECT * FROM source.keys ${kind === 'data' ? "WHERE kind <> 'subject'" : ''}`);
  writeAbout(db, { kind, format: BACKUP_FORMAT, head, origin: String(origin ?? '') });
  db.exec('COMMIT; DETACH source');
  verify(db, out);
  return { kind, head, events: number(db, 'SELECT count(*) AS n FROM events'), keys: number(db, 'SELECT count(*) AS n FROM keys') };
};

/** Holds the calling thread until the file is on the disk. */
export const copyToBackup = (options: BackupOptions, onProgress: OnBackupProgress = () => undefined): BackupSummary =>
  writeDurably(options.out, (temporary) => {
    const db = new DatabaseSync(temporary);
    try {
      return fill(db, options, onProgress);
    } finally {
      db.close();
    }
  });

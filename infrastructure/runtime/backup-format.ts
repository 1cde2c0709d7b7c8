/** What a backup file is: an SQLite database with a page that says what it holds. */
import { existsSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { EVENT_MIGRATIONS } from '../event-store/schema.ts';
import type { BackupAbout } from './backup-about.ts';
import { backupDigest } from './backup-digest.ts';
import { schemaVersion } from './sqlite-migrations.ts';

/** Raised when older releases could not read a newer file, or would not notice what is new in it. 2: `about.digest` over all rows. */
export const BACKUP_FORMAT = 2;
const WITHOUT_DIGEST = 1;

/** "Chy" and a number, in the header of the file (sqlite.org/fileformat.html, application id). */
const APPLICATION_ID = 0x43687901;

export const ABOUT = `PRAGMA application_id=${APPLICATION_ID};
  CREATE TABLE about (kind TEXT NOT NULL, format INTEGER NOT NULL, head INTEGER NOT NULL, origin TEXT NOT NULL, digest TEXT NOT NULL) STRICT;`;

/** Last of all: the digest is over the rows that are there now. */
export const writeAbout = (db: DatabaseSync, about: BackupAbout): void => {
  const { kind, format, head, origin } = about;
  const digest = backupDigest(db, about);
  db.exec(ABOUT);
  db.prepare('INSERT INTO about (kind, format, head, origin, digest) VALUES (?, ?, ?, ?, ?)').run(kind, format, head, origin, digest);
};

const hasDigest = (db: DatabaseSync): boolean => db.prepare("SELECT count(*) AS n FROM pragma_table_info('about') WHERE name = 'digest'").get()?.['n'] === 1;

/** The first format has no digest; a file with one is of the second, whatever it says. */
const checkDigest = (db: DatabaseSync, path: string, about: BackupAbout): void => {
  if (about.format === WITHOUT_DIGEST && !hasDigest(db)) return;
  const stored = db.prepare('SELECT digest FROM about').get()?.['digest'];
  if (backupDigest(db, about) !== stored) throw new Error(`${path} is damaged: its rows are not those that were backed up`);
};

const read = (db: DatabaseSync, path: string): BackupAbout => {
  if (db.prepare('PRAGMA application_id').get()?.['application_id'] !== APPLICATION_ID) throw new Error(`${path} is not a backup`);
  const about = db.prepare('SELECT kind, format, head, origin FROM about').get() as BackupAbout | undefined;
  if (about === undefined || (about.kind !== 'data' && about.kind !== 'keys')) throw new Error(`${path} is not a whole backup`);
  if (about.format > BACKUP_FORMAT || schemaVersion(db) > EVENT_MIGRATIONS.length) {
    throw new Error(`${path} is of a newer release (backup format ${about.format}, this one knows ${BACKUP_FORMAT}): restore it with the release that wrote it`);
  }
  return { ...about };
};

const check = (db: DatabaseSync, path: string): BackupAbout => {
  const about = read(db, path);
  const integrity = db.prepare('PRAGMA integrity_check').get()?.['integrity_check'];
  if (integrity !== 'ok') throw new Error(`${path} is damaged: ${String(integrity).split('\n').join(', ')}`);
  checkDigest(db, path, about);
  return about;
};

/** What a restore says of a file that cannot show whether it is unchanged. */
export const warningsAbout = (path: string, { format }: BackupAbout): readonly string[] =>
  format === WITHOUT_DIGEST ? [`${path} has backup format ${WITHOUT_DIGEST}, which carries no checksum over its rows: a changed one cannot be noticed`] : [];

/** Reads what a backup says of itself, and checks that the file is whole and its rows are those backed up. Throws one line that names the file. */
export const readAbout = (path: string): BackupAbout => {
  if (!existsSync(path)) throw new Error(`${path} does not exist`);
  let db: DatabaseSync | undefined;
  try {
    db = new DatabaseSync(path, { readOnly: true });
    return check(db, path);
  } catch (error) {
    const { code } = error as { code?: unknown };
    throw code === undefined ? error : new Error(`${path} is not a backup, or it is damaged: ${(error as Error).message}`, { cause: error });
  } finally {
    db?.close();
  }
};

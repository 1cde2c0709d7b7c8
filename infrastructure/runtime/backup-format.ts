/** What a backup file is: an SQLite database with a page that says what it holds. */
import { DatabaseSync } from 'node:sqlite';

export type BackupKind = 'data' | 'keys';

export type BackupAbout = Readonly<{
  kind: BackupKind;
  format: number;
  /** Position of the newest event that the copied database held. */
  head: number;
  /** Id of the first event, in hex: backups of one installation have it in common. Empty while there are no events. */
  origin: string;
}>;

/** Raised when older releases could not read a newer file. */
export const BACKUP_FORMAT = 1;

/** "Chy" and a number, in the header of the file (sqlite.org/fileformat.html, application id). */
const APPLICATION_ID = 0x43687901;

export const ABOUT = `PRAGMA application_id=${APPLICATION_ID};
  CREATE TABLE about (kind TEXT NOT NULL, format INTEGER NOT NULL, head INTEGER NOT NULL, origin TEXT NOT NULL) STRICT;`;

export const writeAbout = (db: DatabaseSync, { kind, format, head, origin }: BackupAbout): void => {
  db.exec(ABOUT);
  db.prepare('INSERT INTO about (kind, format, head, origin) VALUES (?, ?, ?, ?)').run(kind, format, head, origin);
};

const check = (db: DatabaseSync, path: string): BackupAbout => {
  if (db.prepare('PRAGMA application_id').get()?.['application_id'] !== APPLICATION_ID) throw new Error(`${path} is not a backup`);
  const about = db.prepare('SELECT kind, format, head, origin FROM about').get() as BackupAbout | undefined;
  if (about === undefined) throw new Error(`${path} is not a whole backup`);
  if (about.format > BACKUP_FORMAT) throw new Error(`${path} has backup format ${about.format}, and this release knows ${BACKUP_FORMAT}: restore it with the release that wrote it`);
  const integrity = db.prepare('PRAGMA integrity_check').get()?.['integrity_check'];
  if (integrity !== 'ok') throw new Error(`${path} is damaged: ${String(integrity).split('\n').join(', ')}`);
  return { ...about };
};

/** Reads what a backup says of itself, and checks that the file is whole. Throws one line that names the file. */
export const readAbout = (path: string): BackupAbout => {
  const db = new DatabaseSync(path, { readOnly: true });
  try {
    return check(db, path);
  } catch (error) {
    const broken = (error as { errcode?: number }).errcode !== undefined;
    throw broken ? new Error(`${path} is not a backup, or it is damaged: ${(error as Error).message}`, { cause: error }) : error;
  } finally {
    db.close();
  }
};

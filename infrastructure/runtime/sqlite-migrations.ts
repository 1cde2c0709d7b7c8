/** Schema migrations: numbered, forward only, one transaction each. */
import type { DatabaseSync } from 'node:sqlite';

/** Index 0 brings an empty database to version 1. What has been released is never edited: add one. */
export type Migrations = readonly string[];

const TABLE = 'CREATE TABLE IF NOT EXISTS migrations (version INTEGER PRIMARY KEY) STRICT';

/** The newest migration that a database has seen; 0 for an empty one. */
export const schemaVersion = (db: DatabaseSync): number => {
  const known = db.prepare("SELECT count(*) AS n FROM sqlite_schema WHERE name = 'migrations'").get()?.['n'];
  if (known === 0) return 0;
  return Number(db.prepare('SELECT coalesce(max(version), 0) AS version FROM migrations').get()?.['version']);
};

const step = (db: DatabaseSync, version: number, statements: string): void => {
  try {
    db.exec(`BEGIN IMMEDIATE; ${statements}; INSERT INTO migrations (version) VALUES (${version}); COMMIT`);
  } catch (error) {
    if (db.isTransaction) db.exec('ROLLBACK');
    throw error;
  }
};

/** Throws, in one line, when the database was written by a newer release. */
export const migrate = (db: DatabaseSync, migrations: Migrations): void => {
  const found = schemaVersion(db);
  if (found > migrations.length) {
    throw new Error(
      `${db.location() ?? 'the database'} has schema version ${found}, and this release knows ${migrations.length}: run the release that wrote it, or restore a backup`,
    );
  }
  db.exec(TABLE);
  for (let version = found + 1; version <= migrations.length; version += 1) {
    step(db, version, migrations[version - 1] as string);
  }
};

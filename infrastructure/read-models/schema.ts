/** The read-model database: derived data, which the log can fill again. */
import { LOG_SEEN } from '../runtime/log-tie.ts';
import type { Migrations } from '../runtime/sqlite-migrations.ts';

/**
 * A model is a row here and a table of documents of its own; `storage` numbers the tables, so that a model can be filled anew beside
 * itself and switched by changing one row. `counts` holds, for every prefix of a declared index, how many documents share its values
 * (and, of a model whose totals are kept by day, how many of those on each day): a listing's total is then one look-up or a sum of days,
 * however many documents there are.
 */
export const READ_MODEL_MIGRATIONS: Migrations = [
  `CREATE TABLE tenants (key INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE) STRICT;
   CREATE TABLE storages (storage INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL) STRICT;
   CREATE TABLE models (
     name TEXT NOT NULL, version INTEGER NOT NULL, storage INTEGER NOT NULL REFERENCES storages, indexes TEXT NOT NULL, checkpoint INTEGER NOT NULL,
     PRIMARY KEY (name, version)
   ) STRICT, WITHOUT ROWID;
   CREATE TABLE counts (
     storage INTEGER NOT NULL, prefix INTEGER NOT NULL, tenant INTEGER NOT NULL, value TEXT NOT NULL, documents INTEGER NOT NULL,
     PRIMARY KEY (storage, prefix, tenant, value)
   ) STRICT, WITHOUT ROWID`,
  LOG_SEEN,
];

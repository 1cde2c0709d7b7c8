/** One SHA-256 over every row of a backup: SQLite's own check finds broken structure, and no changed letter. */
import { createHash, type Hash } from 'node:crypto';
import type { DatabaseSync } from 'node:sqlite';
import type { BackupAbout, BackupKind } from './backup-about.ts';

export const EVENT_TABLES = ['migrations', 'tenants', 'types', 'streams', 'events', 'keys'] as const;
const STATE_TABLES = ['state_entries', 'state_messages', 'state_sequence'] as const;

const TABLES: Readonly<Record<BackupKind, readonly string[]>> = { data: [...EVENT_TABLES, ...STATE_TABLES], keys: EVENT_TABLES };

/** Rows are hashed some at a time: one call for each value would take longer than the hashing. */
const VALUES_AT_ONCE = 8_192;
const NULL = 0xff_ff_ff_ff;

const columnsOf = (db: DatabaseSync, table: string): readonly string[] =>
  db.prepare('SELECT name FROM pragma_table_info(?) ORDER BY cid').all(table).map(({ name }) => String(name));

const lengths = (values: readonly (Uint8Array | null)[]): Buffer => {
  const bytes = Buffer.alloc(values.length * 4);
  values.forEach((value, index) => bytes.writeUInt32BE(value === null ? NULL : value.length, index * 4));
  return bytes;
};

/** The name, the columns' names, then row by row: the length of each value (4 bytes, big-endian), then the values as they are stored. */
const addTable = (db: DatabaseSync, table: string, hash: Hash): void => {
  const columns = columnsOf(db, table);
  hash.update(`${JSON.stringify([table, columns])}\n`);
  const rows = db.prepare(`SELECT ${columns.map((name) => `CAST("${name.replaceAll('"', '""')}" AS BLOB)`).join(', ')} FROM ${table} ORDER BY rowid`);
  rows.setReturnArrays(true);
  let waiting: Uint8Array[] = [];
  for (const row of rows.iterate() as Iterable<unknown>) {
    const values = row as readonly (Uint8Array | null)[];
    waiting.push(lengths(values), ...values.filter((value) => value !== null));
    if (waiting.length < VALUES_AT_ONCE) continue;
    hash.update(Buffer.concat(waiting));
    waiting = [];
  }
  hash.update(Buffer.concat(waiting)).update('\n');
};

/** Hex; over what the backup says of itself and every row, in the order in which they are stored. */
export const backupDigest = (db: DatabaseSync, { kind, format, head, origin }: BackupAbout): string => {
  const hash = createHash('sha256').update(`${JSON.stringify([kind, format, head, origin])}\n`);
  for (const table of TABLES[kind]) addTable(db, table, hash);
  return hash.digest('hex');
};

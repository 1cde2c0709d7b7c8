/** Opens what a power cut has left, and says whether it is whole and complete. Uses SQLite alone, none of the store's code. */
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { Image } from './disk.ts';

export type Verdict = 'whole' | 'lost' | 'corrupt';

/** What the program had acknowledged before the power went. */
export type Acknowledged = Readonly<{ ids: readonly string[]; backup: boolean }>;

const lay = (image: Image, directory: string): void => {
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(directory);
  for (const [path, content] of image) writeFileSync(join(directory, basename(path)), content);
};

const hasTable = (db: DatabaseSync, name: string): boolean => db.prepare('SELECT 1 FROM sqlite_schema WHERE name = ?').get(name) !== undefined;

/** The ids in a database, or undefined when it is not whole. */
const idsIn = (path: string): ReadonlySet<string> | undefined => {
  const db = new DatabaseSync(path);
  try {
    if (db.prepare('PRAGMA integrity_check').get()?.['integrity_check'] !== 'ok') return undefined;
    if (!hasTable(db, 'events')) return new Set();
    const rows = db.prepare('SELECT position, lower(hex(id)) AS id FROM events ORDER BY position').all();
    if (rows.some((row, index) => row['position'] !== index + 1)) return undefined;
    const broken = db.prepare('SELECT count(*) AS n FROM (SELECT 1 FROM events GROUP BY stream HAVING count(*) <> max(revision) + 1)').get()?.['n'];
    return broken === 0 ? new Set(rows.map((row) => String(row['id']))) : undefined;
  } finally {
    db.close();
  }
};

/** An unreadable database is a corrupt one. */
const read = (path: string): ReadonlySet<string> | undefined => {
  if (!existsSync(path)) return new Set();
  try {
    return idsIn(path);
  } catch {
    return undefined;
  }
};

const judgeBackup = (path: string, acknowledged: boolean): Verdict => {
  if (!existsSync(path)) return acknowledged ? 'lost' : 'whole';
  // Under its name it is either finished or not there.
  const ids = read(path);
  return ids === undefined || ids.size === 0 ? 'corrupt' : 'whole';
};

export const judge = (image: Image, { ids, backup }: Acknowledged, directory: string): Verdict => {
  lay(image, directory);
  const stored = read(join(directory, 'events.db'));
  if (stored === undefined) return 'corrupt';
  if (!ids.every((id) => stored.has(id))) return 'lost';
  return judgeBackup(join(directory, 'backup.db'), backup);
};

/** Names that the database stores once, with the numbers that stand for them; runs inside the writer's transaction. */
import type { DatabaseSync } from 'node:sqlite';
import { createRecent } from '../../application/kernel/recent.ts';

export interface Interned {
  /** The number of a name, made if it has none. */
  key(name: string): number;
  /** The number of a name that is stored. */
  known(name: string): number | undefined;
  forget(): void;
}

export type InternedOptions = Readonly<{ table: 'streams' | 'types' | 'tenants'; column: 'name' | 'id'; cached: number }>;

export const createInterned = (db: DatabaseSync, { table, column, cached }: InternedOptions): Interned => {
  const find = db.prepare(`SELECT key FROM ${table} WHERE ${column} = ?`);
  const insert = db.prepare(`INSERT INTO ${table} (${column}) VALUES (?)`);
  const cache = createRecent<string, number>(cached);
  const remember = (name: string, key: number): number => {
    cache.set(name, key);
    return key;
  };
  const known = (name: string): number | undefined => {
    const hit = cache.get(name);
    if (hit !== undefined) return hit;
    const row = find.get(name);
    return row === undefined ? undefined : remember(name, Number(row['key']));
  };
  return {
    known,
    key: (name) => known(name) ?? remember(name, Number(insert.run(name).lastInsertRowid)),
    forget: () => cache.clear(),
  };
};

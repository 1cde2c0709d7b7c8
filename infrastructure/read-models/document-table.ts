/** One model's table of documents with its counts, inside the writer's transaction. */
import type { DatabaseSync } from 'node:sqlite';
import type { ChangeRow } from './operations.ts';
import { columnOf, type ColumnValue, indexName, type Indexes, type Shape, shapeOf } from './shape.ts';

export const createTable = (db: DatabaseSync, table: string, indexes: Indexes): void => {
  const columns = shapeOf(indexes).fields.map((field) => `, ${columnOf(field)} ANY`).join('');
  db.exec(`CREATE TABLE "${table}" (key INTEGER PRIMARY KEY, tenant INTEGER NOT NULL, id TEXT NOT NULL, position INTEGER NOT NULL,
    document TEXT NOT NULL${columns}, UNIQUE (tenant, id)) STRICT`);
  indexes.forEach((index, number) => {
    db.exec(`CREATE INDEX ${indexName(table, number)} ON "${table}" (tenant, ${index.map(columnOf).join(', ')}, id)`);
  });
};

const statements = (db: DatabaseSync, table: string, { fields }: Shape) => {
  const columns = fields.map(columnOf);
  const find = db.prepare(`SELECT key${columns.map((column) => `, ${column}`).join('')} FROM "${table}" WHERE tenant = ? AND id = ?`);
  find.setReturnArrays(true);
  return {
    find,
    insert: db.prepare(`INSERT INTO "${table}" (tenant, id, position, document${columns.map((column) => `, ${column}`).join('')})
      VALUES (?, ?, ?, ?${', ?'.repeat(columns.length)}) ON CONFLICT (tenant, id) DO NOTHING`),
    update: db.prepare(`UPDATE "${table}" SET position = ?, document = ? WHERE key = ?`),
    move: db.prepare(`UPDATE "${table}" SET position = ?, document = ?${columns.map((column) => `, ${column} = ?`).join('')} WHERE key = ?`),
    remove: db.prepare(`DELETE FROM "${table}" WHERE key = ?`),
    count: db.prepare(`INSERT INTO counts (storage, prefix, tenant, value, documents) VALUES (?, ?, ?, ?, ?)
      ON CONFLICT DO UPDATE SET documents = documents + excluded.documents`),
    uncount: db.prepare('DELETE FROM counts WHERE storage = ? AND prefix = ? AND tenant = ? AND value = ? AND documents = 0'),
  };
};

type Delta = { prefix: number; tenant: number; value: string; by: number };

/** What a commit adds to the counts: gathered, so that a batch touches each count once. */
class Deltas {
  readonly #prefixes: readonly (readonly number[])[];
  readonly #gathered = new Map<string, Delta>();

  constructor({ fields, prefixes }: Shape) {
    this.#prefixes = prefixes.map((prefix) => prefix.map((field) => fields.indexOf(field)));
  }

  add(tenant: number, values: readonly ColumnValue[], by: 1 | -1): void {
    // What `countedValue` says, each value written down once for all the prefixes that it stands in.
    const texts = values.map((each) => JSON.stringify(each));
    this.#prefixes.forEach((columns, prefix) => {
      const value = `[${columns.map((column) => texts[column]).join()}]`;
      const key = `${prefix} ${tenant} ${value}`;
      const known = this.#gathered.get(key);
      if (known === undefined) this.#gathered.set(key, { prefix, tenant, value, by });
      else known.by += by;
    });
  }

  take(): readonly Delta[] {
    const taken = [...this.#gathered.values()].filter(({ by }) => by !== 0);
    this.#gathered.clear();
    return taken;
  }
}

export class DocumentTable {
  readonly #storage: number;
  readonly #sql;
  readonly #deltas: Deltas;

  constructor(db: DatabaseSync, storage: number, table: string, indexes: Indexes) {
    const shape = shapeOf(indexes);
    this.#storage = storage;
    this.#sql = statements(db, table, shape);
    this.#deltas = new Deltas(shape);
  }

  apply(changes: readonly ChangeRow[], tenantKey: (id: string) => number): void {
    for (const change of changes) this.#change(tenantKey(change[0]), change);
    for (const { prefix, tenant, value, by } of this.#deltas.take()) {
      this.#sql.count.run(this.#storage, prefix, tenant, value, by);
      if (by < 0) this.#sql.uncount.run(this.#storage, prefix, tenant, value);
    }
  }

  #change(tenant: number, [, id, position, document, ...values]: ChangeRow): void {
    // Most documents are new when a model is filled: one that is there already makes the insertion do nothing.
    if (document !== null && this.#sql.insert.run(tenant, id, position, document, ...values).changes === 1) {
      this.#deltas.add(tenant, values, 1);
      return;
    }
    const [key, ...before] = (this.#sql.find.get(tenant, id) ?? []) as unknown as [number | undefined, ...ColumnValue[]];
    if (document === null || key === undefined) this.#remove(tenant, key, before);
    else if (before.every((value, index) => value === values[index])) this.#sql.update.run(position, document, key);
    else {
      this.#sql.move.run(position, document, ...values, key);
      this.#deltas.add(tenant, before, -1);
      this.#deltas.add(tenant, values, 1);
    }
  }

  #remove(tenant: number, key: number | undefined, before: readonly ColumnValue[]): void {
    if (key === undefined) return;
    this.#sql.remove.run(key);
    this.#deltas.add(tenant, before, -1);
  }
}

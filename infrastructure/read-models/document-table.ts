/** One model's table of documents with its counts, inside the writer's transaction. */
import type { DatabaseSync } from 'node:sqlite';
import type { ChangeRow } from './operations.ts';
import { columnOf, type ColumnValue, type Declared, indexName, type Shape, shapeOf } from './shape.ts';
import { Totals } from './totals.ts';

export const createTable = (db: DatabaseSync, table: string, declared: Declared): void => {
  const columns = shapeOf(declared).fields.map((field) => `, ${columnOf(field)} ANY`).join('');
  db.exec(`CREATE TABLE "${table}" (key INTEGER PRIMARY KEY, tenant INTEGER NOT NULL, id TEXT NOT NULL, position INTEGER NOT NULL,
    document TEXT NOT NULL${columns}, UNIQUE (tenant, id)) STRICT`);
  declared.indexes.forEach((index, number) => {
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

export class DocumentTable {
  readonly #storage: number;
  readonly #sql;
  readonly #totals: Totals;

  constructor(db: DatabaseSync, { storage, name }: Readonly<{ storage: number; name: string }>, shape: Shape) {
    this.#storage = storage;
    this.#sql = statements(db, name, shape);
    this.#totals = new Totals(shape);
  }

  apply(changes: readonly ChangeRow[], tenantKey: (id: string) => number): void {
    for (const change of changes) this.#change(tenantKey(change[0]), change);
    for (const { counted, tenant, value, by } of this.#totals.take()) {
      this.#sql.count.run(this.#storage, counted, tenant, value, by);
      if (by < 0) this.#sql.uncount.run(this.#storage, counted, tenant, value);
    }
  }

  #change(tenant: number, [, id, position, document, ...values]: ChangeRow): void {
    // Most documents are new when a model is filled: one that is there already makes the insertion do nothing.
    if (document !== null && this.#sql.insert.run(tenant, id, position, document, ...values).changes === 1) {
      this.#totals.add(tenant, values, 1);
      return;
    }
    const [key, ...before] = (this.#sql.find.get(tenant, id) ?? []) as unknown as [number | undefined, ...ColumnValue[]];
    if (document === null || key === undefined) this.#remove(tenant, key, before);
    else if (before.every((value, index) => value === values[index])) this.#sql.update.run(position, document, key);
    else {
      this.#sql.move.run(position, document, ...values, key);
      this.#totals.add(tenant, before, -1);
      this.#totals.add(tenant, values, 1);
    }
  }

  #remove(tenant: number, key: number | undefined, before: readonly ColumnValue[]): void {
    if (key === undefined) return;
    this.#sql.remove.run(key);
    this.#totals.add(tenant, before, -1);
  }
}

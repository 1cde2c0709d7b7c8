/** Models, their tables and checkpoints, inside the writer's transaction. */
import type { DatabaseSync } from 'node:sqlite';
import { reject } from '../../domain/kernel/rejection.ts';
import { createTable, DocumentTable } from './document-table.ts';
import type { ModelRef, ReadModelOperation } from './operations.ts';
import { declarationText, parseDeclaration, shapeOf, tableName } from './shape.ts';

type Of<Kind extends ReadModelOperation[0]> = Extract<ReadModelOperation, readonly [Kind, ...unknown[]]>;
type Model = Readonly<{ storage: number; indexes: string; checkpoint: number }>;

const statements = (db: DatabaseSync) => ({
  model: db.prepare('SELECT storage, indexes, checkpoint FROM models WHERE name = ? AND version = ?'),
  insert: db.prepare('INSERT INTO models (name, version, storage, indexes, checkpoint) VALUES (?, ?, ?, ?, 0)'),
  advance: db.prepare('UPDATE models SET checkpoint = ? WHERE name = ? AND version = ?'),
  replace: db.prepare('UPDATE models SET storage = ?, indexes = ?, checkpoint = ? WHERE name = ? AND version = ?'),
  remove: db.prepare('DELETE FROM models WHERE name = ? AND version = ?'),
  newStorage: db.prepare("INSERT INTO storages (name) VALUES ('')"),
  nameStorage: db.prepare('UPDATE storages SET name = ? WHERE storage = ?'),
  orphans: db.prepare('SELECT storage, name FROM storages WHERE storage NOT IN (SELECT storage FROM models)'),
  removeStorage: db.prepare('DELETE FROM storages WHERE storage = ?'),
  removeCounts: db.prepare('DELETE FROM counts WHERE storage = ?'),
  tenant: db.prepare('SELECT key FROM tenants WHERE id = ?'),
  newTenant: db.prepare('INSERT INTO tenants (id) VALUES (?)'),
  tableOf: db.prepare('SELECT name FROM storages WHERE storage = ?'),
});

const fenced = (model: ModelRef): never => reject('kernel.fenced', { model: model.join(' v') });

export class ReadModelEngine {
  readonly #db: DatabaseSync;
  readonly #sql;
  readonly #tables = new Map<number, DocumentTable>();
  readonly #tenants = new Map<string, number>();

  constructor(db: DatabaseSync) {
    this.#db = db;
    this.#sql = statements(db);
  }

  apply(operation: ReadModelOperation): undefined {
    switch (operation[0]) {
      case 'commit':
        return this.#commit(operation);
      case 'prepare':
        return this.#prepare(operation);
      case 'promote':
        return this.#promote(operation);
      case 'drop':
        this.#sql.remove.run(...operation[1]);
        return undefined;
      default:
        return this.#tidy();
    }
  }

  rolledBack(): void {
    this.#tables.clear();
    this.#tenants.clear();
  }

  #model(model: ModelRef): Model | undefined {
    return this.#sql.model.get(...model) as Model | undefined;
  }

  #prepare([, model, declared]: Of<'prepare'>): undefined {
    const wanted = declarationText(declared);
    const found = this.#model(model);
    if (found?.indexes === wanted) return;
    const storage = Number(this.#sql.newStorage.run().lastInsertRowid);
    const table = tableName(...model, storage);
    createTable(this.#db, table, declared);
    this.#sql.nameStorage.run(table, storage);
    if (found === undefined) this.#sql.insert.run(...model, storage, wanted);
    else this.#sql.replace.run(storage, wanted, 0, ...model);
  }

  #commit([, model, from, to, changes]: Of<'commit'>): undefined {
    const found = this.#model(model);
    this.#table(found?.checkpoint === from ? found : fenced(model)).apply(changes, (id) => this.#tenant(id));
    this.#sql.advance.run(to, ...model);
  }

  #promote([, shadow, live, at]: Of<'promote'>): undefined {
    const { storage, indexes, checkpoint } = this.#model(shadow) ?? fenced(shadow);
    if (checkpoint !== at) fenced(shadow);
    if ((this.#model(live)?.checkpoint ?? 0) > at) fenced(live);
    this.#sql.replace.run(storage, indexes, checkpoint, ...live);
    this.#sql.remove.run(...shadow);
  }

  #tidy(): undefined {
    for (const row of this.#sql.orphans.all()) {
      const storage = Number(row['storage']);
      this.#tables.delete(storage);
      this.#db.exec(`DROP TABLE IF EXISTS "${String(row['name'])}"`);
      this.#sql.removeCounts.run(storage);
      this.#sql.removeStorage.run(storage);
    }
  }

  #table({ storage, indexes }: Model): DocumentTable {
    const open = this.#tables.get(storage);
    if (open !== undefined) return open;
    const name = String(this.#sql.tableOf.get(storage)?.['name']);
    const table = new DocumentTable(this.#db, { storage, name }, shapeOf(parseDeclaration(indexes)));
    this.#tables.set(storage, table);
    return table;
  }

  #tenant(id: string): number {
    const known = this.#tenants.get(id) ?? this.#sql.tenant.get(id)?.['key'];
    const key = typeof known === 'number' ? known : Number(this.#sql.newTenant.run(id).lastInsertRowid);
    this.#tenants.set(id, key);
    return key;
  }
}

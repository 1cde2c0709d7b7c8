/**
 * The embedded read-model store: SQLite, one table per model. Not synced on every commit: a model and its checkpoint are in one file, so
 * that after a power cut both are a little older together, and the log fills the rest in again.
 */
import type { DatabaseSync, SQLOutputValue, StatementSync } from 'node:sqlite';
import type { Change, ReadModelDefinition, ReadModelStore, StoredDocument } from '../../application/kernel/read-models.ts';
import { createRecent } from '../../application/kernel/recent.ts';
import type { Position, TenantId } from '../../domain/kernel/ids.ts';
import { fromPosition, toPosition } from '../runtime/positions.ts';
import { openReader, type Synchronous } from '../runtime/sqlite-open.ts';
import { reading } from '../runtime/sqlite-reading.ts';
import { type SqliteWriter, startWriter } from '../runtime/sqlite-writer.ts';
import { createModelReader } from './model-reader.ts';
import type { ChangeRow, ModelRef, ReadModelOperation } from './operations.ts';
import { columnValue, type Declared } from './shape.ts';
import type { Rows } from './source.ts';
import { createStoredModels, type StoredModels } from './stored-models.ts';

export type ReadModelStoreOptions = Readonly<{ path: string; onFatal: (error: Error) => void; synchronous?: Synchronous }>;
export type OpenReadModelStore = Readonly<{ readModels: ReadModelStore; close: () => Promise<void> }>;

const STATEMENTS_KEPT = 500;
const SCANNED_AT_ONCE = 500;

const createRows = (db: DatabaseSync): Rows => {
  const statements = createRecent<string, StatementSync>(STATEMENTS_KEPT);
  return (text, values) => {
    const statement = statements.get(text) ?? db.prepare(text);
    statement.setReturnArrays(true);
    statements.set(text, statement);
    return statement.all(...values) as unknown as SQLOutputValue[][];
  };
};

const ref = ({ name, version }: ReadModelDefinition): ModelRef => [name, version];

const declaredBy = ({ indexes, totalsByDay }: ReadModelDefinition): Declared => ({ indexes, ...(totalsByDay !== undefined && { totalsByDay }) });

type Deps = Readonly<{ db: DatabaseSync; rows: Rows; models: StoredModels; submit: (operation: ReadModelOperation) => Promise<void> }>;

const toRow = (fields: readonly string[]) => ({ tenant, id, document, position }: Change): ChangeRow => {
  const values = fields.map((field) => columnValue((document as Readonly<Record<string, unknown>> | undefined)?.[field]));
  return [tenant, id, fromPosition(position), document === undefined ? null : JSON.stringify(document), ...values];
};

const stored = (tenant: string, [id, position, document]: SQLOutputValue[]): StoredDocument => ({
  tenant: tenant as TenantId,
  id: id as string,
  position: toPosition(position as number),
  document: JSON.parse(document as string) as object,
});

const loader = ({ rows, models }: Deps): ReadModelStore['load'] => async (definition, keys) => {
  const { table } = models.get(definition);
  const text = `SELECT id, position, document FROM "${table}" WHERE tenant = (SELECT key FROM tenants WHERE id = ?) AND id IN (SELECT value FROM json_each(?))`;
  const tenants = Map.groupBy(keys, ({ tenant }) => tenant);
  return reading(() => [...tenants].flatMap(([tenant, own]) => rows(text, [tenant, JSON.stringify(own.map(({ id }) => id))]).map((row) => stored(tenant, row))));
};

const scanner = ({ rows, models }: Deps): ReadModelStore['scan'] =>
  async function* scan(definition) {
    // Asked anew for each page: the model may be switched meanwhile.
    const text = (beyond: string): string =>
      `SELECT id, position, document FROM "${models.get(definition).table}" WHERE tenant = ? AND id ${beyond} ? ORDER BY id LIMIT ${SCANNED_AT_ONCE}`;
    for (const [tenant, key] of reading(() => rows('SELECT id, key FROM tenants ORDER BY id', []))) {
      // The empty id is one, too.
      for (let after = '', beyond = '>=', full = true; full; ) {
        const page = reading(() => rows(text(beyond), [key as number, after]));
        yield* page.map((row) => stored(tenant as string, row));
        after = String(page.at(-1)?.[0]);
        beyond = '>';
        full = page.length === SCANNED_AT_ONCE;
      }
    }
  };

const createStore = (deps: Deps): ReadModelStore => {
  const { db, rows, models, submit } = deps;
  /** The old tables go only once nobody here asks them any more. */
  const switched = async (operation: ReadModelOperation): Promise<void> => {
    await submit(operation);
    models.forget();
    await submit(['tidy']);
  };
  return {
    prepare: (definition) => switched(['prepare', ref(definition), declaredBy(definition)]),
    open: (tenant, definition) => createModelReader({ db, rows, tenant, model: () => models.get(definition) }),
    load: loader(deps),
    checkpoint: async (definition) => {
      const number = reading(() => models.checkpoint(definition));
      return number === 0 ? undefined : toPosition(number);
    },
    commit: async (definition, changes, from: Position | undefined, to) => {
      const { fields } = models.get(definition).shape;
      await submit(['commit', ref(definition), fromPosition(from), fromPosition(to), changes.map(toRow(fields))]);
    },
    scan: scanner(deps),
    drop: (definition) => switched(['drop', ref(definition)]),
    versions: async (name) => reading(() => models.versions(name)),
    promote: (shadow, live, at) => switched(['promote', ref(shadow), ref(live), fromPosition(at)]),
  };
};

export const openReadModelStore = async ({ path, onFatal, synchronous = 'NORMAL' }: ReadModelStoreOptions): Promise<OpenReadModelStore> => {
  const writer: SqliteWriter = await startWriter({ module: new URL('writer-thread.ts', import.meta.url), workerData: { path, synchronous }, onFatal });
  const db = openReader(path);
  const readModels = createStore({ db, rows: createRows(db), models: createStoredModels(db), submit: (operation) => writer.submit(operation) });
  const close = async (): Promise<void> => {
    // The writer closes last, so that it can put the write-ahead log away.
    db.close();
    await writer.close();
  };
  return { readModels, close };
};

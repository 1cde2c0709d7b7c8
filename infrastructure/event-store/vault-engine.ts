/** Wrapped keys, inside the writer's transaction. */
import type { DatabaseSync, SQLOutputValue } from 'node:sqlite';
import type { KeyRecord } from '../../application/kernel/ports.ts';
import { reject } from '../../domain/kernel/rejection.ts';
import { storageTrouble } from '../runtime/sqlite-errors.ts';
import { BUSY_MS } from '../runtime/sqlite-open.ts';
import type { VaultOperation } from './operations.ts';

/** Milliseconds. */
const AGAIN_MS = 1_000;

const exists = (id: string): never => reject('kernel.key_exists', { id });

type Row = Record<string, SQLOutputValue> | undefined;

const isSame = (row: Row, record: KeyRecord): boolean =>
  row?.['id'] === record.id && row['tenant'] === record.tenant && (row['lookup'] ?? undefined) === record.lookup;

export class VaultEngine {
  readonly #byId;
  readonly #byLookup;
  readonly #insert;
  readonly #rewrap;
  readonly #blank;
  readonly #delete;
  readonly #db: DatabaseSync;
  #destroyed = false;
  /** Set while something is to be cut off that could not be yet. */
  #again: NodeJS.Timeout | undefined;

  constructor(db: DatabaseSync) {
    this.#db = db;
    this.#byId = db.prepare('SELECT id, tenant, lookup FROM keys WHERE id = ?');
    this.#byLookup = db.prepare('SELECT id, tenant, lookup FROM keys WHERE tenant = ? AND lookup = ?');
    this.#insert = db.prepare('INSERT INTO keys (id, tenant, kind, version, wrapped_by, wrapped, lookup) VALUES (?, ?, ?, ?, ?, ?, ?)');
    this.#rewrap = db.prepare('UPDATE keys SET wrapped_by = ?, wrapped = ? WHERE id = ? AND version = ? AND wrapped_by = ?');
    this.#blank = db.prepare('UPDATE keys SET wrapped = zeroblob(length(wrapped)) WHERE id = ?');
    this.#delete = db.prepare('DELETE FROM keys WHERE id = ?');
  }

  apply(operation: VaultOperation): boolean | undefined {
    if (operation[0] === 'keys.add') return this.#add(operation[1]);
    if (operation[0] === 'keys.destroy') return this.#destroy(operation[1]);
    const [, { id, version, wrappedBy, wrapped }, expected] = operation;
    return this.#rewrap.run(wrappedBy, wrapped, id, version, expected).changes === 1;
  }

  /** Keys that come with an append. The very same key again is no conflict: one person may be mentioned in two streams. */
  addNew(records: readonly KeyRecord[]): void {
    this.#add(records.filter((record) => !isSame(this.#holder(record), record)));
  }

  /**
   * A destroyed key must be gone from the write-ahead log too, before anyone is told: copied into the database file, where its
   * bytes have been overwritten, and cut off. Where somebody still reads what was there before (a backup), as soon as they have read it.
   */
  committed(): void {
    if (!this.#destroyed) return;
    this.#destroyed = false;
    const waitMs = this.#again === undefined ? BUSY_MS : 0;
    // Also where there is no space for it now, and nobody asks again.
    this.#later();
    if (this.#cutOff(waitMs)) this.#isOver();
  }

  /** What a process had not cut off yet when it ended. */
  resume(): void {
    if (!this.#isCutOffNow()) this.#later();
  }

  rolledBack(): void {
    this.#destroyed = false;
  }

  /** False while somebody reads what is in the log; `waitMs`: how long they are waited for. */
  #cutOff(waitMs: number): boolean {
    this.#db.exec(`PRAGMA busy_timeout=${waitMs}`);
    try {
      return this.#db.prepare('PRAGMA wal_checkpoint(TRUNCATE)').get()?.['busy'] === 0;
    } finally {
      this.#db.exec(`PRAGMA busy_timeout=${BUSY_MS}`);
    }
  }

  #isOver(): void {
    clearTimeout(this.#again);
    this.#again = undefined;
  }

  #later(): void {
    this.#again ??= setTimeout(() => {
      this.#again = undefined;
      if (this.#db.isOpen && !this.#isCutOffNow()) this.#later();
    }, AGAIN_MS).unref();
  }

  #isCutOffNow(): boolean {
    try {
      return this.#cutOff(0);
    } catch (error) {
      if (storageTrouble(error) === 'full') return false;
      throw error;
    }
  }

  #holder({ id, tenant, lookup }: KeyRecord): Row {
    return this.#byId.get(id) ?? (lookup === undefined ? undefined : this.#byLookup.get(tenant, lookup));
  }

  #add(records: readonly KeyRecord[]): undefined {
    for (const record of records) if (this.#holder(record) !== undefined) exists(record.id);
    const distinct = new Set(records.flatMap(({ id, tenant, lookup }) => (lookup === undefined ? [id] : [id, `${tenant} ${lookup}`])));
    const wanted = records.reduce((sum, { lookup }) => sum + (lookup === undefined ? 1 : 2), 0);
    if (distinct.size < wanted) exists(records[0]?.id ?? '');
    for (const { id, tenant, kind, version, wrappedBy, wrapped, lookup } of records) {
      this.#insert.run(id, tenant, kind, version, wrappedBy, wrapped, lookup ?? null);
    }
  }

  #destroy(id: string): undefined {
    // Overwritten where it stands, before its row's place is given back.
    this.#blank.run(id);
    this.#delete.run(id);
    this.#destroyed = true;
  }
}

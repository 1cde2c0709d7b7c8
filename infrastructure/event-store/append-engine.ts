/** Appends, inside the writer's transaction. Everything is judged before anything is written. */
import type { DatabaseSync } from 'node:sqlite';
import { createRecent } from '../../application/kernel/recent.ts';
import { streamParts, type StreamId } from '../../domain/kernel/ids.ts';
import { reject } from '../../domain/kernel/rejection.ts';
import { createInterned, type Interned } from './interning.ts';
import { type AppendedAt, type AppendOperation, EXPECT_ANY } from './operations.ts';
import { createSalts } from './salts.ts';
import { uuidBytes } from './uuid-bytes.ts';
import type { VaultEngine } from './vault-engine.ts';

const CACHED_STREAMS = 50_000;

const INSERT = `INSERT INTO events (position, stream, revision, type, tenant, time, id, salt, cause, data)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`;

const causeOf = (cause: AppendOperation[4], index: number): string => (typeof cause === 'string' ? cause : (cause[index] as string));

export class AppendEngine {
  readonly #streams: Interned;
  readonly #types: Interned;
  readonly #tenants: Interned;
  readonly #heads = createRecent<number, number>(CACHED_STREAMS);
  readonly #salt = createSalts();
  readonly #vault: VaultEngine;
  readonly #insert;
  readonly #byId;
  readonly #headOf;
  readonly #last;
  #position: number;

  constructor(db: DatabaseSync, vault: VaultEngine) {
    this.#vault = vault;
    this.#streams = createInterned(db, { table: 'streams', column: 'name', cached: CACHED_STREAMS });
    this.#types = createInterned(db, { table: 'types', column: 'name', cached: 10_000 });
    this.#tenants = createInterned(db, { table: 'tenants', column: 'id', cached: 10_000 });
    this.#insert = db.prepare(INSERT);
    this.#byId = db.prepare('SELECT stream, revision, position FROM events WHERE id = ?');
    this.#headOf = db.prepare('SELECT max(revision) AS head FROM events WHERE stream = ?');
    this.#last = db.prepare('SELECT coalesce(max(position), 0) AS position FROM events');
    this.#position = this.#lastPosition();
  }

  append([, stream, expected, time, cause, ids, chosen, types, data, keys]: AppendOperation): AppendedAt {
    const blobs = ids.map(uuidBytes);
    const known = this.#streams.known(stream);
    const before = chosen ? this.#appendedBefore(known, blobs) : undefined;
    if (before !== undefined) return before;
    const head = known === undefined ? -1 : this.#head(known);
    if (expected !== EXPECT_ANY && expected !== head) reject('kernel.wrong_revision', { expected, actual: head });
    if (keys !== undefined) this.#vault.addNew(keys);
    const key = known ?? this.#streams.key(stream);
    const tenant = this.#tenants.key(streamParts(stream as StreamId).tenant);
    const envelope = [tenant, time] as const;
    blobs.forEach((id, index) => {
      const type = this.#types.key(types[index] as string);
      this.#insert.run(this.#position + 1 + index, key, head + 1 + index, type, ...envelope, id, this.#salt(), causeOf(cause, index), data[index] as string);
    });
    return this.#landed(key, head + blobs.length, blobs.length);
  }

  rolledBack(): void {
    this.#streams.forget();
    this.#types.forget();
    this.#tenants.forget();
    this.#heads.clear();
    this.#position = this.#lastPosition();
  }

  #landed(stream: number, revision: number, count: number): AppendedAt {
    this.#position += count;
    this.#heads.set(stream, revision);
    return [revision, this.#position, revision];
  }

  #head(stream: number): number {
    const cached = this.#heads.get(stream);
    if (cached !== undefined) return cached;
    const head = this.#headOf.get(stream)?.['head'];
    return typeof head === 'number' ? head : -1;
  }

  #lastPosition(): number {
    return Number(this.#last.get()?.['position']);
  }

  /** Where these very events already are; undefined when none of them is anywhere. */
  #appendedBefore(stream: number | undefined, ids: readonly Buffer[]): AppendedAt | undefined {
    const found = ids.map((id) => this.#byId.get(id));
    const repeated = new Set(ids.map((id) => id.toString('hex'))).size < ids.length;
    if (!repeated && found.every((row) => row === undefined)) return undefined;
    const first = Number(found[0]?.['revision']);
    const same = found.every((row, index) => row !== undefined && row['stream'] === stream && row['revision'] === first + index);
    const last = found.at(-1);
    if (!same || last === undefined) return reject('kernel.event_id_conflict');
    return [Number(last['revision']), Number(last['position']), this.#head(stream as number)];
  }
}

/** The reference for appends: the same rows into the same table by hand, one thread, one transaction for each batch. */
import { randomBytes, randomUUIDv7 } from 'node:crypto';
import { migrate } from '../../infrastructure/runtime/sqlite-migrations.ts';
import { openWriter } from '../../infrastructure/runtime/sqlite-open.ts';
import { EVENT_MIGRATIONS } from '../../infrastructure/event-store/schema.ts';
import { uuidBytes } from '../../infrastructure/event-store/uuid-bytes.ts';

export interface RawEvents {
  /** Appends one batch, one event to each of `size` streams, durable when it returns. */
  batch(size: number): void;
  close(): void;
}

export type RawRow = Readonly<{ cause: string; data: string }>;

const CHECKPOINT_FRAMES = 4_000;

/** Nothing is checked, validated or encoded: the rows are ready. */
export const openRawEvents = (path: string, { cause, data }: RawRow): RawEvents => {
  const db = openWriter(path, { synchronous: 'FULL', secureDelete: true });
  migrate(db, EVENT_MIGRATIONS);
  db.exec("INSERT INTO tenants (key, id) VALUES (1, 'tenant'); INSERT INTO types (key, name) VALUES (1, 'type')");
  const stream = db.prepare('INSERT OR IGNORE INTO streams (key, name) VALUES (?, ?)');
  const insert = db.prepare('INSERT INTO events (position, stream, revision, type, tenant, time, id, salt, cause, data) VALUES (?, ?, ?, 1, 1, ?, ?, ?, ?, ?)');
  const begin = db.prepare('BEGIN IMMEDIATE');
  const commit = db.prepare('COMMIT');
  const log = db.prepare('PRAGMA wal_checkpoint(NOOP)');
  const salt = randomBytes(16);
  let position = 0;
  let revision = 0;
  let streams = 0;

  const checkpoint = (): void => {
    const { log: frames, checkpointed } = log.get() as { log: number; checkpointed: number };
    if (frames >= CHECKPOINT_FRAMES && checkpointed < frames) db.exec('PRAGMA wal_checkpoint(PASSIVE)');
  };

  return {
    batch: (size) => {
      begin.run();
      for (; streams < size; streams += 1) stream.run(streams + 1, `stream-${streams + 1}`);
      for (let number = 1; number <= size; number += 1) {
        position += 1;
        insert.run(position, number, revision, 1_767_225_600_000, uuidBytes(randomUUIDv7()), salt, cause, data);
      }
      commit.run();
      revision += 1;
      checkpoint();
    },
    close: () => db.close(),
  };
};

/** The log of a data directory as it is stored: read row by row, and filled in whole pages, each of them one commit. */
import type { DatabaseSync, SQLOutputValue } from 'node:sqlite';
import type { StreamId } from '../../domain/kernel/ids.ts';
import { reject } from '../../domain/kernel/rejection.ts';
import { createInterned } from '../event-store/interning.ts';
import { uuidBytes, uuidText } from '../event-store/uuid-bytes.ts';
import { fromPosition, toPosition } from '../runtime/positions.ts';
import type { MovedEvent, MovingLog } from './moved-event.ts';

const SELECT = `SELECT position, streams.name AS stream, revision, types.name AS type, tenants.id AS tenant, time, events.id AS id, salt, cause, data
  FROM events JOIN streams ON streams.key = events.stream JOIN types ON types.key = events.type JOIN tenants ON tenants.key = events.tenant
  WHERE position > ? ORDER BY position LIMIT ?`;

const INSERT = 'INSERT INTO events (position, stream, revision, type, tenant, time, id, salt, cause, data) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)';

const CACHED = 50_000;

const eventOf = (row: Record<string, SQLOutputValue>): MovedEvent => ({
  id: uuidText(row['id'] as Uint8Array),
  stream: String(row['stream']) as StreamId,
  revision: Number(row['revision']),
  position: toPosition(Number(row['position'])),
  type: String(row['type']),
  data: String(row['data']),
  tenant: String(row['tenant']),
  time: Number(row['time']),
  cause: String(row['cause']),
  salt: Buffer.from(row['salt'] as Uint8Array).toString('base64'),
});

const createInsert = (db: DatabaseSync) => {
  const [streams, types, tenants] = [
    createInterned(db, { table: 'streams', column: 'name', cached: CACHED }),
    createInterned(db, { table: 'types', column: 'name', cached: CACHED }),
    createInterned(db, { table: 'tenants', column: 'id', cached: CACHED }),
  ];
  const insert = db.prepare(INSERT);
  const headOf = db.prepare('SELECT max(revision) AS head FROM events WHERE stream = ?');
  const one = (position: number, { id, stream, revision, type, data, tenant, time, cause, salt }: MovedEvent): void => {
    const key = streams.key(stream);
    const head = headOf.get(key)?.['head'] ?? -1;
    if (Number(head) >= revision) reject('kernel.wrong_revision', { expected: revision - 1, actual: Number(head) });
    insert.run(position, key, revision, types.key(type), tenants.key(tenant), time, uuidBytes(id), Buffer.from(salt, 'base64'), cause, data);
  };
  const forget = (): void => {
    for (const names of [streams, types, tenants]) names.forget();
  };
  return { one, forget };
};

/** `db`: migrated, and nobody else writes it. */
export const createEmbeddedLog = (db: DatabaseSync): MovingLog => {
  const page = db.prepare(SELECT);
  const last = db.prepare('SELECT coalesce(max(position), 0) AS position FROM events');
  const insert = createInsert(db);
  return {
    read: async (after, count) => {
      const events = page.all(fromPosition(after), count).map(eventOf);
      return { events, upTo: events.at(-1)?.position };
    },
    append: async (events) => {
      db.exec('BEGIN IMMEDIATE');
      try {
        const head = Number(last.get()?.['position']);
        events.forEach((event, index) => insert.one(head + 1 + index, event));
        db.exec('COMMIT');
      } catch (error) {
        insert.forget();
        if (db.isTransaction) db.exec('ROLLBACK');
        throw error;
      }
    },
  };
};

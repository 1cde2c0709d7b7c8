/** From a row to an event as it is read back. */
import type { DatabaseSync, SQLOutputValue, StatementSync } from 'node:sqlite';
import type { EventCodec } from '../../application/kernel/event-codec.ts';
import type { Cause, Recorded } from '../../application/kernel/ports.ts';
import { createRecent } from '../../application/kernel/recent.ts';
import type { StreamId, TenantId } from '../../domain/kernel/ids.ts';
import { toPosition } from '../runtime/positions.ts';
import { uuidText } from './uuid-bytes.ts';

export const EVENT_COLUMNS = 'position, events.stream, revision, events.type, events.tenant, time, events.id, cause, data';

type Names = (key: number) => string;

/** Stored names by number; they never change, so that those of events read lately are kept. */
const createNames = (statement: StatementSync, kept: number): Names => {
  const cache = createRecent<number, string>(kept);
  return (key) => {
    const hit = cache.get(key);
    if (hit !== undefined) return hit;
    const name = String(statement.get(key)?.['name']);
    cache.set(key, name);
    return name;
  };
};

export type Decode = (row: SQLOutputValue[]) => Recorded;

/** Decodes rows of `EVENT_COLUMNS`, read as arrays. */
export const createDecoder = (db: DatabaseSync, codec: EventCodec): Decode => {
  const streams = createNames(db.prepare('SELECT name FROM streams WHERE key = ?'), 50_000);
  const types = createNames(db.prepare('SELECT name FROM types WHERE key = ?'), 10_000);
  const tenants = createNames(db.prepare('SELECT id AS name FROM tenants WHERE key = ?'), 10_000);
  return ([position, stream, revision, type, tenant, time, id, cause, data]) => ({
    ...codec.decode({ type: types(type as number), data: data as string }),
    id: uuidText(id as Uint8Array),
    stream: streams(stream as number) as StreamId,
    tenant: tenants(tenant as number) as TenantId,
    revision: revision as number,
    position: toPosition(position as number),
    time: new Date(time as number).toISOString(),
    cause: JSON.parse(cause as string) as Cause,
  });
};

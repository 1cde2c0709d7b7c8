/** From a row to an event as it is read back. */
import type { DatabaseSync, SQLOutputValue, StatementSync } from 'node:sqlite';
import type { EventCodec, StoredMessage } from '../../application/kernel/event-codec.ts';
import type { Cause, Recorded } from '../../application/kernel/ports.ts';
import { createRecent } from '../../application/kernel/recent.ts';
import { type StreamId, streamParts, type TenantId } from '../../domain/kernel/ids.ts';
import { toPosition } from '../runtime/positions.ts';
import { uuidText } from './uuid-bytes.ts';

/** A stream's name is looked up where its row is read: most streams are met once, so that there is nothing to keep. */
export const EVENT_COLUMNS =
  'position, (SELECT name FROM streams WHERE key = events.stream), revision, events.type, events.tenant, time, events.id, cause, data';

type Names = (key: number) => string;

/** Stored names by number; they never change, so that those of events read lately are kept. */
const createNames = (statement: StatementSync, kept: number): Names => {
  const cache = createRecent<number, string>(kept);
  // Events of one tenant, or of one type, often follow one another.
  let last = { key: -1, name: '' };
  return (key) => {
    if (key === last.key) return last.name;
    const name = cache.get(key) ?? String(statement.get(key)?.['name']);
    cache.set(key, name);
    last = { key, name };
    return name;
  };
};

/** An append that was stored: the position and revision are those of its last event. */
export type Stored = Readonly<{ stream: StreamId; time: number; ids: readonly string[]; causes: readonly Cause[]; events: readonly StoredMessage[]; revision: number; position: number }>;

/** Its events as they would be read back. */
export const recordedAs = (codec: EventCodec, { stream, time, ids, causes, events, revision, position }: Stored): readonly Recorded[] => {
  const { tenant } = streamParts(stream);
  const [at, first] = [new Date(time).toISOString(), 1 - events.length];
  return events.map((event, index) => ({
    ...codec.decode(event),
    id: ids[index] as string,
    stream,
    tenant,
    revision: revision + first + index,
    position: toPosition(position + first + index),
    time: at,
    cause: causes[index] as Cause,
  }));
};

export type Decode = (row: SQLOutputValue[]) => Recorded;

/** Decodes rows of `EVENT_COLUMNS`, read as arrays. */
export const createDecoder = (db: DatabaseSync, codec: EventCodec): Decode => {
  const types = createNames(db.prepare('SELECT name FROM types WHERE key = ?'), 10_000);
  const tenants = createNames(db.prepare('SELECT id AS name FROM tenants WHERE key = ?'), 10_000);
  return ([position, stream, revision, type, tenant, time, id, cause, data]) => ({
    ...codec.decode({ type: types(type as number), data: data as string }),
    id: uuidText(id as Uint8Array),
    stream: stream as StreamId,
    tenant: tenants(tenant as number) as TenantId,
    revision: revision as number,
    position: toPosition(position as number),
    time: new Date(time as number).toISOString(),
    cause: JSON.parse(cause as string) as Cause,
  });
};

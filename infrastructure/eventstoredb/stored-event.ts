/**
 * Events as they stand in EventStoreDB: the stored type, the JSON that the codec wrote as data, and as metadata what the embedded store keeps in
 * columns beside it. Either store can be filled from the other without loss.
 */
import type { AllStreamResolvedEvent, ResolvedEvent } from '@eventstore/db-client';
import type { EventCodec } from '../../application/kernel/event-codec.ts';
import type { Cause, Recorded } from '../../application/kernel/ports.ts';
import { type Position, type StreamId, streamParts } from '../../domain/kernel/ids.ts';
import { createSalts } from '../event-store/salts.ts';
import { UnreadableError } from './failures.ts';
import { toPosition } from './places.ts';

/** Metadata, as JSON. */
export type StoredEnvelope = Readonly<{
  /** Milliseconds since 1970 UTC, by our own clock; the server keeps its own beside it. */
  time: number;
  tenant: string;
  cause: Cause;
  /** 16 random bytes, in base64: what the event's leaf of the transparency log is salted with. */
  salt: string;
}>;

/** An event as it is stored, under its stored type; all of it that another store must keep too. */
export type StoredEvent = Readonly<{
  id: string;
  stream: StreamId;
  revision: number;
  position: Position;
  type: string;
  /** What was parsed out of the JSON; written as JSON again it is the same text, byte for byte. */
  data: object;
  envelope: StoredEnvelope;
}>;

const nextSalt = createSalts();

export const newSalt = (): string => Buffer.from(nextSalt()).toString('base64');

export const newEnvelope = (stream: StreamId, time: number, cause: Cause): StoredEnvelope => ({ time, tenant: streamParts(stream).tenant, cause, salt: newSalt() });

const UUID = /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/;
/** 16 bytes in base64. */
const SALT = /^[\w+/]{22}==$/;
const LATEST_TIME = 8_640_000_000_000_000;

const isTime = (time: unknown): boolean => typeof time === 'number' && Number.isInteger(time) && Math.abs(time) <= LATEST_TIME;

/** A string's members are undefined all the same. */
const isCause = (cause: unknown): boolean => {
  const { actor, correlation } = (cause ?? {}) as { actor?: unknown; correlation?: unknown };
  return typeof actor === 'object' && actor !== null && typeof correlation === 'string';
};

/** All of it is looked at: others write into a log that is shared, and what of theirs was taken for ours would stop everybody who follows it. */
const isEnvelope = (metadata: unknown, stream: StreamId): metadata is StoredEnvelope => {
  const { time, tenant, cause, salt } = (metadata ?? {}) as Readonly<Record<keyof StoredEnvelope, unknown>>;
  return isTime(time) && isCause(cause) && typeof salt === 'string' && SALT.test(salt) && UUID.test(String(tenant)) && tenant === streamParts(stream).tenant;
};

export type Resolved = ResolvedEvent | AllStreamResolvedEvent;

/** A type that we store: `<context>.<Type>.v<version>`. */
const OUR_TYPE = /^[a-z][\w-]*\.[A-Z]\w*\.v\d+$/;

/** What looks like ours and cannot be read is not passed over: whoever follows the log would miss it and never know. */
const passOver = ({ id, streamId, type }: Readonly<{ id: string; streamId: string; type: string }>): undefined => {
  if (OUR_TYPE.test(type) && UUID.test(streamParts(streamId as StreamId).tenant)) throw new UnreadableError(`event ${id} (${type}) of ${streamId} cannot be read: it is not as we write events`);
  return undefined;
};

/** Undefined for what is not one of ours: the server's own events (`$…`), links, and what others have written into the same log. Throws an `UnreadableError` on one of ours that is damaged. */
export const storedEvent = ({ event }: Resolved): StoredEvent | undefined => {
  if (event === undefined || event.type.startsWith('$') || event.streamId.startsWith('$')) return undefined;
  if (!event.isJson) return passOver(event);
  const { id, streamId, revision, type, data, metadata, position } = event;
  const stream = streamId as StreamId;
  if (!isEnvelope(metadata, stream) || typeof data !== 'object' || position === undefined) return passOver(event);
  return { id, stream, revision: Number(revision), position: toPosition(position), type, data, envelope: metadata };
};

/** As it is read back, upcast. The members stand in the order in which the embedded store has them. */
export const recordedEvent = (codec: EventCodec, { id, stream, revision, position, type, data, envelope: { time, cause } }: StoredEvent): Recorded => ({
  ...codec.upcast(type, data),
  id,
  stream,
  tenant: streamParts(stream).tenant,
  revision,
  position,
  time: new Date(time).toISOString(),
  cause,
});

/** The ports of the application: what it needs from outside, each with a contract suite that every adapter passes. */
import type { Message } from '../../domain/kernel/decider.ts';
import type { Position, StreamId, SubjectId, TenantId } from '../../domain/kernel/ids.ts';

/** On whose behalf something happens; `id` is a random identifier, never personal data. */
export type Actor = Readonly<{
  kind: 'operator' | 'person' | 'credential' | 'system' | 'anonymous';
  id: string;
}>;

/** Why an event exists. Stored in its envelope. */
export type Cause = Readonly<{
  actor: Actor;
  /** The request (or run) that led here; the request id of HTTP requests. */
  correlation: string;
  /** The event that a reaction answers. */
  causation?: string;
}>;

/** What the store adds to an event. `time` is UTC in ISO 8601 with milliseconds. */
export type Envelope = Readonly<{
  id: string;
  stream: StreamId;
  tenant: TenantId;
  revision: number;
  position: Position;
  time: string;
  cause: Cause;
}>;

/** An event as it is read back: decoded, and upcast to the newest version of its type. */
export type Recorded<Event extends Message = Message> = Event extends Message ? Event & Envelope : never;

/** `'none'`: the stream must not exist. A number: the revision of its last event, from 0. */
export type ExpectedRevision = 'none' | 'any' | number;

export type Appended = Readonly<{ revision: number; position: Position }>;

/** A key at rest, wrapped by the key above it (WIRE: master → tenant → subject and data keys). */
export type KeyRecord = Readonly<{
  id: string;
  tenant: TenantId;
  kind: 'installation' | 'tenant' | 'subject';
  version: number;
  /** The wrapping key's version: 1, 2, … of the tenant key for subjects, of the master key for the others. */
  wrappedBy: number;
  wrapped: Uint8Array;
  /** Blind index by which a subject is found without its name being stored; unique per tenant. */
  lookup?: string;
}>;

export type AppendOptions = Readonly<{
  /** Event ids chosen by the caller (UUIDs, one per event): appending the same ids again is the same append. */
  ids?: readonly string[];
  /** Keys that the events need to be readable: stored in the same commit. */
  keys?: readonly KeyRecord[];
  /** One for each event, where commands of different causes are appended together. */
  causes?: readonly Cause[];
}>;

/**
 * One stream at a time. `append` rejects with `kernel.wrong_revision` (details: expected, actual) when the stream has
 * moved on, and with `storage.unavailable` when nothing can be stored now. What it resolved is durable.
 */
export interface EventStore {
  read<Event extends Message>(stream: StreamId, from?: number): AsyncIterable<Recorded<Event>>;
  /** The revision of the stream's last event at this moment, -1 when it has none; at once where the store knows it. Never throws, but rejects. */
  head(stream: StreamId): number | Promise<number>;
  append(
    stream: StreamId,
    expected: ExpectedRevision,
    events: readonly Message[],
    how: Cause & AppendOptions,
  ): Promise<Appended>;
}

/** `scannedTo` moves past events that the feed's filter left out; undefined only while the log is empty. */
export type FeedPage = Readonly<{ events: readonly Recorded[]; scannedTo: Position | undefined }>;

/** The whole log, pulled, in order. */
export interface EventFeed {
  /** At most `limit` events after a position. With nothing to give it waits for the log to move, or for `signal`. */
  pull(after: Position | undefined, limit: number, signal: AbortSignal): Promise<FeedPage>;
}

/** What a feed lets pass: events of these types (names in code), of this tenant; all of them without. */
export type FeedFilter = Readonly<{ types?: readonly string[]; tenant?: TenantId }>;

export interface EventLog {
  feed(filter?: FeedFilter): EventFeed;
  head(): Promise<Position | undefined>;
  /**
   * The position before one at which the log holds something: whoever asks for what comes after it gets that first. `at` undefined: it is the first.
   * Undefined for a position that is no place of this log, which nothing can be asked after.
   */
  before(position: Position): Promise<Readonly<{ at: Position | undefined }> | undefined>;
}

/** Keys at rest. Deleting one is final: pages are overwritten. */
export interface KeyVault {
  get(id: string): Promise<KeyRecord | undefined>;
  /** By blind index, in one tenant or, without it, in all. */
  find(lookup: string, tenant?: TenantId): Promise<readonly KeyRecord[]>;
  /** All at once: not of people, of whom there may be any number. */
  list(kind: KeyRecord['kind'], tenant?: TenantId): Promise<readonly KeyRecord[]>;
  /** Those of a tenant in pieces, of which some may be empty, in the order of their ids: others get their turn in between. */
  pieces(kind: KeyRecord['kind'], tenant: TenantId): AsyncIterable<readonly KeyRecord[]>;
  /** Stores new keys; one that exists (by id, or by tenant and lookup) rejects all with `kernel.key_exists`. */
  add(records: readonly KeyRecord[]): Promise<void>;
  /** Replaces the wrapping of a key that is still wrapped by `expectedWrappedBy` at `expectedVersion`; false otherwise. */
  rewrap(record: KeyRecord, expectedWrappedBy: number): Promise<boolean>;
  destroy(id: string): Promise<void>;
}

export interface Clock {
  /** Milliseconds since 1970 UTC. */
  now(): number;
}

export interface Ids {
  /** A UUIDv7. */
  next(): string;
}

/** Structured logs. Fields pass a redaction list; never hand it a body, a header or a secret. */
export interface Logger {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

export type { SubjectId };

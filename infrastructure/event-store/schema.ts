/** The event database. Names that repeat (streams, tenants, event types) are stored once and referred to by number. */
import type { Migrations } from '../runtime/sqlite-migrations.ts';

/**
 * `events.position` is gapless from 1. `time` is milliseconds since 1970 UTC and decides nothing: the order is the position. `salt` goes
 * into the event's leaf of the transparency log, which commits to SHA-256(salt || payload). `keys` are wrapped keys of the vault.
 * The view `log` is the same for people and for programs that are not ours.
 */
export const EVENT_MIGRATIONS: Migrations = [
  `CREATE TABLE tenants (key INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE) STRICT;
   CREATE TABLE types (key INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;
   CREATE TABLE streams (key INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;
   CREATE TABLE events (
     position INTEGER PRIMARY KEY,
     stream INTEGER NOT NULL REFERENCES streams,
     revision INTEGER NOT NULL,
     type INTEGER NOT NULL REFERENCES types,
     tenant INTEGER NOT NULL REFERENCES tenants,
     time INTEGER NOT NULL,
     id BLOB NOT NULL UNIQUE CHECK (length(id) = 16),
     salt BLOB NOT NULL CHECK (length(salt) = 16),
     cause TEXT NOT NULL,
     data TEXT NOT NULL,
     UNIQUE (stream, revision)
   ) STRICT;
   CREATE TABLE keys (
     id TEXT PRIMARY KEY,
     tenant TEXT NOT NULL,
     kind TEXT NOT NULL,
     version INTEGER NOT NULL,
     wrapped_by INTEGER NOT NULL,
     wrapped BLOB NOT NULL,
     lookup TEXT,
     UNIQUE (tenant, lookup)
   ) STRICT;
   CREATE INDEX keys_by_lookup ON keys (lookup) WHERE lookup IS NOT NULL;
   CREATE VIEW log AS
     SELECT position, streams.name AS stream, revision, types.name AS type, tenants.id AS tenant, time, lower(hex(events.id)) AS id, cause, data
     FROM events JOIN streams ON streams.key = events.stream JOIN types ON types.key = events.type JOIN tenants ON tenants.key = events.tenant`,
  // The position is the row's own number and so the end of every index: a tenant's events stand in it in their order.
  'CREATE INDEX events_by_tenant ON events (tenant)',
];

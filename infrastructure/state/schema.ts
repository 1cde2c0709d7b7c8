/** The state database: what is mutable, small and no fact; and the messages of the in-process bus. */
import { LOG_SEEN } from '../runtime/log-tie.ts';
import type { Migrations } from '../runtime/sqlite-migrations.ts';

/** Times are milliseconds since 1970 UTC. `messages.number` is never used twice, also after older messages were removed. */
export const STATE_MIGRATIONS: Migrations = [
  `CREATE TABLE entries (scope TEXT NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL, expires_at INTEGER, PRIMARY KEY (scope, key)) STRICT, WITHOUT ROWID;
   CREATE INDEX entries_by_expiry ON entries (expires_at) WHERE expires_at IS NOT NULL;
   CREATE TABLE windows (scope TEXT NOT NULL, key TEXT NOT NULL, count INTEGER NOT NULL, reset_at INTEGER NOT NULL, PRIMARY KEY (scope, key)) STRICT, WITHOUT ROWID;
   CREATE INDEX windows_by_end ON windows (reset_at);
   CREATE TABLE totals (scope TEXT NOT NULL, key TEXT NOT NULL, count INTEGER NOT NULL, last_at INTEGER NOT NULL, PRIMARY KEY (scope, key)) STRICT, WITHOUT ROWID;
   CREATE TABLE messages (number INTEGER PRIMARY KEY AUTOINCREMENT, topic TEXT NOT NULL, key TEXT NOT NULL, id TEXT NOT NULL, body TEXT NOT NULL) STRICT;
   CREATE INDEX messages_by_topic ON messages (topic, number)`,
  LOG_SEEN,
];

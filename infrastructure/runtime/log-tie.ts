/**
 * What is derived from a log belongs to that log alone: the read models and the operational state remember which log they have seen, and up to
 * where. At a start after files were lost, put back or exchanged they are compared, before anything is served from them.
 */
import { existsSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { Logger } from '../../application/kernel/ports.ts';
import { ConfigError } from './config-values.ts';
import { DATABASES } from './databases.ts';
import { toPosition } from './positions.ts';
import { isDamaged } from './sqlite-errors.ts';

/** The log as it stood: the ids (hex) of its first event and of the one at `position`. */
export type LogPlace = Readonly<{ first: string; position: number; id: string }>;
type Log = LogPlace & Readonly<{ idAt: (position: number) => string | undefined }>;
/** What a derived database says: the log that it has seen, and the last position that it includes. */
type Derived = Readonly<{ seen: LogPlace | undefined; reached: number }>;
/** `behind`: the same log at an earlier time; `another`: not the log that was seen. */
type Relation = 'same' | 'behind' | 'another';

/** A migration of the databases that are derived from the log. */
export const LOG_SEEN = 'CREATE TABLE log_seen (one INTEGER PRIMARY KEY CHECK (one = 1), first TEXT NOT NULL, position INTEGER NOT NULL, id TEXT NOT NULL) STRICT';

const REACHED = {
  readModels: { table: 'models', query: 'SELECT coalesce(max(checkpoint), 0) AS n FROM models' },
  state: {
    table: 'entries',
    query: `SELECT coalesce(max(CAST(CASE scope WHEN 'checkpoint:follower' THEN value ELSE json_extract(value, '$.place') END AS INTEGER)), 0) AS n
      FROM entries WHERE scope IN ('checkpoint:follower', 'checkpoint:webhook-lanes')`,
  },
} as const;
type DerivedName = keyof typeof REACHED;
const DERIVED: readonly DerivedName[] = ['readModels', 'state'];

const asking = <T>(path: string, readOnly: boolean, ask: (db: DatabaseSync) => T): T => {
  const db = new DatabaseSync(path, { readOnly, timeout: 5_000 });
  try {
    return ask(db);
  } finally {
    db.close();
  }
};

const has = (db: DatabaseSync, table: string): boolean => db.prepare("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?").get(table) !== undefined;

const place = (db: DatabaseSync): LogPlace | undefined => {
  if (!has(db, 'events')) return undefined;
  const idAt = db.prepare('SELECT lower(hex(id)) AS id FROM events WHERE position = ?');
  const position = Number(db.prepare('SELECT coalesce(max(position), 0) AS n FROM events').get()?.['n']);
  return position === 0 ? undefined : { first: String(idAt.get(1)?.['id']), position, id: String(idAt.get(position)?.['id']) };
};

const derived = (db: DatabaseSync, name: DerivedName): Derived => {
  const { table, query } = REACHED[name];
  const row = has(db, 'log_seen') ? db.prepare('SELECT first, position, id FROM log_seen').get() : undefined;
  const seen = row && { first: String(row['first']), position: Number(row['position']), id: String(row['id']) };
  return { seen, reached: has(db, table) ? Number(db.prepare(query).get()?.['n']) : 0 };
};

const relation = (log: Log, { seen, reached }: Derived): Relation => {
  if (seen !== undefined && seen.first !== log.first) return 'another';
  if (Math.max(seen?.position ?? 0, reached) > log.position) return 'behind';
  return seen === undefined || log.idAt(seen.position) === seen.id ? 'same' : 'another';
};

const damaged = (path: string, what: string): ConfigError => new ConfigError(`${path} is damaged: ${what}`);

/** Undefined when there is no event. */
const logIn = (path: string): Log | undefined => {
  if (!existsSync(path)) return undefined;
  const idAt = (position: number): string | undefined =>
    asking(path, true, (db) => db.prepare('SELECT lower(hex(id)) AS id FROM events WHERE position = ?').get(position)?.['id'] as string | undefined);
  const found = asking(path, true, place);
  return found && { ...found, idAt };
};

const removeModels = (path: string): void => {
  for (const suffix of ['', '-wal', '-shm']) rmSync(`${path}${suffix}`, { force: true });
};

/** Kept for whoever wants to know what happened; the next one that is damaged takes its place. */
const setAside = (path: string): void => {
  for (const suffix of ['-wal', '-shm']) rmSync(`${path}${suffix}`, { force: true });
  renameSync(path, `${path}.damaged`);
};

/** What has read further than `limit`, or (`all`) another log, goes on there. What a webhook's endpoint has not begun with begins there, too. */
const TO_THE_HEAD = [
  "UPDATE entries SET value = :limit WHERE scope = 'checkpoint:follower' AND (:all OR value > :limit)",
  "UPDATE entries SET value = json_set(value, '$.place', :limit) WHERE scope = 'checkpoint:webhook-lanes' AND (:all OR json_extract(value, '$.place') > :limit)",
  "UPDATE entries SET value = json_set(value, '$.upTo', :limit) WHERE scope = 'checkpoint:webhook-lanes' AND json_extract(value, '$.upTo') > :limit",
] as const;

/** Answers kept for repeated requests speak of what this log does not know; effects outside are never repeated because of a file that was put back. */
const fitState = (path: string, how: Relation, head: number): void =>
  asking(path, false, (db) => {
    const limit = toPosition(head);
    db.exec("BEGIN IMMEDIATE; DELETE FROM entries WHERE scope NOT LIKE 'checkpoint:%' AND scope <> 'jobs'");
    if (how === 'another') db.exec("DELETE FROM entries WHERE scope = 'checkpoint:mail-queue'; DELETE FROM messages");
    for (const statement of TO_THE_HEAD) db.prepare(statement).run({ limit, ...(statement.includes(':all') && { all: how === 'another' ? 1 : 0 }) });
    if (has(db, 'log_seen')) db.exec('DELETE FROM log_seen');
    db.exec('COMMIT');
  });

type Known = Readonly<{ name: DerivedName; path: string; derived: Derived }>;

const derivedIn = (dataDir: string, name: DerivedName, onDamaged: (path: string) => void): readonly Known[] => {
  const path = join(dataDir, DATABASES[name]);
  if (!existsSync(path)) return [];
  try {
    return [{ name, path, derived: asking(path, true, (db) => derived(db, name)) }];
  } catch (error) {
    if (!isDamaged(error)) throw error;
    onDamaged(path);
    return [];
  }
};

const refuseWithoutLog = (path: string, known: readonly Known[]): void => {
  const left = known.find(({ derived: { seen, reached } }) => seen !== undefined || reached > 0);
  if (left === undefined) return;
  throw new ConfigError(
    `${path} is missing or holds no event, and ${left.path} beside it comes from one that does: put events.db back (with events.db-wal), or restore a backup into a new DATA_DIR`,
  );
};

const logOrFault = (path: string): Log | undefined => {
  try {
    return logIn(path);
  } catch (error) {
    throw isDamaged(error) ? damaged(path, 'restore a backup into a new DATA_DIR') : error;
  }
};

const known = (dataDir: string, logger: Pick<Logger, 'warn'> | undefined): readonly Known[] => [
  ...derivedIn(dataDir, 'readModels', (path) => {
    if (logger === undefined) throw damaged(path, 'the next start fills it again from the log');
    setAside(path);
    logger.warn({ file: path }, 'the read models are damaged: set aside, and filled again from the log');
  }),
  ...derivedIn(dataDir, 'state', (path) => {
    throw damaged(path, 'move it away to begin with empty operational state (mail waiting in it is lost), or restore a backup into a new DATA_DIR');
  }),
];

const SAID: Readonly<Record<Exclude<Relation, 'same'>, string>> = { behind: 'is ahead of the log', another: 'comes from another log' };

/** Looks and changes nothing: what does not fit together in a data directory, a sentence each. Throws a `ConfigError` on what stops a start. */
export const unfitting = (dataDir: string): readonly string[] => {
  const log = logOrFault(join(dataDir, DATABASES.events));
  const found = known(dataDir, undefined);
  if (log === undefined) refuseWithoutLog(join(dataDir, DATABASES.events), found);
  return log === undefined ? [] : found.flatMap(({ path, derived: that }) => {
    const how = relation(log, that);
    return how === 'same' ? [] : [`${path} ${SAID[how]}`];
  });
};

/**
 * Before the engines are opened. Read models of another log, or ahead of this one, are removed and filled again; operational state is fitted to the
 * log. Throws a `ConfigError` when the log is gone and what was derived from it is not, or when a file is damaged.
 */
export const fitToLog = (dataDir: string, logger: Pick<Logger, 'warn'>): void => {
  const path = join(dataDir, DATABASES.events);
  const log = logOrFault(path);
  const found = known(dataDir, logger);
  if (log === undefined) return refuseWithoutLog(path, found);
  for (const { name, path: file, derived: that } of found) {
    const how = relation(log, that);
    if (how === 'same') continue;
    logger.warn({ file, position: log.position }, `${name} ${SAID[how]}: ${name === 'readModels' ? 'removed, and filled again' : 'fitted to it; answers kept for repeated requests are gone'}`);
    if (name === 'readModels') removeModels(file);
    else fitState(file, how, log.position);
  }
};

/** Notes in what is derived from the log which log that is, and where it stands. The databases have been opened before, by this release. */
export const rememberLog = (dataDir: string): void => {
  const log = logIn(join(dataDir, DATABASES.events));
  if (log === undefined) return;
  for (const name of DERIVED) {
    asking(join(dataDir, DATABASES[name]), false, (db) =>
      db.prepare('INSERT OR REPLACE INTO log_seen (one, first, position, id) VALUES (1, ?, ?, ?)').run(log.first, log.position, log.id));
  }
};

/** Opens one end of a move by what the caller calls it. */
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { EventCodec } from '../../application/kernel/event-codec.ts';
import type { Clock, KeyVault, Logger } from '../../application/kernel/ports.ts';
import type { StateStore } from '../../application/kernel/state.ts';
import { createKeyVault } from '../event-store/key-vault.ts';
import type { VaultOperation } from '../event-store/operations.ts';
import { EVENT_MIGRATIONS } from '../event-store/schema.ts';
import { VaultEngine } from '../event-store/vault-engine.ts';
import { openEventStoreDb } from '../eventstoredb/event-store-db.ts';
import { openMongo, type Mongo } from '../mongodb/connection.ts';
import { openMongoVault } from '../mongodb/key-vault.ts';
import { createMovingTie } from '../mongodb/log-tie.ts';
import { openMongoState } from '../mongodb/state-store.ts';
import { ConfigError, hostsOf } from '../runtime/config-values.ts';
import { lockDataDirectory } from '../runtime/data-directory.ts';
import { DATABASES } from '../runtime/databases.ts';
import { type Closings, closeAll } from '../runtime/embedded.ts';
import { systemIds } from '../runtime/ids.ts';
import { clearMoving, isBeingMoved, markMoving } from '../runtime/moving-marker.ts';
import { keepDatabasesPrivate } from '../runtime/private-files.ts';
import { isStateInMongo, markState } from '../runtime/state-place.ts';
import { migrate, schemaVersion } from '../runtime/sqlite-migrations.ts';
import { openWriter } from '../runtime/sqlite-open.ts';
import { openStateStore } from '../state/state-store.ts';
import { createEmbeddedLog } from './embedded-log.ts';
import { createEventStoreDbLog } from './event-store-db-log.ts';
import type { MovingLog } from './moved-event.ts';
import type { Marker, Side } from './side.ts';

/** `engine`: `embedded:<DATA_DIR>` or a connection string of EventStoreDB. `mongo`: a connection string of MongoDB. */
export type SideNamed = Readonly<{ engine: string; mongo: string | undefined; isSource: boolean }>;
export type OpeningTools = Readonly<{ codec: EventCodec; clock: Clock; logger: Logger; onFatal: (error: Error) => void }>;

type Ground = Readonly<OpeningTools & { closings: Closings }>;
type Logged = Readonly<{ log: MovingLog; vault: KeyVault; name: string }>;
type Kept = Readonly<{ state: StateStore; isUsed: () => Promise<boolean> }>;

const EMBEDDED = 'embedded:';

const directoryOf = (engine: string): string | undefined => (engine.startsWith(EMBEDDED) ? resolve(engine.slice(EMBEDDED.length)) : undefined);

/** What is asked of the vault is done at once, on the one connection that writes. */
const vaultOn = (db: DatabaseSync): KeyVault => {
  const engine = new VaultEngine(db);
  const submit = async (operation: unknown): Promise<unknown> => {
    db.exec('BEGIN IMMEDIATE');
    try {
      const answer = engine.apply(operation as VaultOperation);
      db.exec('COMMIT');
      engine.committed();
      return answer;
    } catch (error) {
      if (db.isTransaction) db.exec('ROLLBACK');
      engine.rolledBack();
      throw error;
    }
  };
  return createKeyVault(db, { submit: submit as never, close: () => Promise.resolve() });
};

const openDirectory = (dir: string, isSource: boolean, { closings }: Ground): Logged => {
  const path = join(dir, DATABASES.events);
  if (isSource && !existsSync(path)) throw new ConfigError(`${dir} holds no log: there is no ${DATABASES.events} in it`);
  closings.push(lockDataDirectory(dir).release);
  const db = openWriter(path, { synchronous: 'FULL', secureDelete: true });
  closings.push(() => db.close());
  if (isSource && schemaVersion(db) !== EVENT_MIGRATIONS.length) throw new ConfigError(`${dir} was written by another release: start this one there once, then move`);
  if (!isSource) migrate(db, EVENT_MIGRATIONS);
  db.exec('PRAGMA wal_autocheckpoint=4000');
  return { name: `embedded:${dir}`, log: createEmbeddedLog(db), vault: vaultOn(db) };
};

const openEventStore = async (url: string, mongo: Mongo, { codec, clock, logger, closings }: Ground): Promise<Logged> => {
  const vault = await openMongoVault({ db: mongo.db, asking: mongo.guarded });
  const { raw, close } = await openEventStoreDb({ url, codec, clock, logger, ids: systemIds, vault });
  closings.push(close);
  return { name: `EventStoreDB at ${hostsOf(url)}`, log: createEventStoreDbLog(raw), vault };
};

const openOwnState = async (dir: string, { clock, logger, onFatal, closings }: Ground): Promise<Kept> => {
  const { state, reader, close } = await openStateStore({ path: join(dir, DATABASES.state), clock, logger, onFatal });
  closings.push(close);
  const seen = reader.prepare('SELECT count(*) AS n FROM log_seen');
  return { state, isUsed: async () => Number(seen.get()?.['n']) > 0 };
};

const openMongoKept = async (mongo: Mongo, { clock, logger, closings }: Ground): Promise<Kept> => {
  const { state, close } = await openMongoState({ db: mongo.db, asking: mongo.guarded, clock, logger });
  closings.push(close);
  return { state, isUsed: () => createMovingTie(mongo).isKnown() };
};

const markerOf = (dir: string | undefined, mongo: Mongo | undefined): Marker => {
  const tie = mongo && createMovingTie(mongo);
  return {
    isSet: async () => (dir !== undefined && isBeingMoved(dir)) || (await tie?.isMoving()) === true,
    set: async () => {
      if (dir !== undefined) {
        // Not before: what is refused stays as it is.
        markState(dir, mongo === undefined ? 'here' : 'mongodb');
        markMoving(dir);
      }
      await tie?.setMoving(true);
    },
    clear: async () => {
      await tie?.setMoving(false);
      if (dir !== undefined) clearMoving(dir);
    },
  };
};

const openLog = ({ engine, isSource }: SideNamed, mongo: Mongo | undefined, ground: Ground): Logged | Promise<Logged> => {
  const dir = directoryOf(engine);
  if (dir !== undefined) return openDirectory(dir, isSource, ground);
  if (mongo === undefined) throw new ConfigError('EVENTSTORE_URL is given without MONGO_URL, where the keys and the state of such a log stand');
  return openEventStore(engine, mongo, ground);
};

const checkPlace = (dir: string): void => {
  if (isStateInMongo(dir)) throw new ConfigError(`${dir} holds a log whose state stands in MongoDB since its last start; accepted is to name that database, too: MONGO_URL`);
};

const openKept = async ({ engine, isSource }: SideNamed, mongo: Mongo | undefined, ground: Ground): Promise<Kept> => {
  const dir = directoryOf(engine);
  if (dir !== undefined && isSource && mongo === undefined) checkPlace(dir);
  return mongo === undefined ? openOwnState(dir ?? '', ground) : openMongoKept(mongo, ground);
};

const openAll = async (named: SideNamed, ground: Ground): Promise<Omit<Side, 'close'>> => {
  const mongo = named.mongo === undefined ? undefined : await openMongo(named.mongo, { logger: ground.logger });
  if (mongo !== undefined) ground.closings.push(mongo.close);
  const logged = await openLog(named, mongo, ground);
  const kept = await openKept(named, mongo, ground);
  const dir = directoryOf(named.engine);
  if (dir !== undefined && !named.isSource) keepDatabasesPrivate(dir);
  return { ...logged, ...kept, marker: markerOf(dir, mongo) };
};

/** What the program calls by its variables, the command calls by its options. */
const inTermsOf = ({ isSource }: SideNamed, error: unknown): unknown => {
  if (!(error instanceof ConfigError)) return error;
  const option = isSource ? '--from' : '--to';
  return new ConfigError(error.message.replaceAll('EVENTSTORE_URL', option).replaceAll('MONGO_URL', `${option}-mongo`));
};

/** Rejects with one line that names the option, and no password: see what opens each engine. */
export const openSide = async (named: SideNamed, tools: OpeningTools): Promise<Side> => {
  const closings: Closings = [];
  try {
    return { ...(await openAll(named, { ...tools, closings })), close: () => closeAll(closings) };
  } catch (error) {
    await closeAll(closings);
    throw inTermsOf(named, error);
  }
};

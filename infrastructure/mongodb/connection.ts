/**
 * The one connection to MongoDB, and the form that everything kept there takes: no transactions, every write majority-acknowledged and
 * journalled, every read of the primary with what a majority has.
 *
 * What two callers must not both win is decided by one write of one document that names what it found. (FerretDB 1.x by itself reads and
 * writes in two steps: it does for tests where writes reach it one at a time, as `scripts/engines` starts it.)
 */
import { type Db, MongoClient, type MongoClientOptions, MongoCompatibilityError, MongoServerSelectionError, ReadConcern } from 'mongodb';
import type { Logger } from '../../application/kernel/ports.ts';
import { ConfigError, refuseSecret } from '../runtime/config-values.ts';
import { createGuard, type Guarded } from './failures.ts';

export type Mongo = Readonly<{
  db: Db;
  /** Nothing can be asked afterwards. */
  close: () => Promise<void>;
  /** Runs what asks the database: see `createGuard`. */
  guarded: Guarded;
}>;

const NAME = 'MONGO_URL';
const ACCEPTED = 'mongodb://[user:password@]host[:port][,…]/database[?options], or mongodb+srv://…';
/** MongoDB 6.0, by its number and by the version of its protocol. */
const OLDEST = { major: 6, wire: 17, words: 'MongoDB 6.0 or newer' } as const;
/** Milliseconds that anything may take: to find a server, to get a connection, to answer. */
const PATIENCE = 10_000;

const AUTHENTICATION_FAILED = 18;
const UNAUTHORIZED = 13;

export type MongoOptions = Readonly<{ logger: Logger; /** Milliseconds an operation may take, 10 000 unless told. */ patience?: number }>;

/** Between the hosts and the options; an empty one counts as none. */
const databaseOf = (url: string): string => /^mongodb(?:\+srv)?:\/\/[^/?]+\/([^/?]+)/.exec(url)?.[1] ?? '';

const DATABASE = /^[\w-]{1,63}$/;

/** The driver's own defaults, said so that no option of a connection string makes other values of what is read and written. */
const VALUES: MongoClientOptions = {
  promoteValues: true, promoteBuffers: false, promoteLongs: true, useBigInt64: false, raw: false, bsonRegExp: false, fieldsAsRaw: {},
  serializeFunctions: false, ignoreUndefined: false, checkKeys: false, enableUtf8Validation: true,
};

const clientOf = (url: string, patience: number): MongoClient => {
  const options: MongoClientOptions = {
    ...VALUES,
    appName: 'chancery',
    serverSelectionTimeoutMS: patience,
    connectTimeoutMS: patience,
    socketTimeoutMS: patience,
    waitQueueTimeoutMS: patience,
  };
  try {
    return new MongoClient(url, options);
  } catch {
    // What the driver says of a URL may quote it, password included.
    return refuseSecret(NAME, 'is no connection string', ACCEPTED);
  }
};

/** Throws a `ConfigError` on an address that could not be MongoDB's. */
const readUrl = (url: string): string => {
  if (!/^mongodb(?:\+srv)?:\/\//.test(url)) return refuseSecret(NAME, 'is no connection string', ACCEPTED);
  const database = databaseOf(url);
  if (database === '') return refuseSecret(NAME, 'names no database', ACCEPTED);
  return DATABASE.test(database) ? database : refuseSecret(NAME, 'names a database that cannot be', 'a name of up to 63 characters out of A-Z a-z 0-9 _ -');
};

const versionOf = async (db: Db): Promise<Readonly<{ version: string; wire: number }>> => {
  const { version } = await db.command({ buildInfo: 1 });
  const { maxWireVersion } = await db.command({ hello: 1 });
  return { version: String(version), wire: Number(maxWireVersion) };
};

/** Answers the version. */
const checkServer = async (db: Db): Promise<string> => {
  const { version, wire } = await versionOf(db);
  if (Number.parseInt(version, 10) < OLDEST.major || wire < OLDEST.wire) {
    throw new ConfigError(`${NAME} leads to MongoDB ${version.slice(0, 20)}; accepted is ${OLDEST.words}`);
  }
  // The first question that needs a user where the server knows users.
  await db.listCollections({}, { nameOnly: true }).toArray();
  return version;
};

/** The driver looks at each server's protocol when it greets it, and goes on looking for a better one. */
const isIncompatible = (error: unknown): boolean => {
  if (error instanceof MongoCompatibilityError) return true;
  const servers = error instanceof MongoServerSelectionError ? [...(error.reason?.servers.values() ?? [])] : [];
  return servers.some((server) => server.error instanceof MongoCompatibilityError);
};

/** What went wrong with the first connection, in one line; what the server says stays out of it, for it may quote the URL. */
const explain = (error: unknown): ConfigError => {
  if (error instanceof ConfigError) return error;
  const { name, code } = error as { name?: string; code?: unknown };
  if (code === AUTHENTICATION_FAILED) return new ConfigError(`${NAME} holds a user or a password that the server refuses; accepted is ${ACCEPTED}`);
  if (code === UNAUTHORIZED) return new ConfigError(`${NAME} holds no user who may use its database; accepted is ${ACCEPTED}`);
  if (isIncompatible(error)) return new ConfigError(`${NAME} leads to a server that is too old; accepted is ${OLDEST.words}`);
  return new ConfigError(`${NAME} leads to no server that answers as MongoDB (${name ?? 'unknown error'}); accepted is ${ACCEPTED}`);
};

type Connected = Readonly<{ db: Db; version: string; close: () => Promise<void> }>;

const connect = async (url: string, patience: number): Promise<Connected> => {
  const database = readUrl(url);
  const client = clientOf(url, patience);
  try {
    await client.connect();
    const db = client.db(database, { readConcern: new ReadConcern('majority'), writeConcern: { w: 'majority', journal: true }, readPreference: 'primary' });
    return { db, version: await checkServer(db), close: () => client.close() };
  } catch (error) {
    await client.close();
    throw explain(error);
  }
};

/**
 * Connects and asks who is there. Rejects with a `ConfigError` of one line, without the password, on a URL that is malformed or names no
 * database, on a server that does not answer within `patience`, refuses the user, or is older than MongoDB 6.0. Afterwards the connection
 * comes back by itself whenever the server does.
 */
export const openMongo = async (url: string, { logger, patience = PATIENCE }: MongoOptions): Promise<Mongo> => {
  const { db, close } = await connect(url, patience);
  return { db, close, guarded: createGuard({ logger, patience }) };
};

/** What `openMongo` asks at the start, and no more: resolves with the server's version, rejects as that does. */
export const examineMongo = async (url: string, patience = PATIENCE): Promise<string> => {
  const { version, close } = await connect(url, patience);
  await close();
  return version;
};

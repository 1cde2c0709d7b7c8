/**
 * The stores under a kit of tests: embedded ones, and with TEST_ENGINES those that it names, as `npm run test:engines` does: `mongodb` (read models
 * and state at MONGO_URL), `kafka` (the bus at KAFKA_BROKERS), `eventstoredb` (the log in a small node of the test's own). Each test has
 * a database, a prefix of topics and a log of its own.
 */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { MongoClient } from 'mongodb';
import { readConfig } from '../../infrastructure/runtime/config.ts';
import type { EmbeddedOptions } from '../../infrastructure/runtime/embedded.ts';
import { openEngines, type OpenEngines } from '../../infrastructure/runtime/engines.ts';
import { pause } from '../../projections/kernel/pause.ts';
import { startEventStoreNode } from './eventstore-node/node.ts';
import { closing } from './leavings.ts';

const wanted: ReadonlySet<string> = new Set((process.env['TEST_ENGINES'] ?? '').split(',').filter((name) => name !== ''));

/** Whether these tests run on other engines than the embedded ones. */
export const onOtherEngines = wanted.size > 0;
/** Whether other processes could write to their log. */
export const onSharedLog = wanted.has('eventstoredb');

const urlOf = (name: string): string => {
  const url = process.env[name] ?? '';
  if (url === '') throw new Error(`TEST_ENGINES names an engine whose ${name} is not set`);
  return url;
};

const databaseAt = (url: string, database: string): string => {
  const parsed = new URL(url);
  parsed.pathname = `/${database}`;
  return parsed.href;
};

const dropDatabase = async (url: string): Promise<void> => {
  const client = new MongoClient(url);
  try {
    await client.db().dropDatabase();
  } finally {
    await client.close();
  }
};

/** Each collection of a database by its name, as JSON. */
const contentsOf = async (url: string): Promise<readonly (readonly [string, string])[]> => {
  const client = new MongoClient(url);
  try {
    const collections = await client.db().collections();
    return await Promise.all(collections.map(async (collection) => [collection.collectionName, JSON.stringify(await collection.find().toArray())] as const));
  } finally {
    await client.close();
  }
};

export type EnginesOfATest = Readonly<{
  env: Readonly<Record<string, string>>;
  /** What is stored outside of the data directory, by name: as text to look for secrets in. */
  contents: () => Promise<readonly (readonly [string, string])[]>;
  close: () => Promise<void>;
}>;

/** The variables by which a program in this data directory is told of its engines; none for the embedded ones. */
export const enginesOfATest = async (dataDir: string): Promise<EnginesOfATest> => {
  const name = `test_${randomBytes(6).toString('hex')}`;
  const node = wanted.has('eventstoredb') ? await startEventStoreNode({ directory: join(dataDir, 'eventstoredb') }) : undefined;
  const mongo = wanted.has('mongodb') || node !== undefined ? databaseAt(urlOf('MONGO_URL'), name) : undefined;
  const env = {
    ...(mongo !== undefined && { MONGO_URL: mongo }),
    ...(wanted.has('kafka') && { KAFKA_BROKERS: urlOf('KAFKA_BROKERS'), KAFKA_TOPIC_PREFIX: `${name}.` }),
    ...(node !== undefined && { EVENTSTORE_URL: node.url, MASTER_KEY: Buffer.alloc(32, 7).toString('base64'), OPERATOR_TOKEN: `operator-${name}` }),
  };
  const close = closing(async () => {
    await node?.close();
    if (mongo !== undefined) await dropDatabase(mongo);
  });
  return { env, contents: async () => (mongo === undefined ? [] : contentsOf(mongo)), close };
};

/** Opens them; whatever they are, they go with `close`. */
export const openStores = async (options: EmbeddedOptions): Promise<OpenEngines> => {
  const { env, close } = await enginesOfATest(options.dataDir);
  const engines = await openEngines({ ...options, settings: readConfig(env), pause });
  return {
    ...engines,
    close: async () => {
      await engines.close();
      await close();
    },
  };
};

/** Engines that other machines carry, as `engines.ts` opens them. */
import type { Bus } from '../../application/kernel/bus.ts';
import type { EventLog } from '../../application/kernel/ports.ts';
import { createLeases, createLoneLeases } from '../../application/kernel/leases.ts';
import { openEventStoreDb } from '../eventstoredb/event-store-db.ts';
import { openKafkaBus, type KafkaBusOptions } from '../kafka/kafka-bus.ts';
import { openMongo, type Mongo } from '../mongodb/connection.ts';
import { openMongoVault } from '../mongodb/key-vault.ts';
import { createLogTie } from '../mongodb/log-tie.ts';
import { openMongoReadModels } from '../mongodb/read-model-store.ts';
import { openMongoState } from '../mongodb/state-store.ts';
import type { EngineSettings } from './config-engines.ts';
import { closeAll, enterDataDirectory, type Ground, keepPrivate, openEmbeddedLog, openEmbeddedState } from './embedded.ts';
import { type EnginesOptions, onEmbedded, type OpenEngines } from './open-engines.ts';
import { systemIds } from './ids.ts';
import { isStateInMongo, markState } from './state-place.ts';

type Stored = Pick<OpenEngines, 'store' | 'log' | 'vault'>;
type Derived = Pick<OpenEngines, 'readModels' | 'state'>;

const openEventStoreLog = async ({ codec, clock, logger, ids = systemIds, closings }: Ground, url: string, { db, guarded }: Mongo): Promise<Stored> => {
  const vault = await openMongoVault({ db, asking: guarded });
  const { store, log, close } = await openEventStoreDb({ url, codec, clock, ids, vault, logger });
  closings.push(close);
  return { store, log, vault };
};

const openMongoDerived = async ({ clock, logger, closings }: Ground, mongo: Mongo): Promise<Derived> => {
  const { state, close } = await openMongoState({ db: mongo.db, asking: mongo.guarded, clock, logger });
  closings.push(close);
  return { readModels: openMongoReadModels({ mongo, logger }), state };
};

export const kafkaOptions = ({ kafkaBrokers: brokers, kafkaTls: tls, kafkaLogin: login, kafkaTopicPrefix: prefix }: EngineSettings): Omit<KafkaBusOptions, 'logger'> => ({
  brokers, prefix, tls, clientId: 'chancery', ...(login !== undefined && { login }),
});

/** The bus of Kafka, or that of this process. */
const openBus = async (ground: Ground, settings: EngineSettings): Promise<Bus> => {
  if (settings.kafkaBrokers.length === 0) return (await openEmbeddedState(ground)).bus;
  const { bus, close } = await openKafkaBus({ ...kafkaOptions(settings), logger: ground.logger });
  ground.closings.push(close);
  return bus;
};

/** A log in the data directory leaves its state behind there when MongoDB is named for the first time; and a database may be empty that was not. */
const noteState = async ({ dataDir, logger }: Pick<Ground, 'dataDir' | 'logger'>, log: EventLog, isKnown: boolean): Promise<void> => {
  const hasEvents = (await log.head()) !== undefined;
  if (hasEvents && !isStateInMongo(dataDir)) logger.warn({}, 'the state of this log is in DATA_DIR, and not in MongoDB: webhooks and mails may be sent again; chancery migrate takes it along');
  else if (hasEvents && !isKnown) logger.warn({}, 'the state of this log stood in MongoDB, and the database that MONGO_URL names has none of it: webhooks and mails may be sent again; a backup of that database holds it');
  markState(dataDir, 'mongodb');
};

/** With MongoDB: read models and state there, the log there too or in the data directory. */
const openOnMongo = async (options: EnginesOptions, ground: Ground, url: string): Promise<Omit<OpenEngines, 'close'>> => {
  const { settings, logger, ids = systemIds, pause } = options;
  const { eventStoreUrl } = settings;
  const mongo = await openMongo(url, { logger });
  ground.closings.push(mongo.close);
  const stored = eventStoreUrl === undefined ? await openEmbeddedLog(ground) : await openEventStoreLog(ground, eventStoreUrl, mongo);
  const derived = await openMongoDerived(ground, mongo);
  const bus = await openBus(ground, settings);
  const isShared = eventStoreUrl !== undefined;
  const tie = createLogTie({ mongo, log: stored.log, state: derived.state, vault: isShared ? stored.vault : undefined });
  const isKnown = await tie.check();
  if (!isShared) await noteState(ground, stored.log, isKnown);
  const leases = isShared ? createLeases({ state: derived.state, ids, pause }) : createLoneLeases();
  return { ...stored, ...derived, bus, leases, isShared, rememberLog: () => tie.remember() };
};

/** With Kafka alone, everything else is embedded. */
export const withKafka = async (options: EnginesOptions): Promise<OpenEngines> => {
  const engines = await onEmbedded(options);
  const closings = [engines.close];
  try {
    const { bus, close } = await openKafkaBus({ ...kafkaOptions(options.settings), logger: options.logger });
    return { ...engines, bus, close: () => closeAll([...closings, close]) };
  } catch (error) {
    await closeAll(closings);
    throw error;
  }
};

export const onMongo = async (options: EnginesOptions, url: string): Promise<OpenEngines> => {
  const closings: Ground['closings'] = [];
  try {
    const ground = enterDataDirectory(options, closings);
    keepPrivate(ground);
    return { ...(await openOnMongo(options, ground, url)), close: () => closeAll(closings) };
  } catch (error) {
    await closeAll(closings);
    throw error;
  }
};

/** Engines that other machines carry, asked what a start asks them first: who they are, and whether they take the user. Nothing is made or changed there. */
import type { EventCodec } from '../../application/kernel/event-codec.ts';
import { examineMaster } from '../crypto/master-key.ts';
import { examineEventStoreDb, readEventStoreDb } from '../eventstoredb/examination.ts';
import { openKafkaBus } from '../kafka/kafka-bus.ts';
import { examineMongo, openMongo } from '../mongodb/connection.ts';
import { readMongoVault } from '../mongodb/key-vault.ts';
import { createLogTie } from '../mongodb/log-tie.ts';
import { readMongoState } from '../mongodb/state-store.ts';
import { systemClock } from './clock.ts';
import type { EngineSettings } from './config-engines.ts';
import { createLogger } from './logger.ts';
import { kafkaOptions } from './other-engines.ts';

/** In words; `warning`: what is odd, and no reason not to start. */
export type Examination = Readonly<{ detail: string; warning?: string }>;

type With = Readonly<{ codec: EventCodec; masterKey: Uint8Array | undefined; previous: Uint8Array | undefined }>;

/** Each rejects with the ConfigError of one line that a start would end with, after at most some ten seconds. */
export const examinations = (settings: EngineSettings) => {
  const logger = createLogger({ level: 'silent', destination: { write: () => undefined } });
  return {
    eventStoreDb: async (url: string): Promise<Examination> => {
      const { version, ignoresCredentials } = await examineEventStoreDb(url, logger);
      const detail = `${version}, and the whole log may be read`;
      return ignoresCredentials ? { detail, warning: 'EVENTSTORE_URL names a user, and without TLS the server is not told of one' } : { detail };
    },
    mongoDb: async (url: string): Promise<Examination> => ({ detail: `${await examineMongo(url)}, and the database may be used` }),
    /** Whether the log is the one that the database has seen and holds the keys of, and the master key the one that those are sealed with. */
    together: async (eventStoreUrl: string, mongoUrl: string, { codec, masterKey, previous }: With): Promise<Examination> => {
      const mongo = await openMongo(mongoUrl, { logger });
      const asked = { db: mongo.db, asking: mongo.guarded, clock: systemClock };
      try {
        await readEventStoreDb(eventStoreUrl, { codec, logger }, (log) => createLogTie({ mongo, log, state: readMongoState(asked), vault: readMongoVault(asked) }).check());
        if (masterKey !== undefined) await examineMaster(readMongoVault(asked), { masterKey, previous });
        return { detail: 'of one log, whose keys MASTER_KEY opens' };
      } finally {
        await mongo.close();
      }
    },
    // Brokers do not tell their version; what they can do is judged.
    kafka: async (): Promise<Examination> => {
      const { close } = await openKafkaBus({ ...kafkaOptions(settings), logger });
      await close();
      return { detail: '2.4 or newer by what it can do, and a producer is let in' };
    },
  };
};

/** What must hold of the log, the read models and the bus of an installation in several processes, whatever happened to it. */
import { catalogue } from '../../application/catalogue.ts';
import { createEventCodec } from '../../application/kernel/event-codec.ts';
import type { EventLog, Recorded } from '../../application/kernel/ports.ts';
import { projections as definitions } from '../../api/composition/projections.ts';
import { openEventStoreDb } from '../../infrastructure/eventstoredb/event-store-db.ts';
import { openMongo } from '../../infrastructure/mongodb/connection.ts';
import { openMongoReadModels } from '../../infrastructure/mongodb/read-model-store.ts';
import { openEmbedded } from '../../infrastructure/runtime/embedded.ts';
import { systemClock } from '../../infrastructure/runtime/clock.ts';
import { systemIds } from '../../infrastructure/runtime/ids.ts';
import { createCloudEvents } from '../../projections/fanout/cloud-events.ts';
import { digestOf } from '../../projections/kernel/digest.ts';
import { createProjections } from '../../projections/kernel/projections.ts';
import type { Written } from '../support/event-store-reader.ts';
import { createMemoryVault } from '../support/memory-vault.ts';
import { within, type Installation } from '../support/processes.ts';
import { failOnFatal, silentLogger } from '../support/silent.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import type { OnBus } from './engines-load.ts';

const REBUILD_MS = 60_000;

/** Acknowledged credentials whose making is not there, ids that are there twice, and streams with a gap. */
export const faultsIn = (log: readonly Written[], { tenant, made }: Readonly<{ tenant: string; made: readonly string[] }>) => {
  const facts = new Set(log.map(({ type, stream }) => `${type} ${stream}`));
  const streams = Map.groupBy(log, ({ stream }) => stream);
  return {
    lost: made.filter((id) => !facts.has(`tenancy.CredentialCreated.v1 tenancy.credential-${tenant}-${id}`)),
    doubled: [...Map.groupBy(log, ({ id }) => id)].filter(([, all]) => all.length > 1).map(([id]) => id),
    gaps: [...streams].filter(([, all]) => new Set(all.map(({ revision }) => revision)).size !== Number(all.at(-1)?.revision) + 1).map(([stream]) => stream),
  };
};

const isAscending = (all: readonly number[]): boolean => all.every((place, index) => index === 0 || place > (all[index - 1] as number));

/** Streams whose events came onto the bus in another order than theirs; what comes again does not count. */
export const disorder = (bus: readonly OnBus[], log: readonly Written[]): readonly string[] => {
  const places = new Map(log.map(({ id }, place) => [id, place]));
  return [...Map.groupBy(bus, ({ key }) => key)].filter(([, all]) => !isAscending([...new Set(all.map(({ id }) => places.get(id) ?? -1))])).map(([key]) => key);
};

const everything = async (log: EventLog): Promise<readonly Recorded[]> => {
  const found: Recorded[] = [];
  const feed = log.feed();
  for (let after: Recorded['position'] | undefined; ;) {
    const { events, scannedTo } = await feed.pull(after, 1_000, AbortSignal.abort());
    found.push(...events);
    if (scannedTo === undefined || scannedTo === after) return found;
    after = scannedTo;
  }
};

/** Read models that are not what a rebuild from the beginning gives, and the ids of all public events. Nothing may be written meanwhile. */
export const differences = async ({ env }: Installation): Promise<Readonly<{ different: readonly string[]; publicIds: readonly string[] }>> => {
  const tools = { codec: createEventCodec(catalogue), clock: systemClock, logger: silentLogger };
  const directory = temporaryDirectory();
  const mongo = await openMongo(env['MONGO_URL'] ?? '', { logger: silentLogger });
  const opened = await openEventStoreDb({ ...tools, url: env['EVENTSTORE_URL'] ?? '', ids: systemIds, vault: createMemoryVault() });
  const fresh = await openEmbedded({ ...tools, dataDir: directory.path, onFatal: failOnFatal });
  const rebuilt = createProjections({ clock: systemClock, log: opened.log, store: fresh.readModels, logger: silentLogger, definitions });
  try {
    await rebuilt.start();
    await rebuilt.caughtUp();
    const kept = openMongoReadModels({ mongo, logger: silentLogger });
    const isSame = async (definition: (typeof definitions)[number]): Promise<boolean> =>
      (await digestOf(kept, definition)).sha256 === (await digestOf(fresh.readModels, definition)).sha256;
    const different = async (): Promise<readonly string[]> => {
      const same = await Promise.all(definitions.map(isSame));
      return definitions.filter((_, index) => same[index] === false).map(({ name }) => name);
    };
    await within(REBUILD_MS, 'the same read models', async () => (await different()).length === 0).catch(() => 0);
    const toCloudEvent = createCloudEvents('https://several.example.com');
    const publicIds = (await everything(opened.log)).flatMap((recorded) => (toCloudEvent(recorded) === undefined ? [] : [recorded.id]));
    return { different: await different(), publicIds };
  } finally {
    await rebuilt.stop();
    await fresh.close();
    await opened.close();
    await mongo.close();
    directory.remove();
  }
};

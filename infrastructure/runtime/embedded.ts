/** Everything that is stored, on embedded engines in one data directory: what composition opens when no engine's URL is set. */
import { join } from 'node:path';
import type { Bus } from '../../application/kernel/bus.ts';
import type { EventCodec } from '../../application/kernel/event-codec.ts';
import type { Clock, EventLog, EventStore, Ids, KeyVault, Logger } from '../../application/kernel/ports.ts';
import type { ReadModelStore } from '../../application/kernel/read-models.ts';
import type { StateStore } from '../../application/kernel/state.ts';
import { createInProcessBus } from '../bus/in-process-bus.ts';
import { openEventStore } from '../event-store/event-store.ts';
import { openReadModelStore } from '../read-models/read-model-store.ts';
import { openStateStore } from '../state/state-store.ts';
import { DATABASES } from './databases.ts';
import { lockDataDirectory } from './data-directory.ts';
import { systemIds } from './ids.ts';
import { keepDatabasesPrivate, openToOthers } from './private-files.ts';
import { fitToLog, rememberLog } from './log-tie.ts';

export type EmbeddedOptions = Readonly<{
  dataDir: string;
  codec: EventCodec;
  clock: Clock;
  logger: Logger;
  /** The disk failed: end the process within a second. Called at most once. */
  onFatal: (error: Error) => void;
  ids?: Ids;
}>;

export type Embedded = Readonly<{
  store: EventStore;
  log: EventLog;
  vault: KeyVault;
  readModels: ReadModelStore;
  state: StateStore;
  bus: Bus;
  /** Ties what is derived from the log to it, as it stands now; done at every start too. Worth it once a new log has its first event. */
  rememberLog: () => void;
  /** Finishes what was accepted, then gives the data directory back. */
  close: () => Promise<void>;
}>;

const once = (onFatal: (error: Error) => void): ((error: Error) => void) => {
  let called = false;
  return (error) => {
    if (called) return;
    called = true;
    onFatal(error);
  };
};

type Closing = () => Promise<void> | void;

/** Closes in the reverse order of opening. */
const closeAll = async (closings: readonly Closing[]): Promise<void> => {
  for (const close of closings.toReversed()) await close();
};

const rememberAtTheEnd = (dataDir: string, logger: Logger): void => {
  try {
    rememberLog(dataDir);
  } catch (error) {
    logger.warn({ error }, 'where the log stood at the end could not be noted; the next start does');
  }
};

const openAll = async ({ dataDir, codec, clock, logger, onFatal, ids = systemIds }: EmbeddedOptions, closings: Closing[]): Promise<Omit<Embedded, 'close'>> => {
  const path = (name: keyof typeof DATABASES): string => join(dataDir, DATABASES[name]);
  const fatal = once(onFatal);
  closings.push(lockDataDirectory(dataDir).release);
  fitToLog(dataDir, logger);
  keepDatabasesPrivate(dataDir);
  for (const sentence of openToOthers(dataDir)) logger.warn({}, sentence);
  const events = await openEventStore({ path: path('events'), codec, clock, ids, onFatal: fatal });
  closings.push(events.close);
  const models = await openReadModelStore({ path: path('readModels'), onFatal: fatal });
  closings.push(models.close);
  const { state, writer, reader, close } = await openStateStore({ path: path('state'), clock, logger, onFatal: fatal });
  closings.push(close);
  rememberLog(dataDir);
  closings.push(() => rememberAtTheEnd(dataDir, logger));
  const { store, log, vault } = events;
  return { store, log, vault, readModels: models.readModels, state, bus: createInProcessBus({ state, writer, reader }), rememberLog: () => rememberLog(dataDir) };
};

/** Throws in one line when the data directory is in use, was written by a newer release, or cannot be used. */
export const openEmbedded = async (options: EmbeddedOptions): Promise<Embedded> => {
  const closings: Closing[] = [];
  try {
    return { ...(await openAll(options, closings)), close: () => closeAll(closings) };
  } catch (error) {
    await closeAll(closings);
    throw error;
  }
};

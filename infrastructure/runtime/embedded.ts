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
import { ConfigError } from './config-values.ts';
import { DATABASES } from './databases.ts';
import { lockDataDirectory } from './data-directory.ts';
import { systemIds } from './ids.ts';
import { isBeingMoved, STILL_MOVING } from './moving-marker.ts';
import { keepDatabasesPrivate, openToOthers } from './private-files.ts';
import { fitToLog, rememberLog } from './log-tie.ts';
import { isStateInMongo, markState } from './state-place.ts';

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
/** What has been opened, to be closed in the reverse order. */
export type Closings = Closing[];

export const closeAll = async (closings: readonly Closing[]): Promise<void> => {
  for (const close of closings.toReversed()) await close();
};

const rememberAtTheEnd = (dataDir: string, logger: Logger): void => {
  try {
    rememberLog(dataDir);
  } catch (error) {
    logger.warn({ error }, 'where the log stood at the end could not be noted; the next start does');
  }
};

/** A data directory that is this process's own, and what has been opened in it. */
export type Ground = Readonly<EmbeddedOptions & { closings: Closings }>;

const pathOf = (dataDir: string, name: keyof typeof DATABASES): string => join(dataDir, DATABASES[name]);

/** Throws in one line when another process has the data directory, or a log is being moved into it. */
export const enterDataDirectory = (options: EmbeddedOptions, closings: Closings): Ground => {
  closings.push(lockDataDirectory(options.dataDir).release);
  if (isBeingMoved(options.dataDir)) throw new ConfigError(`DATA_DIR ${options.dataDir} ${STILL_MOVING}`);
  return { ...options, onFatal: once(options.onFatal), closings };
};

export const keepPrivate = ({ dataDir, logger }: Ground): void => {
  keepDatabasesPrivate(dataDir);
  for (const sentence of openToOthers(dataDir)) logger.warn({}, sentence);
};

export const openEmbeddedLog = async ({ dataDir, codec, clock, onFatal, ids = systemIds, closings }: Ground): Promise<Pick<Embedded, 'store' | 'log' | 'vault'>> => {
  const { store, log, vault, close } = await openEventStore({ path: pathOf(dataDir, 'events'), codec, clock, ids, onFatal });
  closings.push(close);
  return { store, log, vault };
};

const openEmbeddedReadModels = async ({ dataDir, onFatal, closings }: Ground): Promise<Pick<Embedded, 'readModels'>> => {
  const { readModels, close } = await openReadModelStore({ path: pathOf(dataDir, 'readModels'), onFatal });
  closings.push(close);
  return { readModels };
};

export const openEmbeddedState = async ({ dataDir, clock, logger, onFatal, closings }: Ground): Promise<Pick<Embedded, 'state' | 'bus'>> => {
  const { state, writer, reader, close } = await openStateStore({ path: pathOf(dataDir, 'state'), clock, logger, onFatal });
  closings.push(close);
  return { state, bus: createInProcessBus({ state, writer, reader }) };
};

const openAll = async (options: EmbeddedOptions, closings: Closings): Promise<Omit<Embedded, 'close'>> => {
  const { dataDir, logger } = options;
  const ground = enterDataDirectory(options, closings);
  if (isStateInMongo(dataDir)) logger.warn({}, 'the state of this log stood in MongoDB until now (MONGO_URL), and is not here: webhooks and mails may be sent again; chancery migrate takes it along');
  fitToLog(dataDir, logger);
  keepPrivate(ground);
  const opened = { ...(await openEmbeddedLog(ground)), ...(await openEmbeddedReadModels(ground)), ...(await openEmbeddedState(ground)) };
  markState(dataDir, 'here');
  rememberLog(dataDir);
  closings.push(() => rememberAtTheEnd(dataDir, logger));
  return { ...opened, rememberLog: () => rememberLog(dataDir) };
};

/** Throws in one line when the data directory is in use, was written by a newer release, or cannot be used. */
export const openEmbedded = async (options: EmbeddedOptions): Promise<Embedded> => {
  const closings: Closings = [];
  try {
    return { ...(await openAll(options, closings)), close: () => closeAll(closings) };
  } catch (error) {
    await closeAll(closings);
    throw error;
  }
};

/** `chancery serve`: the program, from its first line to an orderly end. */
import { flushCompileCache } from 'node:module';
import type { Logger } from '../../application/kernel/ports.ts';
import { isUnavailable } from '../../application/kernel/unavailable.ts';
import { ConfigError, readConfig, type Config } from '../../infrastructure/runtime/config.ts';
import { createLogger, hushable } from '../../infrastructure/runtime/logger.ts';
import { startProgram } from '../composition/program.ts';
import { unavailableLine } from '../composition/start-errors.ts';
import { SURFACES, banner, bannerJson, type Started } from './banner.ts';
import { EXIT, failureLine, processIo, type Io } from './io.ts';

/** After a failed disk: long enough for the requests in flight to be answered with 503, and well within the promised second. */
const FATAL_GRACE_MS = 300;

/** For what was closed to go by itself. */
const LEFT_MS = 500;

const untilTold = (): Promise<NodeJS.Signals> =>
  new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve(signal));
  });

const fatally = (log: Logger) => (error: Error): void => {
  log.error({ error }, 'the disk failed: ending at once, so that nothing is answered that may not be stored');
  setTimeout(() => process.exit(EXIT.failed), FATAL_GRACE_MS).unref();
};

const tell = (io: Io, started: Started, json: boolean): void => (json ? io.out(JSON.stringify(bannerJson(started))) : io.err(banner(started)));

const run = async (config: Config, io: Io, json: boolean): Promise<void> => {
  const { logger, hush } = hushable(createLogger({ level: config.logLevel }));
  const program = await startProgram({ config, logger, onFatal: fatally(logger) }).catch((error: unknown) => {
    hush();
    throw error;
  });
  // Before it says that it listens: whoever reads that may tell it to stop.
  const told = untilTold();
  logger.info({ address: program.url, dataDir: config.dataDir, pid: process.pid, surfaces: SURFACES.map(({ name }) => name) }, 'listening');
  // Whoever is killed would not leave it behind.
  flushCompileCache();
  tell(io, { url: program.url, operatorTokenFile: program.secrets.operatorTokenFile, config }, json);
  const signal = await told;
  logger.info({ signal }, 'stopping: finishing what was accepted');
  await program.stop();
  logger.info({}, 'stopped');
  // What could not be closed must not keep the process.
  setTimeout(() => process.exit(), LEFT_MS).unref();
};

const describe = (error: unknown, env: Io['env']): string => {
  if (isUnavailable(error)) return unavailableLine(env);
  return error instanceof Error ? error.message : String(error);
};

/** Serves until SIGINT or SIGTERM; answers the exit code. A start that fails says why in one line on stderr. `json`: both as JSON. */
export const serve = async (io: Io = processIo(), json = false): Promise<number> => {
  // Whatever this process makes is for its owner alone, also what SQLite makes.
  process.umask(0o077);
  try {
    await run(readConfig(io.env), io, json);
    return EXIT.ok;
  } catch (error) {
    io.err(failureLine(describe(error, io.env), json));
    return error instanceof ConfigError ? EXIT.usage : EXIT.failed;
  }
};

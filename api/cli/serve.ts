/** `chancery serve`: the program, from its first line to an orderly end. */
import { Command } from 'commander';
import { Rejection } from '../../domain/kernel/rejection.ts';
import { ConfigError, readConfig, type Config } from '../../infrastructure/runtime/config.ts';
import { createLogger } from '../../infrastructure/runtime/logger.ts';
import { startProgram, type Program } from '../composition/program.ts';
import { EXIT } from './io.ts';

/** After a failed disk: long enough for the requests in flight to be answered with 503, and well within the promised second. */
const FATAL_GRACE_MS = 300;

const mailOf = ({ mailServer, dataDir }: Config): string => (mailServer === undefined ? `files in ${dataDir}/outbox` : `SMTP, ${mailServer.host}:${mailServer.port}`);

const banner = (program: Program, config: Config): string => {
  const { dataDir } = config;
  const token = program.secrets.operatorTokenFile ?? 'given by OPERATOR_TOKEN';
  return [
    '',
    `Chancery listens on ${program.url}`,
    `  data            ${dataDir}`,
    `  operator token  ${token}`,
    `  engines         events, read models, state: embedded SQLite; bus: in-process; mail: ${mailOf(config)}`,
    '  surfaces        /qwick-cert (docs: /qwick-cert/docs), /platform/v1 (docs: /platform/docs)',
    '',
    'Try it, in another shell in this folder:',
    '  platform    npx chancery tenant create --slug acme --name "Acme Corp" --owner-email owner@acme.example --plan qwick-cert=pro',
    '  qwick-cert  export QWICK_TOKEN=$(npx chancery credential create --tenant acme --surface qwick-cert --name try --permission sign --secret-only)',
    '              npx chancery codesign --sample hello.exe && npx chancery codesign hello.exe --org acme --out hello-signed.exe',
    '',
  ].join('\n');
};

const untilTold = (): Promise<NodeJS.Signals> =>
  new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve(signal));
  });

const fatally = (log: ReturnType<typeof createLogger>) => (error: Error): void => {
  log.error({ error }, 'the disk failed: ending at once, so that nothing is answered that may not be stored');
  setTimeout(() => process.exit(EXIT.failed), FATAL_GRACE_MS).unref();
};

const run = async (config: Config): Promise<void> => {
  const logger = createLogger({ level: config.logLevel });
  const program = await startProgram({ config, logger, onFatal: fatally(logger) });
  // Before it says that it listens: whoever reads that may tell it to stop.
  const told = untilTold();
  logger.info({ address: program.url, dataDir: config.dataDir, pid: process.pid, surfaces: ['qwick-cert', 'platform'] }, 'listening');
  process.stderr.write(`${banner(program, config)}\n`);
  const signal = await told;
  logger.info({ signal }, 'stopping: finishing what was accepted');
  await program.stop();
  logger.info({}, 'stopped');
};

const describe = (error: unknown): string => {
  if (error instanceof Rejection && error.code === 'storage.unavailable') return 'nothing can be stored in DATA_DIR: its disk is full or failing';
  return error instanceof Error ? error.message : String(error);
};

/** Serves until SIGINT or SIGTERM; answers the exit code. A start that fails says why in one line on stderr. */
export const serve = async (env: NodeJS.ProcessEnv): Promise<number> => {
  try {
    await run(readConfig(env));
    return EXIT.ok;
  } catch (error) {
    process.stderr.write(`chancery: ${describe(error)}\n`);
    return error instanceof ConfigError ? EXIT.usage : EXIT.failed;
  }
};

export const serveCommand = (): Command =>
  new Command('serve').description('run the program until it is told to stop').action(async () => {
    process.exitCode = await serve(process.env);
  });

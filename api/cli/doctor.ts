/** `chancery doctor`: is everything here that the program needs, and is it well? */
import { accessSync, constants, existsSync, statfsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { getCiphers } from 'node:crypto';
import { Command } from 'commander';
import { createEventCodec } from '../../application/kernel/event-codec.ts';
import { examineMaster } from '../../infrastructure/crypto/master-key.ts';
import { createKeyVault } from '../../infrastructure/event-store/key-vault.ts';
import { readConfig, type Config } from '../../infrastructure/runtime/config.ts';
import { hostsOf } from '../../infrastructure/runtime/config-values.ts';
import { DATABASES } from '../../infrastructure/runtime/databases.ts';
import { systemClock } from '../../infrastructure/runtime/clock.ts';
import { unfitting } from '../../infrastructure/runtime/log-tie.ts';
import type { Examination } from '../../infrastructure/runtime/engine-examinations.ts';
import { masterKeyFiles } from '../../infrastructure/runtime/installation-files.ts';
import type { SqliteWriter } from '../../infrastructure/runtime/sqlite-writer.ts';
import { openToOthers } from '../../infrastructure/runtime/private-files.ts';
import { answers } from './client.ts';
import { CommandFailure, print, table, type Io } from './io.ts';

export type Finding = Readonly<{ check: string; status: 'ok' | 'warning' | 'failed'; detail: string }>;
type Check = Readonly<{ name: string; run: (config: Config, io: Io) => Finding['detail'] | Promise<Finding['detail']> }>;

/** Thrown by a check for what is odd but no reason not to start. */
class Warning extends Error {}

const MIN_NODE = 26;
const MIN_SQLITE = [3, 51, 3] as const;
const MIN_FREE_BYTES = 256 * 1024 * 1024;
const WARN_FREE_BYTES = 2 * 1024 * 1024 * 1024;
const CLOCK_SLACK_MS = 60_000;
const RELEASED = Date.UTC(2026, 0, 1);

const NOTHING_WRITTEN: SqliteWriter = { submit: () => Promise.reject(new Error('doctor changes nothing')), close: async () => undefined };

const older = (version: string, least: readonly number[]): boolean => {
  const parts = version.split('.').map(Number);
  const differing = least.findIndex((part, index) => parts[index] !== part);
  return differing !== -1 && (parts[differing] ?? 0) < (least[differing] ?? 0);
};

const readOnly = <T>(path: string, ask: (db: DatabaseSync) => T): T => {
  const db = new DatabaseSync(path, { readOnly: true });
  try {
    return ask(db);
  } finally {
    db.close();
  }
};

const versions = (): string => {
  const { node, openssl } = process.versions;
  const sqlite = String(new DatabaseSync(':memory:').prepare('SELECT sqlite_version() AS version').get()?.['version']);
  if (older(node, [MIN_NODE])) throw new Error(`Node ${node} is older than ${MIN_NODE}: run it by npx or npm, which bring the pinned one`);
  if (older(sqlite, MIN_SQLITE)) throw new Error(`SQLite ${sqlite} is older than ${MIN_SQLITE.join('.')}`);
  if (!getCiphers().includes('aes-256-gcm')) throw new Error(`OpenSSL ${openssl ?? '?'} has no AES-256-GCM`);
  return `Node ${node}, SQLite ${sqlite}, OpenSSL ${openssl ?? '?'}`;
};

const dataDirectory = ({ dataDir }: Config): string => {
  if (!existsSync(dataDir)) return `${dataDir} will be made at the first start`;
  accessSync(dataDir, constants.R_OK | constants.W_OK | constants.X_OK);
  const open = openToOthers(dataDir);
  if (open.length > 0) throw new Warning(open.join('; '));
  return dataDir;
};

/** Where there is data in the directory, whether a start would take the key for it. */
const masterKey = async ({ dataDir, masterKey: given, previousMasterKey, eventStoreUrl }: Config): Promise<string> => {
  const [file, path] = [join(dataDir, 'master.key'), join(dataDir, DATABASES.events)];
  const where = given === undefined ? file : 'MASTER_KEY is given';
  if (eventStoreUrl !== undefined || !existsSync(path)) return given === undefined && !existsSync(file) ? 'will be made at the first start' : where;
  const keys = given === undefined ? masterKeyFiles(dataDir) : { masterKey: given, previousMasterKey };
  const db = new DatabaseSync(path, { readOnly: true });
  try {
    await examineMaster(createKeyVault(db, NOTHING_WRITTEN), { masterKey: keys.masterKey, previous: keys.previousMasterKey });
  } finally {
    db.close();
  }
  return `${where}, and opens what is sealed with it`;
};

const disk = ({ dataDir }: Config): string => {
  const { bavail, bsize } = statfsSync(existsSync(dataDir) ? dataDir : '.');
  const free = bavail * bsize;
  const words = `${(free / 1024 ** 3).toFixed(1)} GiB free`;
  if (free < MIN_FREE_BYTES) throw new Error(`${words}: writes will soon be refused`);
  if (free < WARN_FREE_BYTES) throw new Warning(words);
  return words;
};

/** Milliseconds since 1970 of the newest event in the data directory; 0 where there is none. */
const newestEvent = ({ dataDir, eventStoreUrl }: Config): number => {
  const path = join(dataDir, DATABASES.events);
  if (eventStoreUrl !== undefined || !existsSync(path)) return 0;
  return readOnly(path, (db) => Number(db.prepare('SELECT time FROM events ORDER BY position DESC LIMIT 1').get()?.['time'] ?? 0));
};

const clock = (config: Config): string => {
  const now = systemClock.now();
  if (now < RELEASED) throw new Error(`the clock says ${new Date(now).toISOString()}`);
  const newest = newestEvent(config);
  if (newest > now + CLOCK_SLACK_MS) throw new Warning(`the newest event is of ${new Date(newest).toISOString()}, ahead of the clock`);
  return new Date(now).toISOString();
};

const database = (file: string) => ({ dataDir }: Config): string => {
  const path = join(dataDir, file);
  if (!existsSync(path)) return 'will be made at the first start';
  const found = readOnly(path, (db) => String(Object.values(db.prepare('PRAGMA quick_check(1)').get() ?? {})[0]));
  if (found !== 'ok') throw new Error(`${path}: ${found}`);
  return `${(statSync(path).size / 1024 ** 2).toFixed(1)} MiB, checked`;
};

const together = ({ dataDir }: Config): string => {
  const [first, ...others] = unfitting(dataDir);
  if (first !== undefined) throw new Warning(`${[first, ...others].join('; ')}: the next start fits it to the log`);
  return 'of one log';
};

const server = async (_config: Config, io: Io): Promise<string> => {
  const url = io.env.CHANCERY_URL ?? 'http://127.0.0.1:8080';
  if (!(await answers(url))) return `none answers at ${url}`;
  const reply = await fetch(new URL('/readyz', url));
  if (!reply.ok) throw new Warning(`${url} answers, and is not ready`);
  return `${url} is ready`;
};

const TOGETHER = 'databases together';

const GROUND: readonly Check[] = [
  { name: 'versions', run: versions },
  { name: 'data directory', run: dataDirectory },
  { name: 'master key', run: masterKey },
  { name: 'disk', run: disk },
  { name: 'clock', run: clock },
];

/** The databases of the data directory that are in use beside these engines (docs/engines.md). */
const databasesOf = ({ eventStoreUrl, mongoUrl, kafkaBrokers }: Config): readonly Check[] => {
  const used = { events: eventStoreUrl === undefined, readModels: mongoUrl === undefined, state: mongoUrl === undefined || kafkaBrokers.length === 0 };
  const files = (['events', 'readModels', 'state'] as const).filter((name) => used[name]).map((name) => ({ name: DATABASES[name], run: database(DATABASES[name]) }));
  return mongoUrl === undefined ? [...files, { name: TOGETHER, run: together }] : files;
};

const told = ({ detail, warning }: Examination, at: string): string => {
  if (warning !== undefined) throw new Warning(`${detail}; at ${at}; ${warning}`);
  return `${detail}; at ${at}`;
};

/** Their clients are loaded when there is somebody to ask. */
const ask = async (config: Config) => (await import('../../infrastructure/runtime/engine-examinations.ts')).examinations(config);

const enginesOf = ({ eventStoreUrl, mongoUrl, kafkaBrokers }: Config): readonly Check[] => [
  ...(eventStoreUrl === undefined ? [] : [{ name: 'EventStoreDB', run: async (config: Config) => told(await (await ask(config)).eventStoreDb(eventStoreUrl), hostsOf(eventStoreUrl)) }]),
  ...(mongoUrl === undefined ? [] : [{ name: 'MongoDB', run: async (config: Config) => told(await (await ask(config)).mongoDb(mongoUrl), hostsOf(mongoUrl)) }]),
  ...(kafkaBrokers.length === 0 ? [] : [{ name: 'Kafka', run: async (config: Config) => told(await (await ask(config)).kafka(), kafkaBrokers.join(',')) }]),
];

const examine = async ({ name, run }: Check, config: Config, io: Io): Promise<Finding> => {
  try {
    return { check: name, status: 'ok', detail: await run(config, io) };
  } catch (error) {
    return { check: name, status: error instanceof Warning ? 'warning' : 'failed', detail: error instanceof Error ? error.message : String(error) };
  }
};

/** What is in two engines, once both have answered. */
const togetherElsewhere = ({ eventStoreUrl, mongoUrl }: Config, engines: readonly Finding[]): readonly Check[] => {
  if (eventStoreUrl === undefined || mongoUrl === undefined || engines.some(({ status }) => status === 'failed')) return [];
  const run = async (config: Config): Promise<string> => {
    const { catalogue } = await import('../../application/catalogue.ts');
    return (await (await ask(config)).together(eventStoreUrl, mongoUrl, { codec: createEventCodec(catalogue), masterKey: config.masterKey, previous: config.previousMasterKey })).detail;
  };
  return [{ name: TOGETHER, run }];
};

/** Looks and changes nothing; safe beside a running server. */
export const examineAll = async (io: Io): Promise<readonly Finding[]> => {
  const config = readConfig(io.env);
  const one = (check: Check): Promise<Finding> => examine(check, config, io);
  // Together, for each may take ten seconds; and alone, for a large database stops all else while it is checked.
  const engines = await Promise.all(enginesOf(config).map(one));
  const findings: Finding[] = [];
  for (const check of [...GROUND, ...databasesOf(config)]) findings.push(await one(check));
  for (const check of togetherElsewhere(config, engines)) engines.push(await one(check));
  return [...findings, ...engines, await one({ name: 'server', run: server })];
};

export const doctorCommand = (io: Io): Command =>
  new Command('doctor')
    .description('check versions, data directory, keys, disk, clock, engines and a running server; changes nothing')
    .option('--json', 'machine-readable output')
    .action(async ({ json }: Readonly<{ json?: boolean }>) => {
      const findings = await examineAll(io);
      print(io, json, findings, (all) => table(['CHECK', 'STATUS', 'DETAIL'], all.map(({ check, status, detail }) => [check, status, detail])));
      const failed = findings.filter(({ status }) => status === 'failed').length;
      if (failed > 0) throw new CommandFailure(`${failed} of ${findings.length} checks failed`);
    });

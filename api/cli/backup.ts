/** `chancery backup` and `chancery restore` */
import { createWriteStream, existsSync } from 'node:fs';
import { open, rename, rm } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { Command } from 'commander';
import { readConfig } from '../../infrastructure/runtime/config.ts';
import { restore } from '../../infrastructure/runtime/restore.ts';
import { withPlatform, type PlatformClient, type WithOwnServer } from './client.ts';
import { BACKED_UP_ELSEWHERE } from '../composition/jobs.ts';
import { CommandFailure, EXIT, print, progress, type Io } from './io.ts';

type Job = Readonly<{ id: string; status: 'running' | 'done' | 'failed'; progress: number; error: string | null; file: Readonly<{ size: number }> | null }>;
type BackupOptions = Readonly<{ out?: string; keys?: string; json?: boolean }>;

const POLL_MS = 100;

const finished = async (io: Io, platform: PlatformClient, kind: string): Promise<Job> => {
  const line = progress(io);
  let job = (await platform.call('POST', '/jobs', { kind })).body as Job;
  while (job.status === 'running') {
    line.show(`${kind} ${Math.round(job.progress * 100)} %`);
    await pause(POLL_MS);
    job = (await platform.call('GET', `/jobs/${job.id}`)).body as Job;
  }
  line.done();
  if (job.status === 'failed') throw new CommandFailure(`the ${kind} failed: ${job.error ?? 'the server log says why'}`);
  return job;
};

const syncPath = async (path: string): Promise<void> => {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
};

/** The file is there whole or not at all, and readable by its owner alone. */
const fetchTo = async (platform: PlatformClient, job: Job, out: string): Promise<void> => {
  const partial = `${out}.partial`;
  try {
    const stream = await platform.download(`/jobs/${job.id}/file`);
    await pipeline(Readable.fromWeb(stream), createWriteStream(partial, { mode: 0o600, flags: 'w' }));
    await syncPath(partial);
    await rename(partial, out);
    await syncPath(dirname(out));
  } catch (error) {
    await rm(partial, { force: true });
    throw error;
  }
};

/** No server is needed to say so; one that is named speaks for itself. */
const isElsewhere = ({ env }: Io): boolean => (env.EVENTSTORE_URL ?? '').trim() !== '' && env.CHANCERY_URL === undefined;

const runBackup = async (io: Io, own: WithOwnServer, options: BackupOptions): Promise<void> => {
  const kind = options.keys === undefined ? 'backup' : 'backup-keys';
  if (isElsewhere(io)) throw new CommandFailure(`${kind}: ${BACKED_UP_ELSEWHERE}`);
  const out = resolve(options.keys ?? options.out ?? '');
  if (existsSync(out)) throw new CommandFailure(`${out} exists already: name a new file, so that no backup takes another's place`);
  const job = await withPlatform(io, own, async (platform) => {
    const done = await finished(io, platform, kind);
    await fetchTo(platform, done, out);
    return done;
  });
  print(io, options.json, { kind, out, bytes: job.file?.size ?? 0 }, ({ bytes }) => `${kind === 'backup' ? 'data' : 'subject keys'}: ${bytes} bytes in ${out}`);
};

export const backupCommand = (io: Io, own: WithOwnServer): Command =>
  new Command('backup')
    .description('back up the log (--out) or, apart from it, the keys of people (--keys), while the program serves')
    .option('--out <file>', 'where to write the data; the keys of people are not in it')
    .option('--keys <file>', 'where to write the keys of people')
    .option('--json', 'machine-readable output')
    .action(async (options: BackupOptions, command: Command) => {
      if ((options.out === undefined) === (options.keys === undefined)) command.error('name one of --out FILE and --keys FILE', { exitCode: EXIT.usage });
      await runBackup(io, own, options);
    });

/** No backup holds the master key, and the program does not start without the one that sealed the data. */
const missingMasterKey = (dataDir: string): readonly string[] => {
  const file = join(dataDir, 'master.key');
  return existsSync(file) ? [] : [`${file} is missing: before the start put the master key of the installation that was backed up there, or set MASTER_KEY`];
};

/** Whatever is made meanwhile is readable by its owner alone, also what SQLite makes. */
const forOwnerAlone = <T>(work: () => T): T => {
  const before = process.umask(0o077);
  try {
    return work();
  } finally {
    process.umask(before);
  }
};

export const restoreCommand = (io: Io): Command =>
  new Command('restore')
    .description('restore a backup into an empty DATA_DIR; the program must not run there')
    .argument('<file>', 'a backup of the data')
    .option('--keys <file>', "today's backup of the keys: who was erased since stays erased")
    .option('--json', 'machine-readable output')
    .action((file: string, options: Readonly<{ keys?: string; json?: boolean }>) => {
      const { dataDir, masterKey } = readConfig(io.env);
      const restored = forOwnerAlone(() => restore({ dataDir, file: resolve(file), ...(options.keys !== undefined && { keysFile: resolve(options.keys) }) }));
      const warnings = [...restored.warnings, ...(masterKey === undefined ? missingMasterKey(dataDir) : [])];
      print(io, options.json, { dataDir, ...restored, warnings }, ({ events, keys, subjectKeys }) =>
        [`restored ${events} events, ${keys} keys and ${subjectKeys} keys of people into ${dataDir}`, ...warnings.map((warning) => `warning: ${warning}`)].join('\n'),
      );
    });

/** `chancery keys rotate` */
import { setTimeout as pause } from 'node:timers/promises';
import { Command, Option } from 'commander';
import { withPlatform, type PlatformClient, type WithOwnServer } from './client.ts';
import { CommandFailure, EXIT, print, progress, type Io } from './io.ts';

type Job = Readonly<{ id: string; status: 'running' | 'done' | 'failed'; progress: number; error: string | null }>;
type RotateOptions = Readonly<{ level: 'master' | 'tenant' | 'session'; tenant?: string; json?: boolean }>;

const POLL_MS = 100;

const DONE: Readonly<Record<RotateOptions['level'], string>> = {
  master: 'Everything is sealed under another master key. Backups made before need the one before: keep DATA_DIR/master.key.previous as long as they matter.',
  tenant: 'The tenant has another key; what older versions have sealed stays readable under them.',
  session: 'Another key signs access tokens; those signed by the one before verify until they expire.',
};

const run = async (io: Io, platform: PlatformClient, { level, tenant }: RotateOptions): Promise<Job> => {
  const line = progress(io);
  let job = (await platform.call('POST', '/jobs', { kind: `rotate-${level}-key`, ...(tenant !== undefined && { tenant }) })).body as Job;
  while (job.status === 'running') {
    line.show(`${level} key ${Math.round(job.progress * 100)} %`);
    await pause(POLL_MS);
    job = (await platform.call('GET', `/jobs/${job.id}`)).body as Job;
  }
  line.done();
  if (job.status === 'failed') throw new CommandFailure(job.error ?? 'the server log says why');
  return job;
};

export const keysCommand = (io: Io, own: WithOwnServer): Command => {
  const keys = new Command('keys').description('the keys that everything at rest is sealed under');
  keys
    .command('rotate')
    .description('put another key in the place of one; again after it was cut off, it goes on')
    .addOption(new Option('--level <level>', 'which key').choices(['master', 'tenant', 'session']).makeOptionMandatory())
    .option('--tenant <slug>', 'whose, for --level tenant')
    .option('--json', 'machine-readable output')
    .action(async (options: RotateOptions, command: Command) => {
      if ((options.level === 'tenant') !== (options.tenant !== undefined)) command.error('--tenant names the tenant of --level tenant, and of nothing else', { exitCode: EXIT.usage });
      const job = await withPlatform(io, own, async (platform) => run(io, platform, options));
      print(io, options.json, { level: options.level, job: job.id, status: job.status }, () => DONE[options.level]);
    });
  return keys;
};

/**
 * Promise 4: a full disk refuses writes and nothing else, until there is space; a disk that fails ends the process, which recovers. The whole
 * program runs as `npm start` runs it, and its own system calls are made to fail: for each kind of command, one after another of the
 * writes that it takes.
 */
import { expect } from 'chai';
import { spawnSync } from 'node:child_process';
import { closeSync, openSync, rmSync, writeSync } from 'node:fs';
import type { Context } from 'mocha';
import { disturb, requireDisturbing, type Seen } from '../support/disk-faults.ts';
import { requireTool } from '../support/pending.ts';
import { serveProgram } from '../support/served-program.ts';
import { temporaryDirectory, type TemporaryDirectory } from '../support/temporary-directory.ts';
import { requireTracing } from '../support/tracing.ts';
import type { Command } from './disk-commands.ts';
import { createDiskWorld, describeAnswer, refused, type DiskWorld } from './disk-world.ts';
import type { Answered } from './world.ts';

/** Writes that fail, one at a time, of each command and database: spread evenly, the first and the last among them. */
const WRITES = Number(process.env['CHANCERY_DISK_WRITES'] ?? 4);

const spread = (of: number): readonly number[] => {
  if (of <= WRITES) return Array.from({ length: of }, (_, index) => index + 1);
  return Array.from({ length: WRITES }, (_, index) => 1 + Math.round((index * (of - 1)) / (WRITES - 1)));
};

type Tally = { failed: number; refused: number; wrong: string[] };

/** The write of this number finds the disk full; right afterwards there is space again. */
const fullAt = async (world: DiskWorld, command: Command, write: Readonly<{ file: string; number: number }>, tally: Tally): Promise<void> => {
  const asked = await command.prepare();
  const full = await disturb(world.program.process.pid as number, { calls: 'pwrite64', files: [write.file], error: 'ENOSPC', when: String(write.number) });
  const answer = await world.ask(asked);
  const { failed } = await full.end();
  tally.failed += failed;
  tally.refused += Number(answer.status === 503);
  tally.wrong.push(...world.judge(command, answer));
  if (answer.status === 503) tally.wrong.push(...(await world.resume(command, asked)));
};

const writesOf = async (world: DiskWorld, command: Command, file: string): Promise<number> => {
  const asked = await command.prepare();
  const watching = await disturb(world.program.process.pid as number, { calls: 'pwrite64', files: [file] });
  const answer = await world.ask(asked);
  const { calls } = await watching.end();
  expect(world.judge(command, answer)).to.deep.equal([]);
  expect(answer.status, `${command.name}: ${describeAnswer(answer)}`).to.equal(command.status);
  return calls;
};

type Broken = Readonly<{ calls: 'fsync' | 'pwrite64'; database: 'events' | 'state' | 'read-models'; command: string }>;

const commandNamed = ({ desk }: DiskWorld, name: string): Command => {
  const found = desk.commands.find((command) => command.name === name);
  if (found === undefined) throw new Error(`no command ${name}`);
  return found;
};

const GONE_WITHIN_S = 1;
/** What still runs then does not end at all. */
const ALIVE_AFTER_MS = 2_000;

const endsAtOnce = (code: number | null | 'alive', { failedAt, endedAt }: Seen): readonly string[] => {
  if (code !== 1) return [`exit code ${code}`];
  const took = (endedAt ?? Number.POSITIVE_INFINITY) - (failedAt ?? 0);
  return took <= GONE_WITHIN_S ? [] : [`gone ${took} s after the failure`];
};

/** Eight requests are under way when the disk fails. What is wrong with their answers, and with the end of the process. */
const breakUnder = async (world: DiskWorld, { calls, database, command: name }: Broken): Promise<readonly string[]> => {
  const command = commandNamed(world, name);
  const requests = await Promise.all(Array.from({ length: 8 }, () => command.prepare()));
  const broken = await disturb(world.program.process.pid as number, { calls, files: [world.wal(database)], error: 'EIO', when: '1' });
  const answers = await Promise.all(requests.map((asked) => world.ask(asked).catch((error: Error) => error)));
  const late = new Promise<'alive'>((resolve) => { setTimeout(() => resolve('alive'), ALIVE_AFTER_MS); });
  const code = await Promise.race([world.program.gone, late]);
  const seen = await broken.end();
  const answered = answers.filter((answer): answer is Answered => !(answer instanceof Error));
  return [
    ...endsAtOnce(code, seen),
    ...answers.filter((answer) => answer instanceof Error).map((error) => `${name}: no answer (${error.message})`),
    ...answered.flatMap((answer) => world.judge(command, answer)),
  ];
};

const fits = (descriptor: number, size: number): boolean => {
  try {
    return writeSync(descriptor, Buffer.alloc(size)) === size;
  } catch {
    return false;
  }
};

/** Takes every byte that is left. */
const fill = (file: string): void => {
  const descriptor = openSync(file, 'w');
  for (let size = 65_536; size >= 1; size = Math.floor(size / 2)) while (fits(descriptor, size));
  closeSync(descriptor);
};

/** A file system of so many bytes (`16m`), mounted on a directory; pending where that is not allowed. */
const mountSmall = (context: Context, path: string, size: string): void => {
  if (process.platform === 'linux' && spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', path], { stdio: 'ignore' }).status === 0) return;
  if (context.test !== undefined) context.test.title += ' (needs permission to mount)';
  context.skip();
};

describe('promise 4: a full disk refuses writes until there is space, a failing one ends the process', function suite() {
  this.timeout(300_000);

  before(function needs() {
    requireTool(this, 'python3', 'the independent reader');
  });

  describe('one failing system call', () => {
    let directory: TemporaryDirectory | undefined;
    let here: DiskWorld;

    before(async function needs() {
      requireTool(this, 'strace', 'Debian package strace; Linux only');
      requireTracing(this);
      await requireDisturbing(this);
      directory = temporaryDirectory();
      here = await createDiskWorld(directory.path);
    });

    after(async () => {
      await here?.stop();
      directory?.remove();
    });

    for (const database of ['events', 'state'] as const) {
      it(`answers 503, stores nothing else and goes on, whichever write of a command finds no space: ${database}`, async () => {
        const tally: Tally = { failed: 0, refused: 0, wrong: [] };
        for (const command of here.desk.commands) {
          const file = here.wal(database);
          for (const number of spread(await writesOf(here, command, file))) await fullAt(here, command, { file, number }, tally);
        }
        expect(tally.wrong).to.deep.equal([]);
        expect(tally.failed, 'writes that failed').to.be.greaterThan(database === 'events' ? 40 : 5);
        expect(tally.refused, 'requests refused').to.be.greaterThan(database === 'events' ? 40 : 2);
        await here.requireStored();
      });
    }

    it('ends within a second of a failed sync or write, answers 503 to what is under way, and recovers', async () => {
      const cases: readonly Broken[] = [
        { calls: 'fsync', database: 'events', command: 'sign a digest' },
        { calls: 'pwrite64', database: 'events', command: 'sign in' },
        { calls: 'pwrite64', database: 'state', command: 'create an API key' },
        { calls: 'pwrite64', database: 'read-models', command: 'revoke a credential' },
      ];
      for (const broken of cases) {
        expect(await breakUnder(here, broken), JSON.stringify(broken)).to.deep.equal([]);
        await here.requireStored();
        await here.start();
        const command = commandNamed(here, broken.command);
        expect(await here.resume(command, await command.prepare())).to.deep.equal([]);
      }
    });

    it('goes red when a failed sync is swallowed (errcode 1034)', async () => {
      await here.start(new URL('programs/swallow-failed-sync.ts', import.meta.url));
      const wrong = await breakUnder(here, { calls: 'fsync', database: 'events', command: 'create a credential' });
      expect(wrong).to.include('exit code alive');
      await here.stop();
      const lost = await here.requireStored().then(() => false, () => true);
      expect(lost, 'something acknowledged was lost').to.equal(true);
    });
  });

  it('a full file system: every command is refused, everything is read, and all goes on when there is space', async function full() {
    const { path, remove } = temporaryDirectory();
    mountSmall(this, path, '16m');
    const here = await createDiskWorld(`${path}/data`);
    try {
      const prepared = [];
      for (const command of here.desk.commands) prepared.push({ command, asked: await command.prepare() });
      for (const asked of here.desk.reads) expect((await here.ask(asked)).status, asked.path).to.equal(200);
      fill(`${path}/filler`);
      for (const { command, asked } of prepared) {
        const answer = await here.ask(asked);
        expect(refused(answer, asked), `${command.name}: ${describeAnswer(answer)}`).to.equal(true);
      }
      for (const asked of here.desk.reads) {
        const answer = await here.ask(asked);
        expect(answer.status, `${asked.path}: ${describeAnswer(answer)}`).to.equal(200);
      }
      rmSync(`${path}/filler`);
      for (const { command, asked } of prepared) expect(await here.resume(command, asked)).to.deep.equal([]);
      await here.requireStored();
    } finally {
      await here.stop();
      spawnSync('umount', [path]);
      remove();
    }
  });

  it('a start that finds no space says so in one line and ends; with space it serves', async function start() {
    const { path, remove } = temporaryDirectory();
    mountSmall(this, path, '700k');
    try {
      const full = serveProgram({ dataDir: path });
      expect(await full.gone).to.equal(1);
      expect(full.said()).to.equal('chancery: nothing can be stored in DATA_DIR: its disk is full or failing\n');
      expect(spawnSync('mount', ['-o', 'remount,size=16m', path]).status).to.equal(0);
      const roomy = serveProgram({ dataDir: path });
      await roomy.listening;
      roomy.process.kill('SIGTERM');
      expect(await roomy.gone).to.equal(0);
    } finally {
      spawnSync('umount', [path]);
      remove();
    }
  });
});

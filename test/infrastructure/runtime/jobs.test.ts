import { expect } from 'chai';
import { existsSync, mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { stat, writeFile } from 'node:fs/promises';
import { randomUUID } from 'node:crypto';
import type { Job } from '../../../application/kernel/jobs.ts';
import { createJobs, type JobWork, type RunningJobs } from '../../../infrastructure/runtime/jobs.ts';
import type { StateStore } from '../../../application/kernel/state.ts';
import { Rejection } from '../../../domain/kernel/rejection.ts';
import { createMemoryState } from '../../api/kernel/support.ts';
import { silentLogger } from '../../support/silent.ts';
import { temporaryDirectory, type TemporaryDirectory } from '../../support/temporary-directory.ts';

const CAUSE = { actor: { kind: 'operator', id: 'operator' }, correlation: 'test' } as const;

const settled = async (jobs: RunningJobs, id: string): Promise<Job> => {
  for (;;) {
    const job = await jobs.get(id);
    if (job?.status !== 'running') return job as Job;
    await new Promise((resolve) => { setImmediate(resolve); });
  }
};

describe('jobs', () => {
  let home: TemporaryDirectory;
  let clock: { time: number; now: () => number };
  let state: ReturnType<typeof createMemoryState>;
  beforeEach(() => {
    home = temporaryDirectory();
    clock = { time: 0, now: () => clock.time };
    state = createMemoryState(() => clock.time);
  });
  afterEach(() => home.remove());

  const start = (work: JobWork): Promise<RunningJobs> =>
    createJobs({ state, clock, logger: silentLogger, directory: `${home.path}/jobs`, kinds: { copy: { work, fileName: 'copy-{id}.txt', contentType: 'text/plain' } } });

  it('remove what a killed process had begun to write, and nothing else', async () => {
    mkdirSync(`${home.path}/jobs`);
    for (const name of ['copy-1.txt', 'copy-2.txt.partial-4711', 'copy-3.txt.partial']) writeFileSync(`${home.path}/jobs/${name}`, 'x');
    await (await start(async () => undefined)).close();
    expect(readdirSync(`${home.path}/jobs`)).to.have.members(['copy-1.txt', 'copy-3.txt.partial']);
  });

  it('run after they were started, and hand out what they made', async () => {
    const id = randomUUID();
    const jobs = await start(({ path }) => writeFile(path, 'made'));
    expect(await jobs.start('copy', id, CAUSE)).to.deep.include({ id, kind: 'copy', status: 'running', progress: 0 });
    expect(await settled(jobs, id)).to.deep.equal({
      id, kind: 'copy', status: 'done', progress: 1, createdAt: '1970-01-01T00:00:00.000Z', finishedAt: '1970-01-01T00:00:00.000Z',
      file: { name: `copy-${id}.txt`, contentType: 'text/plain', size: 4 },
    });
    let text = '';
    for await (const piece of (await jobs.read(id)) ?? []) text += Buffer.from(piece).toString();
    expect(text).to.equal('made');
    if (process.platform !== 'win32') expect(statSync(`${home.path}/jobs`).mode & 0o777).to.equal(0o700);
  });

  it('have nothing to hand out once somebody has taken it away', async () => {
    const id = randomUUID();
    const jobs = await start(({ path }) => writeFile(path, 'made'));
    await jobs.start('copy', id, CAUSE);
    await settled(jobs, id);
    rmSync(`${home.path}/jobs/copy-${id}.txt`);
    expect(await jobs.read(id)).to.equal(undefined);
  });

  it('open what they made for the first piece, and leave nothing open for whoever takes none', async () => {
    const id = randomUUID();
    const jobs = await start(({ path }) => writeFile(path, 'made'));
    await jobs.start('copy', id, CAUSE);
    await settled(jobs, id);
    const pieces = (await jobs.read(id)) as AsyncIterable<Uint8Array>;
    // Time enough for a file to be opened.
    await stat(`${home.path}/jobs/copy-${id}.txt`);
    for (let turn = 0; turn < 50; turn += 1) await new Promise((resolve) => { setImmediate(resolve); });
    rmSync(`${home.path}/jobs/copy-${id}.txt`);
    const error = await pieces[Symbol.asyncIterator]().next().then(() => undefined, (reason: unknown) => reason);
    expect(error).to.include({ code: 'ENOENT' });
  });

  it('tell how far they are, never going back', async () => {
    const id = randomUUID();
    const seen: number[] = [];
    const jobs: RunningJobs = await start(async ({ path, progress }) => {
      for (const done of [0.25, 0.5, 0.1, 7]) {
        clock.time += 2_000;
        progress(done);
        await new Promise((resolve) => { setImmediate(resolve); });
        seen.push((await jobs.get(id))?.progress ?? -1);
      }
      await writeFile(path, '');
    });
    await jobs.start('copy', id, CAUSE);
    await settled(jobs, id);
    expect(seen).to.deep.equal([0.25, 0.5, 0.5, 1]);
  });

  it('say how they ended where the state was away for a moment, while they ran or when they ended, and keep what they made', async () => {
    for (const away of ['before', 'after'] as const) {
      const [id, next, gone] = [randomUUID(), Promise.withResolvers<void>(), Promise.withResolvers<void>()];
      const [writes, whole] = [[] as string[], state];
      // Stored or not: whoever asked has no answer.
      const refused = async (...asked: Parameters<StateStore['compareAndSet']>): Promise<boolean> => {
        if (away === 'after') await whole.compareAndSet(...asked);
        throw new Rejection('storage.unavailable');
      };
      state = { ...state, compareAndSet: async (...asked) => {
        writes.push(asked[3]?.value ?? '');
        if (writes.length === 2) gone.resolve();
        return writes.length === 2 || writes.length === 4 ? refused(...asked) : whole.compareAndSet(...asked);
      } };
      const jobs = await start(async ({ path, progress }) => {
        clock.time += 5_000;
        progress(0.25);
        await next.promise;
        clock.time += 5_000;
        progress(0.5);
        await writeFile(path, 'made');
      });
      await jobs.start('copy', id, CAUSE);
      await gone.promise;
      next.resolve();
      expect(await settled(jobs, id)).to.deep.include({ status: 'done', progress: 1, file: { name: `copy-${id}.txt`, contentType: 'text/plain', size: 4 } });
      expect(existsSync(`${home.path}/jobs/copy-${id}.txt`)).to.equal(true);
      await jobs.close();
    }
  }).timeout(30_000);

  it('say how they ended where a state of progress is stored late, between two attempts to say so', async () => {
    const [id, whole, late] = [randomUUID(), state, [] as (() => Promise<unknown>)[]];
    let isOver = false;
    state = { ...state, compareAndSet: async (...asked) => {
      if (asked[3]?.value.includes('"progress":0.')) {
        late.push(() => whole.compareAndSet(asked[0], asked[1], undefined, asked[3]));
        throw new Rejection('storage.unavailable');
      }
      if (isOver) {
        const [value, next] = [await whole.get(asked[0], asked[1]), late.shift()];
        if (next !== undefined) await whole.compareAndSet(asked[0], asked[1], value, undefined);
        await next?.();
      }
      return whole.compareAndSet(...asked);
    } };
    const jobs = await start(async ({ path, progress }) => {
      for (const done of [0.25, 0.5]) {
        clock.time += 5_000;
        progress(done);
      }
      await writeFile(path, 'made');
      isOver = true;
    });
    await jobs.start('copy', id, CAUSE);
    expect(await settled(jobs, id)).to.include({ status: 'done' });
    await jobs.close();
  });

  it('keep nothing of what they made when somebody has given them up meanwhile', async () => {
    const [id, made] = [randomUUID(), Promise.withResolvers<void>()];
    const jobs = await start(async ({ path }) => {
      await writeFile(path, 'made');
      const stored = (await state.get('jobs', id)) ?? '';
      await state.compareAndSet('jobs', id, stored, { value: JSON.stringify({ ...(JSON.parse(stored) as Job), status: 'failed', error: 'interrupted' }) });
      made.resolve();
    });
    await jobs.start('copy', id, CAUSE);
    await made.promise;
    await jobs.close();
    expect(await jobs.get(id)).to.include({ status: 'failed', error: 'interrupted' });
    expect(existsSync(`${home.path}/jobs/copy-${id}.txt`)).to.equal(false);
  });

  it('are one job for one id', async () => {
    let runs = 0;
    const jobs = await start(async ({ path }) => {
      runs += 1;
      await writeFile(path, '');
    });
    const id = randomUUID();
    await Promise.all([jobs.start('copy', id, CAUSE), jobs.start('copy', id, CAUSE)]);
    await settled(jobs, id);
    expect((await jobs.start('copy', id, CAUSE)).status).to.equal('done');
    expect(runs).to.equal(1);
  });

  it('that fail say so, leak nothing, and leave nothing behind', async () => {
    const id = randomUUID();
    let written = '';
    const jobs = await start(async ({ path }) => {
      written = path;
      await writeFile(path, 'half');
      throw new Error('/secret/path is full');
    });
    await jobs.start('copy', id, CAUSE);
    const job = await settled(jobs, id);
    expect(job).to.include({ status: 'failed', error: 'it could not be finished; the log says why' });
    expect(existsSync(written)).to.equal(false);
    expect(await jobs.read(id)).to.equal(undefined);
  });

  it('that ran when the process ended have failed', async () => {
    const id = randomUUID();
    const before = await start(() => new Promise(() => undefined));
    await before.start('copy', id, CAUSE);
    const after = await start(async () => undefined);
    expect(await after.get(id)).to.include({ status: 'failed', error: 'interrupted by the end of the process' });
  });

  it('are told to stop when the program does, and waited for', async () => {
    const id = randomUUID();
    const jobs = await start(({ signal }) => new Promise((_, reject) => { signal.addEventListener('abort', () => reject(new Error('stopped'))); }));
    await jobs.start('copy', id, CAUSE);
    await jobs.close();
    expect((await jobs.get(id))?.status).to.equal('failed');
  });

  it('are of kinds that are known', async () => {
    const jobs = await start(async () => undefined);
    expect(jobs.kinds).to.deep.equal(['copy']);
    for (const kind of ['nonsense', 'constructor', '__proto__']) expect(await jobs.start(kind, randomUUID(), CAUSE).catch((error: Error) => error.name)).to.equal('TypeError');
    expect(await jobs.get(randomUUID())).to.equal(undefined);
  });
});

/**
 * Long work in this process: what it does is given by kind, how far it is stands in the state store, what it makes in a directory. A
 * job that was running when its process ended has failed: it says so from the next start on, or when another process finds that it is gone.
 */
import { createReadStream } from 'node:fs';
import { mkdir, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { Job, JobInput, Jobs } from '../../application/kernel/jobs.ts';
import { createLoneLeases, type Leases } from '../../application/kernel/leases.ts';
import type { Clock, Logger } from '../../application/kernel/ports.ts';
import type { StateStore } from '../../application/kernel/state.ts';
import { isUnavailable } from '../../application/kernel/unavailable.ts';

/** Writes its result, if it makes one, to `path`; `progress` takes 0 to 1. A `JobFailure` is shown to the operator, nothing else. */
export type JobWork = (context: Readonly<{ path: string; input: JobInput; progress: (done: number) => void; signal: AbortSignal }>) => Promise<void>;
/** The name of the file, with `{id}` in it, and its media type. */
type JobFile = Readonly<{ fileName: string; contentType: string }>;
export type JobKind = Readonly<{ work: JobWork; needsTenant?: boolean }> & Partial<JobFile>;

/** Why work was not done, in words for the operator. */
export class JobFailure extends Error {}

export type JobsOptions = Readonly<{
  state: StateStore;
  clock: Clock;
  logger: Pick<Logger, 'error'>;
  /** Where results are put; made, mode 0700, when it is not there. */
  directory: string;
  kinds: Readonly<Record<string, JobKind>>;
  /** Where several processes share the state: which of them does a job. Without, whatever ran before this one began is over. */
  leases?: Leases | undefined;
}>;

export type RunningJobs = Jobs & Readonly<{ /** Tells running jobs to stop and waits for them. */ close: () => Promise<void> }>;

const SCOPE = 'jobs';
const KEPT_MS = 30 * 86_400_000;
const SAVED_EVERY_MS = 1_000;

/** Before the end of a job that could not be stored is stored again. */
const AGAIN_MS = 1_000;

type Outcome = Pick<Job, 'status'> & Partial<Job>;

const isRunning = ({ status }: Job): boolean => status === 'running';

/** The book of jobs. */
const createBook = ({ state, clock }: Pick<JobsOptions, 'state' | 'clock'>) => {
  const get = async (id: string): Promise<Job | undefined> => {
    const stored = await state.get(SCOPE, id);
    return stored === undefined ? undefined : (JSON.parse(stored) as Job);
  };
  /** Stores a job if nobody has stored another state of it meanwhile. */
  const put = async (job: Job, before: Job | undefined): Promise<boolean> =>
    state.compareAndSet(SCOPE, job.id, before && JSON.stringify(before), { value: JSON.stringify(job), expiresAt: clock.now() + KEPT_MS });
  return { get, put };
};

type Book = ReturnType<typeof createBook>;

const leaseOf = (id: string): string => `job:${id}`;

/** What was running in a process that is no more; of one that others run, the end is waited for. */
const giveUpInterrupted = async (book: Book, { state, clock }: JobsOptions, leases: Leases, signal: AbortSignal): Promise<void> => {
  const running: Job[] = [];
  for await (const { value } of state.list(SCOPE)) {
    const job = JSON.parse(value) as Job;
    if (isRunning(job)) running.push(job);
  }
  const giveUp = async (id: string): Promise<void> => {
    const job = await book.get(id);
    if (signal.aborted || job === undefined || !isRunning(job)) return;
    await book.put({ ...job, status: 'failed', finishedAt: new Date(clock.now()).toISOString(), error: 'interrupted by the end of the process' }, job);
  };
  await Promise.all(running.map(({ id }) => leases.hold(leaseOf(id), signal, () => giveUp(id))));
};

/** What a process that was killed had begun to write. */
const removeUnfinished = async (directory: string): Promise<void> => {
  const names = await readdir(directory).catch(() => []);
  for (const name of names) if (/\.partial-\d+$/.test(name)) await rm(join(directory, name), { force: true });
};

class Run {
  /** As it is, and as it was stored last, as far as that is known. */
  #job: Job;
  #stored: Job;
  #savedAt = 0;
  readonly #book: Book;
  readonly #clock: Clock;
  /** States are stored in order. */
  #saving: Promise<unknown> = Promise.resolve();

  constructor(job: Job, book: Book, clock: Clock) {
    [this.#job, this.#stored] = [job, job];
    this.#book = book;
    this.#clock = clock;
  }

  progress(done: number): void {
    const progress = Math.min(1, Math.max(this.#job.progress, done));
    if (this.#clock.now() - this.#savedAt < SAVED_EVERY_MS) return;
    this.#savedAt = this.#clock.now();
    this.#save({ progress });
  }

  /** Tries again while nothing can be stored, until `signal` fires: who asks would be told that it is running for good. False: somebody has given it up. */
  async end(outcome: Outcome, signal: AbortSignal): Promise<boolean> {
    this.#job = { ...this.#job, ...outcome, finishedAt: new Date(this.#clock.now()).toISOString() };
    await this.#saving;
    for (;;) {
      try {
        return await this.#store(this.#job);
      } catch (error) {
        if (!isUnavailable(error) || signal.aborted) throw error;
        await pause(AGAIN_MS, undefined, { signal }).catch(() => undefined);
      }
    }
  }

  #save(change: Partial<Job>): void {
    this.#job = { ...this.#job, ...change };
    const after = this.#job;
    // A state of progress that could not be stored is made up for by the next one.
    this.#saving = this.#saving.then(() => this.#store(after)).catch(() => undefined);
  }

  /** Whether an attempt before it was stored, or will be, need not be known: nobody else writes a job that is done here, but to give it up. */
  async #store(after: Job): Promise<boolean> {
    while (!(await this.#book.put(after, this.#stored))) {
      const there = await this.#book.get(after.id);
      if (there === undefined || !isRunning(there)) return JSON.stringify(there) === JSON.stringify(after);
      this.#stored = there;
    }
    this.#stored = after;
    return true;
  }
}

const nameOf = (kind: JobKind, id: string): string => (kind.fileName ?? '{id}').replace('{id}', id);

/** What it has made, if it is of a kind that makes something. */
const fileOf = async ({ fileName, contentType }: JobKind, name: string, path: string): Promise<Pick<Job, 'file'>> =>
  fileName === undefined ? {} : { file: { name, contentType: contentType ?? 'application/octet-stream', size: (await stat(path)).size } };

/** Opened for the first piece: whoever takes none (HEAD, a client that has gone) would leave it open. */
async function* pieces(path: string): AsyncGenerator<Uint8Array> {
  yield* createReadStream(path) as AsyncIterable<Uint8Array>;
}

/** Undefined once somebody has taken the file away. */
const piecesOf = async (path: string): Promise<AsyncIterable<Uint8Array> | undefined> => {
  const isThere = await stat(path).then(() => true, (error: unknown) => (error as NodeJS.ErrnoException).code !== 'ENOENT');
  return isThere ? pieces(path) : undefined;
};

const whyOf = (error: unknown): string => (error instanceof JobFailure ? error.message : 'it could not be finished; the log says why');

type Running = Readonly<{ input: JobInput; options: JobsOptions; book: Book; signal: AbortSignal }>;

/** What has become of it. */
const outcomeOf = async (job: Job, kind: JobKind, { input, options: { logger, directory }, signal }: Running, { progressing, name, path }: Readonly<{ progressing: Run; name: string; path: string }>): Promise<Outcome> => {
  try {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    signal.throwIfAborted();
    await kind.work({ path, input, progress: (done) => progressing.progress(done), signal });
    return { status: 'done', progress: 1, ...(await fileOf(kind, name, path)) };
  } catch (error) {
    logger.error({ error, job: job.id, kind: job.kind }, 'a job failed');
    return { status: 'failed', error: whyOf(error) };
  }
};

/** Does the work and notes how it ended; what it has made only stays when it is complete, and noted. */
const run = async (job: Job, kind: JobKind, running: Running): Promise<void> => {
  const { options: { clock, directory }, book, signal } = running;
  const [progressing, name] = [new Run(job, book, clock), nameOf(kind, job.id)];
  const path = join(directory, name);
  const outcome = await outcomeOf(job, kind, running, { progressing, name, path });
  if (outcome.status === 'failed') await rm(path, { force: true });
  let isNoted = false;
  try {
    isNoted = await progressing.end(outcome, signal);
  } finally {
    if (!isNoted) await rm(path, { force: true });
  }
};

/** Work that is waited for at the end. What it rejects with is logged. */
const createUnderWay = (logger: JobsOptions['logger']) => {
  const all = new Set<Promise<void>>();
  return {
    add: (work: Promise<void>, about: object, message: string): void => {
      const mine = work.catch((error: unknown) => logger.error({ error, ...about }, message)).finally(() => all.delete(mine));
      all.add(mine);
    },
    ended: () => Promise.all(all),
  };
};

/** How a job of this process begins. */
const createBegin = ({ leases, underWay, ...running }: Omit<Running, 'input'> & Readonly<{ leases: Leases; underWay: ReturnType<typeof createUnderWay> }>) =>
  (job: Job, kind: JobKind, input: JobInput): void => {
    let begun = false;
    /** Whoever has lost it does not begin anew. */
    const once = async (held: AbortSignal): Promise<void> => {
      if (begun) return;
      begun = true;
      await run(job, kind, { ...running, input, signal: held });
    };
    underWay.add(leases.hold(leaseOf(job.id), running.signal, once), { job: job.id }, 'the end of a job could not be noted');
  };

export const createJobs = async (options: JobsOptions): Promise<RunningJobs> => {
  const { clock, logger, directory, kinds, leases = createLoneLeases() } = options;
  const book = createBook(options);
  const stopping = new AbortController();
  const underWay = createUnderWay(logger);
  const tidied = giveUpInterrupted(book, options, leases, stopping.signal);
  if (options.leases === undefined) await tidied;
  else underWay.add(tidied, {}, 'jobs that others began could not be looked at');
  await removeUnfinished(directory);
  const kindOf = (name: string): JobKind | undefined => (Object.hasOwn(kinds, name) ? kinds[name] : undefined);
  const begin = createBegin({ options, book, leases, underWay, signal: stopping.signal });

  return {
    kinds: Object.keys(kinds),
    get: (id) => book.get(id),
    needsTenant: (name) => kindOf(name)?.needsTenant ?? false,
    start: async (name, id, input) => {
      const kind = kindOf(name);
      if (kind === undefined) throw new TypeError(`no such kind of job: ${name}`);
      const job: Job = { id, kind: name, status: 'running', progress: 0, createdAt: new Date(clock.now()).toISOString() };
      if (!(await book.put(job, undefined))) return (await book.get(id)) ?? job;
      begin(job, kind, input);
      return job;
    },
    read: async (id) => {
      const job = await book.get(id);
      const kind = job?.file && kindOf(job.kind);
      return kind?.fileName === undefined ? undefined : piecesOf(join(directory, nameOf(kind, id)));
    },
    close: async () => {
      stopping.abort();
      await underWay.ended();
    },
  };
};

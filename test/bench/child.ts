/** Other processes that take part: the program itself, and what loads it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { freePort } from '../../scripts/engines-support/free-port.ts';

/** What still runs when a benchmark fails goes with it. */
const children = new Set<ChildProcess>();
process.once('exit', () => {
  for (const child of children) child.kill('SIGKILL');
});

const started = (child: ChildProcess): ChildProcess => {
  children.add(child);
  child.once('exit', () => children.delete(child));
  return child;
};

const ROOT = join(import.meta.dirname, '../..');
const FLAGS = ['--disable-warning=ExperimentalWarning'] as const;
/** What `npm start` gives Node.js. */
const PRODUCTION_FLAGS = [...FLAGS, '--max-semi-space-size=32', '--import', './api/compile-cache.js'] as const;

export type Program = Readonly<{
  url: string;
  pid: number;
  /** Milliseconds from the process' start to its first ready answer. */
  readyAfter: number;
  operatorToken: string;
  stop: () => Promise<void>;
}>;

const isReady = async (url: string): Promise<boolean> => {
  try {
    const answer = await fetch(`${url}/readyz`);
    await answer.arrayBuffer();
    return answer.status === 200;
  } catch {
    return false;
  }
};

/** Empty where what was started has none. */
const operatorTokenIn = (dataDir: string): string => {
  const file = join(dataDir, 'operator.token');
  return existsSync(file) ? readFileSync(file, 'utf8').trim() : '';
};

const POLL_MS = 5;

const untilReady = async (url: string, child: ChildProcess): Promise<void> => {
  while (!(await isReady(url))) {
    if (child.exitCode !== null) throw new Error(`the program ended with ${child.exitCode} before it was ready`);
    await delay(POLL_MS);
  }
};

/** The whole program as it is started in production (or `script` in its place), in a process of its own; resolves when it is ready. */
export const startProgram = async ({ dataDir, script = 'api/main.ts' }: Readonly<{ dataDir: string; script?: string }>): Promise<Program> => {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  // Its log is written as always, to where nobody reads it.
  const nowhere = openSync('/dev/null', 'w');
  const begin = performance.now();
  const extra = (process.env['BENCH_NODE_OPTIONS'] ?? '').split(' ').filter((option) => option !== '');
  const child = started(spawn(process.execPath, [...PRODUCTION_FLAGS, ...extra, script], {
    cwd: ROOT,
    env: { ...process.env, DATA_DIR: dataDir, PORT: String(port) },
    stdio: ['ignore', nowhere, nowhere],
  }));
  closeSync(nowhere);
  const pid = child.pid ?? -1;
  await untilReady(url, child);
  const readyAfter = performance.now() - begin;
  return {
    url,
    pid,
    readyAfter,
    operatorToken: operatorTokenIn(dataDir),
    stop: async () => {
      const ended = once(child, 'exit');
      child.kill('SIGTERM');
      await ended;
    },
  };
};

/** A script of this folder in a process of its own, asked over its channel: one answer for each question. */
export type Helper = Readonly<{ ask: <Answer>(question: unknown) => Promise<Answer>; stop: () => Promise<void> }>;

export const startHelper = (script: string): Helper => {
  const child = started(spawn(process.execPath, [...FLAGS, join(import.meta.dirname, script)], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] }));
  const failed = once(child, 'exit').then(([code]) => Promise.reject(new Error(`${script} ended with ${String(code)}`)));
  failed.catch(() => undefined);
  return {
    ask: async <Answer>(question: unknown) => {
      const answered = Promise.withResolvers<Answer>();
      child.once('message', answered.resolve as (message: unknown) => void);
      child.send(question as object);
      return Promise.race([answered.promise, failed]);
    },
    stop: async () => {
      const ended = once(child, 'exit');
      child.disconnect();
      await ended;
    },
  };
};

/** Resident memory of a process in bytes, as the kernel counts it. */
export const residentBytes = (pid: number): number => {
  const [, kilobytes = '0'] = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Number(kilobytes) * 1_024;
};

const TICKS_A_SECOND = 100;

/** Processor time of a process, all its threads, in milliseconds, as the kernel counts it. */
export const processorMs = (pid: number): number => {
  // The name, in brackets, may hold spaces; the times are the 14th and 15th field.
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/^.*\) /s, '').split(' ');
  return ((Number(fields[11]) + Number(fields[12])) * 1_000) / TICKS_A_SECOND;
};

/** Makes system calls of a running program fail, by strace: a disk that is full or broken, where and for as long as a test wants. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { Context } from 'mocha';
import { temporaryDirectory } from './temporary-directory.ts';

export type Disturbance = Readonly<{
  /** System calls by name, separated by commas, and the files that they must touch. */
  calls: string;
  files: readonly string[];
  /** Without it the calls are only counted. */
  error?: 'ENOSPC' | 'EIO';
  /** Which of a thread's calls fail: `3`, or `1+` for all from the first. */
  when?: string;
}>;

/** Times are seconds since 1970, as strace saw them. */
export type Seen = Readonly<{ calls: number; failed: number; failedAt: number | undefined; endedAt: number | undefined }>;

export type Disturbing = Readonly<{ /** Ends it, and tells what happened. */ end: () => Promise<Seen> }>;

const argumentsFor = (pid: number, log: string, { calls, files, error, when = '1+' }: Disturbance): readonly string[] => [
  '-f', '-ttt', '-s', '0', '-o', log, '-p', String(pid), '-e', 'signal=none', '-e', `trace=${calls}`,
  ...files.flatMap((file) => ['-P', file]),
  ...(error === undefined ? [] : ['-e', `inject=${calls}:error=${error}:when=${when}`]),
];

const timeOf = (line: string | undefined): number | undefined => (line === undefined ? undefined : Number(line.split(/\s+/)[1]));

const seenIn = (log: string): Seen => {
  const lines = readFileSync(log, 'utf8').split('\n');
  const failed = lines.filter((line) => line.endsWith('(INJECTED)'));
  return {
    calls: lines.filter((line) => / = -?\d+/.test(line)).length,
    failed: failed.length,
    failedAt: timeOf(failed[0]),
    endedAt: timeOf(lines.findLast((line) => line.includes('+++ '))),
  };
};

/** Resolves once it works. Rejects when the program may not be traced. */
export const disturb = async (pid: number, disturbance: Disturbance): Promise<Disturbing> => {
  const { path, remove } = temporaryDirectory();
  const log = `${path}/strace`;
  const strace = spawn('strace', [...argumentsFor(pid, log, disturbance)], { stdio: ['ignore', 'ignore', 'pipe'] });
  const ended = once(strace, 'close');
  await new Promise<void>((resolve, reject) => {
    let said = '';
    strace.stderr.on('data', (chunk: Buffer) => {
      said += chunk.toString();
      if (said.includes('attached')) resolve();
    });
    strace.once('close', () => reject(new Error(`strace: ${said}`)));
    strace.once('error', reject);
  });
  return {
    end: async () => {
      strace.kill('SIGINT');
      await ended;
      const seen = seenIn(log);
      remove();
      return seen;
    },
  };
};

/** Pending where a process may not disturb another one that it did not start by strace. */
export const requireDisturbing = async (context: Context): Promise<void> => {
  const sleeper = spawn(process.execPath, ['-e', 'setTimeout(() => undefined, 60_000)'], { stdio: 'ignore' });
  try {
    const disturbing = await disturb(sleeper.pid as number, { calls: 'fsync', files: ['/'] });
    await disturbing.end();
  } catch {
    const test = context.currentTest ?? context.test;
    if (test !== undefined) test.title += ' (needs permission to trace processes that run)';
    context.skip();
  } finally {
    sleeper.kill('SIGKILL');
  }
};

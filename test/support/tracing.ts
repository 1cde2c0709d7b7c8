/** Watching, and disturbing, the system calls of a program. */
import { spawnSync } from 'node:child_process';
import type { Context } from 'mocha';

/** Pending where strace is there but may not trace (some containers forbid it). */
export const requireTracing = (context: Context): void => {
  if (spawnSync('strace', ['-o', '/dev/null', 'true'], { stdio: 'ignore' }).status === 0) return;
  const test = context.currentTest ?? context.test;
  if (test !== undefined) test.title += ' (needs permission to trace processes)';
  context.skip();
};

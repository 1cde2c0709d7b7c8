/**
 * `npm run soak`: the long runs of reliability tests, each bounded in time, on this machine alone (loopback). What they measure stands in
 * docs/reliability.md.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

type Soak = Readonly<{ promise: string; spec: string; grep: string; env: Readonly<Record<string, string>>; minutes: number }>;

const SOAKS: readonly Soak[] = [
  {
    promise: '12: webhooks', spec: 'test/reliability/12-webhooks.test.ts', grep: 'fail half of the time',
    env: { CHANCERY_WEBHOOK_EVENTS: '10000', CHANCERY_WEBHOOK_KILLS: '200' }, minutes: 15,
  },
];

const root = join(import.meta.dirname, '..');

/** Whether it passed in its time. */
const run = async ({ promise, spec, grep, env, minutes }: Soak): Promise<boolean> => {
  process.stdout.write(`promise ${promise}, at most ${minutes} minutes\n`);
  const mocha = join(root, 'node_modules/mocha/bin/mocha.js');
  const child = spawn(process.execPath, [mocha, spec, '--grep', grep], { cwd: root, env: { ...process.env, ...env }, stdio: 'inherit', detached: true });
  // Mocha runs the tests in a process of its own: both go.
  const end = (): void => {
    if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, 'SIGKILL');
  };
  const timer = setTimeout(end, minutes * 60_000);
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, end);
  const [code] = (await once(child, 'exit')) as [number | null];
  clearTimeout(timer);
  return code === 0;
};

for (const soak of SOAKS) if (!(await run(soak))) process.exitCode = 1;

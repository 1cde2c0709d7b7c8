/**
 * `npm run test:engines`: the API tests once more, on the engines that MONGO_URL and KAFKA_BROKERS name instead of the embedded ones. The suites of the
 * engines themselves are part of `npm test`.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

type Round = Readonly<{ engines: string; why: string; specs: readonly string[] }>;

const api = (folder: string): string => `test/api/${folder}/**/*.test.ts`;

/** Each test once: a round costs minutes. */
const ROUNDS: readonly Round[] = [
  { engines: 'mongodb,kafka', why: 'one process, its log in the data directory', specs: ['platform', 'signing-policy'].map(api) },
  { engines: 'mongodb,kafka,eventstoredb', why: 'as each of several processes on a log that they share', specs: ['qwick-cert', 'quantum-lock'].map(api) },
];

/** For what comes before and after tests; they themselves have theirs from test/support/patience.ts. Milliseconds. */
const PATIENCE = '60000';

const root = join(import.meta.dirname, '..');

/** Whether all of it passed. */
const run = async ({ engines, why, specs }: Round): Promise<boolean> => {
  process.stdout.write(`on ${engines}: ${why}\n`);
  const mocha = join(root, 'node_modules/mocha/bin/mocha.js');
  const args = [mocha, '--timeout', PATIENCE, ...process.argv.slice(2), ...specs];
  const child = spawn(process.execPath, args, { cwd: root, env: { ...process.env, TEST_ENGINES: engines }, stdio: 'inherit' });
  const [code] = (await once(child, 'exit')) as [number | null];
  return code === 0;
};

const missing = ['MONGO_URL', 'KAFKA_BROKERS'].filter((name) => (process.env[name] ?? '') === '');
if (missing.length > 0) {
  process.stderr.write(`missing: ${missing.join(', ')}; scripts/engines run -- npm run test:engines\n`);
  process.exitCode = 3;
} else for (const round of ROUNDS) if (!(await run(round))) process.exitCode = 1;

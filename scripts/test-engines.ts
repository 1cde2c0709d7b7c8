/**
 * `npm run test:engines`: the API tests once more, on the engines that MONGO_URL and KAFKA_BROKERS name instead of the embedded ones. The suites of the
 * engines themselves are part of `npm test`.
 */
import { join } from 'node:path';
import { runPiece, summary, withDirectory, type Report } from './test-support/piece-run.ts';

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
const say = (text: string): void => void process.stdout.write(text);

const run = ({ engines, why, specs }: Round, number: number, directory: string): Promise<Report> => {
  say(`on ${engines}: ${why}\n`);
  const options = ['--timeout', PATIENCE, ...process.argv.slice(2)];
  return runPiece(specs, { root, options, reportFile: join(directory, `${number}.json`), say, environment: { TEST_ENGINES: engines } });
};

/** Whether all of it passed. */
const testAll = async (directory: string): Promise<boolean> => {
  const reports: Report[] = [];
  for (const round of ROUNDS) reports.push(await run(round, reports.length, directory));
  const { passed, text } = summary(reports);
  say(`\n  On engines:\n${text}`);
  return passed;
};

const missing = ['MONGO_URL', 'KAFKA_BROKERS'].filter((name) => (process.env[name] ?? '') === '');
if (missing.length > 0) {
  process.stderr.write(`missing: ${missing.join(', ')}; scripts/engines run -- npm run test:engines\n`);
  process.exitCode = 3;
} else if (!(await withDirectory(testAll))) process.exitCode = 1;

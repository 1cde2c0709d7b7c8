/**
 * `npm test`: all specs. Several processes of mocha run them side by side (a test waits for disks, timers and engines more than it computes); what
 * measures time comes last, alone. Options are mocha's and go to each of them (`npm test -- --grep licences`), folders and files say which specs
 * (`npm test -- test/api`); TEST_PROCESSES says how many at a time.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { runPiece, summary, withDirectory, type Report } from './test-support/piece-run.ts';
import { ALONE, allSpecs, deal, readTimes, type Piece } from './test-support/pieces.ts';

/** More pieces than processes: how long a spec takes is known from the last time at best. Not many more: each process has to warm up. */
const PIECES_EACH = 2;

const root = join(import.meta.dirname, '..');
const timesFile = join(root, 'node_modules/.cache/chancery-tests/times.json');
/** One more than there are processors for: tests compute for a third of their time. */
const processes = Number(process.env['TEST_PROCESSES'] ?? Math.min(3, availableParallelism() + 1));
const given = process.argv.slice(2);
const places = given.filter((word) => word.startsWith('test/'));
const options = [...(process.stdout.isTTY ? ['--color'] : []), ...given.filter((word) => !places.includes(word))];
const say = (text: string): void => void process.stdout.write(text);

const runAll = async (pieces: readonly Piece[], lanes: number, directory: string): Promise<readonly Report[]> => {
  const left = pieces.map((piece, number) => ({ piece, reportFile: join(directory, `${pieces.length}-${number}.json`) }));
  const reports: Report[] = [];
  const lane = async (): Promise<void> => {
    for (let next = left.shift(); next !== undefined; next = left.shift()) reports.push(await runPiece(next.piece, { root, options, reportFile: next.reportFile, say }));
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  return reports;
};

const keepTimes = (reports: readonly Report[]): void => {
  const taken = reports.flatMap(({ milliseconds }) => Object.entries(milliseconds)).map(([file, ms]) => [relative(root, file).replaceAll('\\', '/'), ms] as const);
  mkdirSync(dirname(timesFile), { recursive: true });
  writeFileSync(timesFile, JSON.stringify({ ...readTimes(timesFile), ...Object.fromEntries(taken) }));
};

/** All specs once, those of `ALONE` last; answers whether all of it passed. */
const testAll = async (directory: string): Promise<boolean> => {
  const begun = performance.now();
  const specs = allSpecs(root).filter((spec) => places.length === 0 || places.some((place) => spec.startsWith(place)));
  const beside = deal(specs.filter((spec) => !ALONE.has(spec)), processes === 1 ? 1 : processes * PIECES_EACH, readTimes(timesFile));
  const reports = [...(await runAll(beside, processes, directory)), ...(await runAll(deal(specs.filter((spec) => ALONE.has(spec)), 1, {}), 1, directory))];
  // With options not all of a spec may have run.
  if (given.length === places.length) keepTimes(reports);
  const { passed, text } = summary(reports);
  say(`\n  All of it: ${specs.length} specs, ${processes} at a time, in ${Math.round((performance.now() - begun) / 1_000)} s\n${text}`);
  return passed;
};

if (!(await withDirectory(testAll))) process.exitCode = 1;

/** One process of mocha with some of the specs. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Piece } from './pieces.ts';

/** A test that failed, by its title in full; or a process that ended in another way than its tests. */
export type Failure = Readonly<{ title: string; why: string }>;
/** `pending`: titles in full. `milliseconds`: by the spec's absolute path. */
export type Report = Readonly<{ passed: number; pending: readonly string[]; failed: readonly Failure[]; milliseconds: Readonly<Record<string, number>> }>;
export type PieceRun = Readonly<{ root: string; /** For mocha, before the specs. */ options: readonly string[]; /** Where its report is written. */ reportFile: string; say: (text: string) => void; environment?: NodeJS.ProcessEnv }>;

/** Whole suites at a time: mocha leaves an empty line after each. */
const inSuites = async (output: NodeJS.ReadableStream, say: PieceRun['say']): Promise<void> => {
  let lines: string[] = [];
  const flush = (): void => {
    if (lines.length > 0) say(`${lines.join('\n')}\n`);
    lines = [];
  };
  for await (const line of createInterface({ input: output })) {
    lines.push(line);
    if (line === '') flush();
  }
  flush();
};

const reportOf = (file: string): Report | undefined => {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Report;
  } catch {
    return undefined;
  }
};

const nothing: Report = { passed: 0, pending: [], failed: [], milliseconds: {} };

/** A process that ends in another way than its tests have failed too: it died, or something it opened was left open. */
export const runPiece = async (piece: Piece, { root, options, reportFile, say, environment = {} }: PieceRun): Promise<Report> => {
  const args = [join(root, 'node_modules/mocha/bin/mocha.js'), '--reporter', join(import.meta.dirname, 'reporter.cjs'), ...options, ...piece];
  const child = spawn(process.execPath, args, { cwd: root, env: { ...process.env, ...environment, TEST_REPORT: reportFile }, stdio: ['ignore', 'pipe', 'pipe'] });
  const [[code]] = await Promise.all([once(child, 'close') as Promise<[number | null]>, inSuites(child.stdout, say), inSuites(child.stderr, say)]);
  const report = reportOf(reportFile);
  const failed = report?.failed ?? [];
  if (report !== undefined && (code === 0) === (failed.length === 0)) return report;
  return { ...(report ?? nothing), failed: [...failed, { title: `the process of ${piece.join(' ')}`, why: `ended with ${String(code)}` }] };
};

const listed = (word: string, entries: readonly string[]): string => (entries.length === 0 ? '' : `  ${entries.length} ${word}\n${entries.map((entry) => `    - ${entry}\n`).join('')}`);

/** What came of all of it, for the end of what is printed: the last lines may be all that somebody gets to see, so failures come last and say why. */
export const summary = (reports: readonly Report[]): Readonly<{ passed: boolean; text: string }> => {
  const passing = reports.reduce((sum, { passed }) => sum + passed, 0);
  const failed = reports.flatMap((report) => report.failed);
  const failures = failed.map(({ title, why }) => `${title}\n${why.replaceAll(/^/gmu, '      ')}`);
  return { passed: failed.length === 0 && passing > 0, text: `  ${passing} passing\n${listed('pending', reports.flatMap(({ pending }) => pending))}${listed('failing', failures)}` };
};

/** For the reports. */
export const withDirectory = async <Answer>(work: (directory: string) => Promise<Answer>): Promise<Answer> => {
  const directory = mkdtempSync(join(tmpdir(), 'chancery-tests-'));
  try {
    return await work(directory);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
};

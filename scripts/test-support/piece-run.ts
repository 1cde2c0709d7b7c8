/** One process of mocha with some of the specs. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Piece } from './pieces.ts';

/** Titles in full. `milliseconds`: by the spec's absolute path. */
export type Report = Readonly<{ passed: number; pending: readonly string[]; failed: readonly string[]; milliseconds: Readonly<Record<string, number>> }>;
export type PieceRun = Readonly<{ root: string; /** For mocha, before the specs. */ options: readonly string[]; /** Where its report is written. */ reportFile: string; say: (text: string) => void }>;

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
export const runPiece = async (piece: Piece, { root, options, reportFile, say }: PieceRun): Promise<Report> => {
  const args = [join(root, 'node_modules/mocha/bin/mocha.js'), '--reporter', join(import.meta.dirname, 'reporter.cjs'), ...options, ...piece];
  const child = spawn(process.execPath, args, { cwd: root, env: { ...process.env, TEST_REPORT: reportFile }, stdio: ['ignore', 'pipe', 'pipe'] });
  const [[code]] = await Promise.all([once(child, 'close') as Promise<[number | null]>, inSuites(child.stdout, say), inSuites(child.stderr, say)]);
  const report = reportOf(reportFile);
  const failed = report?.failed ?? [];
  if (report !== undefined && (code === 0) === (failed.length === 0)) return report;
  return { ...(report ?? nothing), failed: [...failed, `the process of ${piece.join(' ')} ended with ${String(code)}`] };
};

/** What a benchmark says, and how it is shown: a table for people, JSON for programs. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { arch, cpus, loadavg, totalmem } from 'node:os';
import { dirname } from 'node:path';

/** One line of the table: what was measured, what it is held against, and whether that is enough. */
export type Row = Readonly<{
  measure: string;
  /** With its unit. */
  ours: string;
  /** What it is compared with, measured in the same run; empty where the aim is a number of its own. */
  reference: string;
  /** The figure that the aim speaks of: a ratio, or the measurement itself. */
  figure: number;
  aim: string;
  /** Undefined where nothing is aimed at: the row is there to explain another one. */
  met: boolean | undefined;
}>;

/** `details`: every round, for whoever doubts the medians. */
export type Outcome = Readonly<{ rows: readonly Row[]; details: Readonly<Record<string, unknown>> }>;

export type Report = Readonly<{ benchmark: string; seconds: number } & Outcome>;

const HEADINGS = ['benchmark', 'measure', 'ours', 'reference', 'figure', 'aim', ''] as const;

const shown = (figure: number): string => (figure >= 100 ? Math.round(figure).toLocaleString('en') : figure.toFixed(2));

const verdict = (met: boolean | undefined): string => {
  if (met === undefined) return '';
  return met ? 'met' : 'SHORT';
};

const cells = ({ benchmark, rows }: Report): readonly (readonly string[])[] =>
  rows.map(({ measure, ours, reference, figure, aim, met }) => [benchmark, measure, ours, reference, shown(figure), aim, verdict(met)]);

/** Columns padded to their widest cell. */
export const tableOf = (reports: readonly Report[]): string => {
  const lines = [HEADINGS, ...reports.flatMap(cells)];
  const widths = HEADINGS.map((_, column) => Math.max(...lines.map((line) => (line[column] ?? '').length)));
  const padded = lines.map((line) => `| ${line.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`);
  const rule = `|${widths.map((width) => '-'.repeat(width + 2)).join('|')}|`;
  return [padded[0], rule, ...padded.slice(1)].join('\n');
};

/** Processes that want to run, on average over the last minute: beyond the number of cores, everybody gets less of the machine. */
export const load = (): number => loadavg()[0] ?? 0;

/** What to think of figures that are no ratios. */
export const caution = (before: number, after: number): string => {
  const [begin, end] = [before, after].map((average) => average.toFixed(1));
  return `load average ${begin} before and ${end} after, on ${cpus().length} cores; what is not a ratio takes the load of others for its own`;
};

export const machine = () => ({ cores: cpus().length, processor: cpus()[0]?.model ?? '', architecture: arch(), memoryBytes: totalmem(), node: process.version });

export const writeReports = (file: string, reports: readonly Report[], settings: object): void => {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, `${JSON.stringify({ at: new Date().toISOString(), machine: machine(), ...settings, reports }, undefined, 2)}\n`);
};

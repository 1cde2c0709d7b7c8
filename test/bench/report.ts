/** What a benchmark says, and how it is shown: a table for people, JSON for programs. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { arch, cpus, totalmem } from 'node:os';
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
  met: boolean;
}>;

/** `details`: every round, for whoever doubts the medians. */
export type Outcome = Readonly<{ rows: readonly Row[]; details: Readonly<Record<string, unknown>> }>;

export type Report = Readonly<{ benchmark: string; seconds: number } & Outcome>;

const HEADINGS = ['benchmark', 'measure', 'ours', 'reference', 'figure', 'aim', ''] as const;

const shown = (figure: number): string => (figure >= 100 ? Math.round(figure).toLocaleString('en') : figure.toFixed(2));

const cells = ({ benchmark, rows }: Report): readonly (readonly string[])[] =>
  rows.map(({ measure, ours, reference, figure, aim, met }) => [benchmark, measure, ours, reference, shown(figure), aim, met ? 'met' : 'SHORT']);

/** Columns padded to their widest cell. */
export const tableOf = (reports: readonly Report[]): string => {
  const lines = [HEADINGS, ...reports.flatMap(cells)];
  const widths = HEADINGS.map((_, column) => Math.max(...lines.map((line) => (line[column] ?? '').length)));
  const padded = lines.map((line) => `| ${line.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`);
  const rule = `|${widths.map((width) => '-'.repeat(width + 2)).join('|')}|`;
  return [padded[0], rule, ...padded.slice(1)].join('\n');
};

export const machine = () => ({ cores: cpus().length, processor: cpus()[0]?.model ?? '', architecture: arch(), memoryBytes: totalmem(), node: process.version });

export const writeReports = (file: string, reports: readonly Report[], settings: object): void => {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, `${JSON.stringify({ at: new Date().toISOString(), machine: machine(), ...settings, reports }, undefined, 2)}\n`);
};

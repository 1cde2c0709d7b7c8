/** What commands share: where they write, how they fail, and their two forms of output. */
import { styleText } from 'node:util';

export const EXIT = { ok: 0, failed: 1, usage: 2 } as const;

/** What commands assume when CHANCERY_URL and DATA_DIR are not set. */
export const DEFAULT_URL = 'http://127.0.0.1:8080';
export const DEFAULT_DATA_DIR = './data';

/** Ends a command with one clear line and exit code 1. */
export class CommandFailure extends Error {}

/** Ends the command line with a code, after all has been said. */
export class Ended extends Error {
  readonly exitCode: number;

  constructor(exitCode: number) {
    super(`ended with ${exitCode}`);
    this.exitCode = exitCode;
  }
}

/** How a failure is said: one line, or as JSON. */
export const failureLine = (message: string, json: boolean): string => (json ? JSON.stringify({ error: message }) : `chancery: ${message}`);

export type Io = Readonly<{
  env: Readonly<Record<string, string | undefined>>;
  out: (text: string) => void;
  err: (text: string) => void;
  /** Whether stderr is a terminal: progress is shown only there. */
  interactive: boolean;
}>;

export const processIo = (): Io => ({
  env: process.env,
  out: (text) => process.stdout.write(`${text}\n`),
  err: (text) => process.stderr.write(`${text}\n`),
  interactive: process.stderr.isTTY,
});

/** Prints a value as JSON for machines, or by `human` for people. */
export const print = <T>(io: Io, json: boolean | undefined, value: T, human: (value: T) => string): void =>
  io.out(json === true ? JSON.stringify(value, null, 2) : human(value));

const UNSEEN = /[\p{Cc}\u202A-\u202E\u2066-\u2069]/gu;

/** What others have typed, such that it cannot steer the reader's terminal: control and bidirectional characters are spelt out. */
export const visible = (text: string): string => text.replaceAll(UNSEEN, (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`);

/** Columns as wide as their widest cell; the header in bold on a terminal. */
export const table = (header: readonly string[], given: readonly (readonly string[])[]): string => {
  const rows = given.map((row) => row.map(visible));
  const widths = header.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)));
  const line = (cells: readonly string[]): string => cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ').trimEnd();
  return [styleText('bold', line(header)), ...rows.map(line)].join('\n');
};

/** A line that is overwritten while long work goes on; nothing where stderr is no terminal. */
export const progress = (io: Io): Readonly<{ show: (text: string) => void; done: () => void }> => ({
  show: (text) => {
    if (io.interactive) process.stderr.write(`\r\u001B[K${text}`);
  },
  done: () => {
    if (io.interactive) process.stderr.write('\r\u001B[K');
  },
});

/** Gathers the values of an option that may be repeated. */
export const collect = (value: string, before: readonly string[]): readonly string[] => [...before, value];

/** What a program asked of the disk, in order: its system calls as strace saw them. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { temporaryDirectory } from '../../support/temporary-directory.ts';
import type { AppenderOptions } from '../programs/appender.ts';

export type DiskOperation =
  | Readonly<{ kind: 'create'; path: string }>
  | Readonly<{ kind: 'write'; path: string; offset: number; data: Buffer }>
  | Readonly<{ kind: 'truncate'; path: string; size: number }>
  | Readonly<{ kind: 'sync'; path: string }>
  | Readonly<{ kind: 'unlink'; path: string }>
  | Readonly<{ kind: 'rename'; path: string; to: string }>
  /** A line that the program wrote to its standard output. */
  | Readonly<{ kind: 'said'; line: string }>;

export type Recording = Readonly<{ directory: string; operations: readonly DiskOperation[] }>;

const CALLS = 'openat,pwrite64,write,fsync,fdatasync,ftruncate,unlink,rename';

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(String.raw`\x`, ''), 'hex');

/** The strings and file names of a call's arguments, decoded. */
const strings = (text: string): readonly Buffer[] => [...text.matchAll(/"((?:\\x[0-9a-f]{2})*)"/g)].map(([, bytes]) => hex(bytes ?? ''));
const descriptor = (text: string): string => hex(/^\d+<((?:\\x[0-9a-f]{2})+)>/.exec(text)?.[1] ?? '').toString();
const numbers = (text: string): readonly number[] => [...text.replaceAll(/"[^"]*"|<[^>]*>/g, '').matchAll(/-?\b\d+\b/g)].map(([digits]) => Number(digits));

type Call = Readonly<{ name: string; args: string; result: number }>;

const PARSERS: Readonly<Record<string, (call: Call) => readonly DiskOperation[]>> = {
  openat: ({ args }) => (args.includes('O_CREAT') ? [{ kind: 'create', path: String(strings(args)[0]) }] : []),
  pwrite64: ({ args, result }) => {
    const offset = numbers(args).at(-1) as number;
    return [{ kind: 'write', path: descriptor(args), offset, data: (strings(args)[0] as Buffer).subarray(0, result) }];
  },
  write: ({ args }) => (args.startsWith('1<') ? String(strings(args)[0]).trim().split('\n').map((line) => ({ kind: 'said', line })) : []),
  fsync: ({ args }) => [{ kind: 'sync', path: descriptor(args) }],
  fdatasync: ({ args }) => [{ kind: 'sync', path: descriptor(args) }],
  ftruncate: ({ args }) => [{ kind: 'truncate', path: descriptor(args), size: numbers(args).at(-1) as number }],
  unlink: ({ args }) => [{ kind: 'unlink', path: String(strings(args)[0]) }],
  rename: ({ args }) => [{ kind: 'rename', path: String(strings(args)[0]), to: String(strings(args)[1]) }],
};

/** Joins calls that another thread's call cut in two; what was said counts from its beginning, everything else from its end. */
const wholeLines = (log: string): readonly string[] => {
  const begun = new Map<string, string>();
  return log.split('\n').flatMap((line) => {
    const [, thread = '', rest = ''] = /^(\d+)\s+(.*)$/.exec(line) ?? [];
    if (rest.endsWith('<unfinished ...>')) {
      const start = rest.slice(0, -'<unfinished ...>'.length).trimEnd();
      if (start.startsWith('write(1<')) return [`${start}) = 0`];
      begun.set(thread, start);
      return [];
    }
    if (!rest.startsWith('<... ')) return [rest];
    const start = begun.get(thread);
    begun.delete(thread);
    return start === undefined ? [] : [start + rest.slice(rest.indexOf('resumed>') + 'resumed>'.length)];
  });
};

const parse = (log: string): readonly DiskOperation[] =>
  wholeLines(log).flatMap((line) => {
    const [, name = '', args = '', result = '-1'] = /^(\w+)\((.*)\)\s+= (-?\d+)/.exec(line) ?? [];
    return Number(result) < 0 ? [] : (PARSERS[name]?.({ name, args, result: Number(result) }) ?? []);
  });

/** Shared memory is lost with the machine and made anew: it is no part of what a crash leaves. */
const matters = (directory: string) => (operation: DiskOperation): boolean =>
  operation.kind === 'said' || (operation.path.startsWith(directory) && !operation.path.endsWith('-shm') && !operation.path.endsWith('.strace'));

/** Runs the appender under strace in a directory of its own, which is gone afterwards. */
export const record = (options: Omit<AppenderOptions, 'backup'>): Recording => {
  const { path, remove } = temporaryDirectory();
  try {
    const program = fileURLToPath(new URL('../programs/appender.ts', import.meta.url));
    const log = `${path}/log.strace`;
    const json = JSON.stringify({ ...options, backup: `${path}/backup.db` });
    const strace = ['-f', '-qq', '-y', '-xx', '-s', '70000', '-e', `trace=${CALLS}`, '-o', log];
    const { status, stderr } = spawnSync('strace', [...strace, process.execPath, '--disable-warning=ExperimentalWarning', program, path, json], { encoding: 'utf8' });
    if (status !== 0) throw new Error(`the recorded program failed: ${stderr}`);
    return { directory: path, operations: parse(readFileSync(log, 'latin1')).filter(matters(path)) };
  } finally {
    remove();
  }
};

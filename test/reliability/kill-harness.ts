/** Kills a program again and again in the middle of its work, and looks at what it left behind. */
import { expect } from 'chai';
import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { runTool } from '../support/run-tool.ts';

/** What an independent reader finds in an event database. */
export type Found = Readonly<{
  integrity: string;
  events: number;
  head: number;
  gapsInStreams: number;
  doubledRevisions: number;
  /** Event ids as 32 hex digits. */
  ids: readonly string[];
  /** `<stored type> <stream>` of each event. */
  facts: readonly string[];
  /** The requests that the events came of. */
  correlations: readonly string[];
}>;

/** What a reader that shares no code with the store must find, besides the events. */
const WHOLE = { integrity: 'ok', gapsInStreams: 0, doubledRevisions: 0 } as const;

/** A program at work on a data directory. */
export type Victim = Readonly<{ process: ChildProcess; /** What it has acknowledged by now. */ acknowledged: readonly string[] }>;

/** Starts the program; `acknowledged` fills as it works. */
export type StartVictim = (dataDir: string) => Victim;

/** Resolves once the process is gone and all it said has been heard. */
export const kill = async ({ process }: Pick<Victim, 'process'>): Promise<void> => {
  const gone = process.exitCode !== null || process.signalCode !== null;
  if (gone) throw new Error(`the program ended by itself (${process.exitCode ?? process.signalCode})`);
  const closed = once(process, 'close');
  process.kill('SIGKILL');
  await closed;
};

/** A program in this repository that writes `acknowledged <id>` lines. */
export const program = (file: string, ...args: readonly string[]): Victim => {
  const path = fileURLToPath(new URL(`programs/${file}`, import.meta.url));
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', path, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  const acknowledged: string[] = [];
  let rest = '';
  child.stdout.on('data', (chunk: Buffer) => {
    const lines = (rest + chunk.toString()).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) if (line.startsWith('acknowledged ')) acknowledged.push(line.slice('acknowledged '.length));
  });
  return { process: child, acknowledged };
};

/** Reads an event database with a program that shares no code with the store. */
export const readIndependently = async (database: string): Promise<Found> => {
  const { code, said } = await runTool('python3', fileURLToPath(new URL('programs/read-log.py', import.meta.url)), database);
  if (code !== 0) throw new Error(said);
  return JSON.parse(said) as Found;
};

/** Acknowledged events that are not there. */
export const lost = (acknowledged: readonly string[], { ids }: Pick<Found, 'ids'>): readonly string[] => {
  const stored = new Set(ids);
  return acknowledged.filter((id) => !stored.has(id.replaceAll('-', '')));
};

/** Throws unless the log is whole: no gap, no doubled revision, nothing damaged. */
export const requireWhole = ({ integrity, events, head, gapsInStreams, doubledRevisions }: Found): void => {
  expect({ integrity, head, gapsInStreams, doubledRevisions }).to.deep.equal({ ...WHOLE, head: events });
};

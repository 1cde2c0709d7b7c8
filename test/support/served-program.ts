/** The program as `npm start` runs it: its own command, in a process of its own, on a free port. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { closing } from './leavings.ts';
import { root } from './source-files.ts';

export interface ServedProgram {
  readonly process: ChildProcess;
  /** Where it listens, once it serves; rejects, with what it said, when it ends before. */
  readonly listening: Promise<string>;
  /** What it wrote to standard error. */
  readonly said: () => string;
  /** Resolves with the exit code (null: killed) once it is gone. */
  readonly gone: Promise<number | null>;
  readonly operatorToken: () => string;
}

export type ServeSettings = Readonly<{
  dataDir: string;
  /** A module that the process loads first, in all of its threads: for planted faults. */
  preload?: URL;
  env?: Readonly<Record<string, string>>;
}>;

/** What package.json says that `npm start` does, with the Node.js that runs the tests. */
const startCommand = (): readonly string[] => {
  const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { scripts: { start: string } };
  const [node, ...args] = scripts.start.split(' ');
  if (node !== 'node') throw new Error(`npm start runs ${node}`);
  return args;
};

/** The address in the line of the log that says so. */
const addressIn = (child: ChildProcess, said: () => string): Promise<string> =>
  new Promise((resolve, reject) => {
    createInterface({ input: child.stdout as NonNullable<ChildProcess['stdout']> }).on('line', (line) => {
      if (line.includes('"msg":"listening"')) resolve((JSON.parse(line) as { address: string }).address);
    });
    child.once('close', () => reject(new Error(`it ended before it listened: ${said()}`)));
  });

export const serveProgram = ({ dataDir, preload, env = {} }: ServeSettings): ServedProgram => {
  const loaded = preload === undefined ? [] : ['--import', fileURLToPath(preload)];
  const child = spawn(process.execPath, [...loaded, ...startCommand()], {
    cwd: root,
    env: { PATH: process.env['PATH'], HOST: '127.0.0.1', PORT: '0', DATA_DIR: dataDir, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  child.once('exit', closing(() => void child.kill('SIGKILL')));
  let stderr = '';
  child.stderr.on('data', (chunk: Buffer) => { stderr += chunk.toString(); });
  const said = (): string => stderr;
  const listening = addressIn(child, said);
  listening.catch(() => undefined);
  const gone = once(child, 'close').then(([code]) => code as number | null);
  return { process: child, listening, said, gone, operatorToken: () => readFileSync(join(dataDir, 'operator.token'), 'utf8').trim() };
};

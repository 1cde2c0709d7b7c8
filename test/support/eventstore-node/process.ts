/** The node in a process of its own, started and told what to do by a test. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { freePort } from '../../../scripts/engines-support/free-port.ts';
import { closing } from '../leavings.ts';
import type { FaultRequest } from './faults.ts';

export type ProcessOptions = Readonly<{
  /** Where the log is kept. */
  directory: string;
  /** A free one unless given. */
  port?: number;
  version?: string;
  /** A statistics event of its own after so many writes; 0: none. */
  statisticsEvery?: number;
}>;

export interface EventStoreProcess {
  readonly url: string;
  readonly port: number;
  readonly process: ChildProcess;
  /** Resolves once the node has taken it. */
  apply(request: FaultRequest): Promise<void>;
  /** Ends it by a signal, SIGKILL by default; resolves once it is gone. */
  kill(signal?: NodeJS.Signals): Promise<void>;
}

const argumentsFor = ({ directory, port, version, statisticsEvery }: ProcessOptions & Readonly<{ port: number }>): readonly string[] => [
  '--disable-warning=ExperimentalWarning', fileURLToPath(new URL('main.ts', import.meta.url)), '--port', String(port), '--dir', directory,
  ...(version === undefined ? [] : ['--version', version]),
  ...(statisticsEvery === undefined ? [] : ['--statistics', String(statisticsEvery)]),
];

type Said = Readonly<{ listening: number; url: string; done: boolean; reason?: string }>;

/** The lines that the process says, one for each time it is asked. */
const listenTo = (child: ChildProcess): (() => Promise<Said>) => {
  const lines: AsyncIterator<string> = createInterface({ input: child.stdout as NonNullable<ChildProcess['stdout']> })[Symbol.asyncIterator]();
  return async () => {
    const line = await lines.next();
    if (line.done === true) throw new Error('the node ended before it answered');
    return JSON.parse(line.value) as Said;
  };
};

/** Starts the node; resolves once it listens. */
export const spawnEventStoreNode = async (options: ProcessOptions): Promise<EventStoreProcess> => {
  const child = spawn(process.execPath, argumentsFor({ ...options, port: options.port ?? (await freePort()) }), { stdio: ['pipe', 'pipe', 'inherit'] });
  const gone = once(child, 'exit');
  const ended = closing(() => void child.kill('SIGKILL'));
  child.once('exit', () => ended());
  child.stdin.on('error', () => undefined);
  const next = listenTo(child);
  const { listening, url } = await next();
  return {
    url,
    port: listening,
    process: child,
    apply: async (request) => {
      child.stdin.write(`${JSON.stringify(request)}\n`);
      const { done, reason } = await next();
      if (!done) throw new Error(reason);
    },
    kill: async (signal = 'SIGKILL') => {
      child.kill(signal);
      await gone;
    },
  };
};

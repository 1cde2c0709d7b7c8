/** The whole program in a process of its own, over a disk that tests make fail; restarted, it serves the same clients. */
import { expect } from 'chai';
import { setTimeout as pause } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { serveProgram, type ServedProgram } from '../support/served-program.ts';
import { openDesk, type Command, type Desk } from './disk-commands.ts';
import { readIndependently, requireWhole } from './kill-harness.ts';
import { createAsk, type Answered, type Ask, type Asked } from './world.ts';

/** From the return of space to the first write that is accepted. */
const RESUME_MS = 5_000;

export interface DiskWorld {
  readonly dataDir: string;
  readonly program: ServedProgram;
  readonly desk: Desk;
  readonly ask: Ask;
  /** Where the write-ahead log of a database is. */
  wal(database: 'events' | 'state' | 'read-models'): string;
  /** What a command was answered; a 2xx must be found in the log. Answers what is wrong with it, if anything is. */
  judge(command: Command, answer: Answered): readonly string[];
  /** Sends until it is accepted, for five seconds. */
  resume(command: Command, asked: Asked): Promise<readonly string[]>;
  /** Starts it anew, on what the one before left. */
  start(preload?: URL): Promise<void>;
  stop(): Promise<void>;
  /** Throws unless the log is whole and holds everything that was answered with success. */
  requireStored(): Promise<void>;
}

type ErrorBody = Readonly<{ code?: string; status?: number; error?: Readonly<{ code?: string }>; api_version?: string }>;

const isQwickRefusal = ({ error, api_version: version }: ErrorBody): boolean => error?.code === 'QWICK_INFRA_000' && version === 'v1';

const isProblem = ({ status, code = '' }: ErrorBody, contentType: string): boolean =>
  status === 503 && code.startsWith('storage.') && contentType.startsWith('application/problem+json');

const isLockRefusal = (body: object): boolean => isDeepStrictEqual(body, { detail: 'Service temporarily unavailable' });

/** A refusal for want of a disk, in the words of the surface; of any of them where the path is not known. */
const isRefusal = ({ status, headers, text }: Answered, path?: string): boolean => {
  if (status !== 503 || !/^[1-9]\d*$/.test(String(headers['retry-after']))) return false;
  const body = JSON.parse(text) as ErrorBody;
  const problem = isProblem(body, String(headers['content-type']));
  if (path === undefined) return problem || isQwickRefusal(body) || isLockRefusal(body);
  if (path.startsWith('/qwick-cert/')) return isQwickRefusal(body);
  return path.startsWith('/quantum-lock/') ? isLockRefusal(body) : problem;
};

export const describeAnswer = ({ status, text }: Answered): string => `${status} ${text.slice(0, 200)}`;

export const refused = (answer: Answered, asked: Pick<Asked, 'path'>): boolean => isRefusal(answer, asked.path);

export const createDiskWorld = async (dataDir: string): Promise<DiskWorld> => {
  // Another port must not make it another issuer of tokens.
  const env = { PUBLIC_URL: 'http://disk.example' };
  let program = serveProgram({ dataDir, env });
  let client = createAsk(Number(new URL(await program.listening).port), 32);
  const ask: Ask = (asked) => client.ask(asked);
  const desk = await openDesk(ask, `Bearer ${program.operatorToken()}`).catch((error: unknown) => {
    // A program that is left keeps the tests from ending.
    program.process.kill('SIGKILL');
    throw error;
  });
  const acknowledged: string[] = [];

  const judge: DiskWorld['judge'] = (command, answer) => {
    if (answer.status !== command.status) return isRefusal(answer) ? [] : [`${command.name}: ${describeAnswer(answer)}`];
    if (command.keepsNoEvent === undefined) acknowledged.push(String(answer.headers['x-request-id']));
    command.succeeded?.(answer);
    return [];
  };

  const resume: DiskWorld['resume'] = async (command, asked) => {
    const until = performance.now() + RESUME_MS;
    for (;;) {
      const answer = await ask(asked);
      if (answer.status === command.status) return judge(command, answer);
      if (!isRefusal(answer, asked.path) || performance.now() > until) return [`${command.name}, afterwards: ${describeAnswer(answer)}`];
      await pause(20);
    }
  };

  const stop = async (): Promise<void> => {
    client.close();
    program.process.kill('SIGKILL');
    await program.gone;
  };

  return {
    dataDir, desk, ask, judge, resume, stop,
    get program() {
      return program;
    },
    wal: (database) => `${dataDir}/${database}.db-wal`,
    start: async (preload) => {
      await stop();
      program = serveProgram({ dataDir, env, ...(preload && { preload }) });
      client = createAsk(Number(new URL(await program.listening).port), 32);
    },
    requireStored: async () => {
      const found = await readIndependently(`${dataDir}/events.db`);
      requireWhole(found);
      const stored = new Set(found.correlations);
      expect(acknowledged.filter((id) => !stored.has(id)), 'acknowledged and lost').to.deep.equal([]);
    },
  };
};

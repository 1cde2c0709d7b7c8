/**
 * Engines of a test's own, which it may kill, pause and start again: on the same ports and data, as a server is restarted. The engines that
 * all tests share, named by the environment, are left alone.
 */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Context } from 'mocha';
import { isGone, launch, newPlace, untilItAnswers, type Engine } from '../../scripts/engines-support/engine.ts';
import { ferretdb } from '../../scripts/engines-support/ferretdb.ts';
import { kafka } from '../../scripts/engines-support/kafka.ts';
import { closing } from './leavings.ts';
import { skipWithReason } from './pending.ts';
import { temporaryDirectory } from './temporary-directory.ts';

export interface OwnEngine {
  /** What KAFKA_BROKERS or MONGO_URL would be. The same over all restarts. */
  readonly address: string;
  /** kill -9; resolves when it is gone. */
  kill(): Promise<void>;
  /** After `kill`: starts it again on its data; resolves when it answers. */
  restart(): Promise<void>;
  /** SIGSTOP: connections stay open, and nothing is answered. */
  pause(): void;
  /** SIGCONT. */
  resume(): void;
  /** Ends it for good and removes its data. */
  stop(): Promise<void>;
}

/** Longer than any thread takes. */
const STOPPED_MS = 2_000;

const OWN: Readonly<Record<Engine['name'], Engine>> = { kafka, ferretdb };

/** Marks the running test as pending where tests run without engines, or where `scripts/engines` has never made this one. */
export const requireOwnEngine = (context: Context, name: Engine['name']): void => {
  const engine = OWN[name];
  if ((process.env[engine.variable] ?? '') === '' || !engine.isMade()) skipWithReason(context, `needs ${engine.variable} and a ${name} of its own: scripts/engines run -- npm test`);
};

const kill = async (child: ChildProcess): Promise<void> => {
  if (isGone(child)) return;
  const gone = once(child, 'exit');
  child.kill('SIGKILL');
  await gone;
};

/** Where the system does not tell, a process counts as stopped. */
const isStopped = (pid: number): boolean => {
  try {
    return readdirSync(`/proc/${pid}/task`).every((thread) => readFileSync(`/proc/${pid}/task/${thread}/stat`, 'latin1').replace(/^.*\) /su, '').startsWith('T'));
  } catch {
    return true;
  }
};

/** Its threads stop one after the other: until the last has, it still answers. */
const stopAll = (child: ChildProcess): void => {
  child.kill('SIGSTOP');
  const late = performance.now() + STOPPED_MS;
  while (!isStopped(child.pid ?? 0) && performance.now() < late);
};

/** Resolves when it answers: a few seconds for a broker. It is ended and removed at the end of the run at the latest. */
export const startOwnEngine = async (which: Engine['name'] | Engine): Promise<OwnEngine> => {
  const engine = typeof which === 'string' ? OWN[which] : which;
  const directory = temporaryDirectory();
  const place = await newPlace(engine, join(directory.path, engine.name));
  engine.prepare(place);
  let child = launch(engine, place, { detached: false });
  const stop = closing(async () => {
    await kill(child);
    directory.remove();
  });
  await untilItAnswers(engine, place, child);
  return {
    address: engine.address(place),
    kill: () => kill(child),
    restart: async () => {
      child = launch(engine, place, { detached: false });
      await untilItAnswers(engine, place, child);
    },
    pause: () => stopAll(child),
    resume: () => void child.kill('SIGCONT'),
    stop,
  };
};

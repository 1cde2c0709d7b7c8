/** One engine in a process of its own: started in a folder, waited for until it answers, ended. */
import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { freePort } from './free-port.ts';

/** Where an engine keeps its data and its log, and the ports of 127.0.0.1 that it listens on. */
export type Place = Readonly<{ folder: string; ports: readonly number[] }>;

export type Command = Readonly<{ program: string; args: readonly string[] }>;

export interface Engine {
  readonly name: 'kafka' | 'ferretdb';
  /** The variable that tells where it is. */
  readonly variable: 'KAFKA_BROKERS' | 'MONGO_URL';
  readonly portsNeeded: number;
  /** Whether a start needs nothing but what is on this machine. */
  readonly isMade: () => boolean;
  /** Makes the program, if that was not done before, and the empty data of this place. */
  readonly prepare: (place: Place) => void;
  readonly command: (place: Place) => Command;
  /** The variable's value. */
  readonly address: (place: Place) => string;
  /** Resolves when the engine has answered a request of its own protocol; rejects when it has not. */
  readonly ask: (address: string) => Promise<void>;
}

/** An empty place in `folder`, on ports that are free now. */
export const newPlace = async (engine: Engine, folder: string): Promise<Place> => {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const ports: number[] = [];
  for (let count = 0; count < engine.portsNeeded; count += 1) ports.push(await freePort());
  return { folder, ports };
};

const logOf = (place: Place): string => join(place.folder, 'engine.log');

const PATIENCE_MS = 90_000;
const LOOK_EVERY_MS = 100;

export const isGone = (child: ChildProcess): boolean => child.exitCode !== null || child.signalCode !== null;

/** Resolves when the engine answers; rejects, with the end of its log, when it is gone or takes too long. */
export const untilItAnswers = async (engine: Engine, place: Place, child: ChildProcess): Promise<void> => {
  const end = performance.now() + PATIENCE_MS;
  while (performance.now() < end && !isGone(child)) {
    try {
      return await engine.ask(engine.address(place));
    } catch {
      await delay(LOOK_EVERY_MS);
    }
  }
  throw new Error(`${engine.name} does not answer: ${readFileSync(logOf(place), 'utf8').slice(-2_000)}`);
};

/** Starts the engine on its data. `detached`: it outlives this process. */
export const launch = (engine: Engine, place: Place, { detached }: Readonly<{ detached: boolean }>): ChildProcess => {
  const { program, args } = engine.command(place);
  const log = openSync(logOf(place), 'a');
  const child = spawn(program, args, { cwd: place.folder, detached, stdio: ['ignore', log, log] });
  closeSync(log);
  // What it is that cannot be started: told by who waits for its answer.
  child.on('error', () => undefined);
  if (detached) child.unref();
  return child;
};

/** The engines that were started from the command line: what is written down of them in a folder, so that a later command finds and ends them. */
import { spawnSync } from 'node:child_process';
import { existsSync, lstatSync, mkdirSync, readFileSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { launch, newPlace, untilItAnswers, type Engine } from './engine.ts';
import { ferretdb } from './ferretdb.ts';
import { kafka } from './kafka.ts';
import { requireTools } from './toolchain.ts';

export const engines: readonly Engine[] = [kafka, ferretdb];

/** What `--dir` is without it: the user's own, in the folder for temporary files. */
export const usualFolder = (): string => join(tmpdir(), `chancery-engines-${userInfo().uid}`);

type Note = Readonly<{ pid: number; address: string }>;

const folderOf = (engine: Engine, dir: string): string => join(dir, engine.name);
const noteOf = (engine: Engine, dir: string): string => join(folderOf(engine, dir), 'running.json');

/** A number may be another program's by now: the engine's command names its folder. */
const isRunning = (pid: number, folder: string): boolean => {
  requireTools('ps');
  return spawnSync('ps', ['-ww', '-o', 'args=', '-p', String(pid)], { encoding: 'utf8' }).stdout.includes(folder);
};

const findRunning = (engine: Engine, dir: string): Note | undefined => {
  const file = noteOf(engine, dir);
  if (!existsSync(file)) return undefined;
  const note = JSON.parse(readFileSync(file, 'utf8')) as Note;
  return isRunning(note.pid, folderOf(engine, dir)) ? note : undefined;
};

/** Others may make folders where temporary files are, too. */
const openFolder = (dir: string): void => {
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  const { uid } = lstatSync(dir);
  if (uid !== userInfo().uid) throw new Error(`${dir} belongs to somebody else`);
};

const startNew = async (engine: Engine, dir: string): Promise<string> => {
  const folder = folderOf(engine, dir);
  rmSync(folder, { recursive: true, force: true });
  const place = await newPlace(engine, folder);
  try {
    engine.prepare(place);
    const child = launch(engine, place, { detached: true });
    const note: Note = { pid: child.pid ?? -1, address: engine.address(place) };
    writeFileSync(noteOf(engine, dir), JSON.stringify(note));
    await untilItAnswers(engine, place, child);
    return note.address;
  } catch (error) {
    await stop(engine, dir);
    throw error;
  }
};

/** Answers where the engine is: the one that runs from this folder, or a new one with empty data. */
export const start = async (engine: Engine, dir: string): Promise<string> => {
  // What could not be ended is not begun.
  requireTools('ps');
  openFolder(dir);
  return findRunning(engine, dir)?.address ?? startNew(engine, dir);
};

const LOOK_EVERY_MS = 20;

/** Ends the engine, if it runs from this folder, and removes its data; nothing is worth a slow end. */
export const stop = async (engine: Engine, dir: string): Promise<void> => {
  const running = findRunning(engine, dir);
  if (running !== undefined) {
    process.kill(running.pid, 'SIGKILL');
    while (isRunning(running.pid, folderOf(engine, dir))) await delay(LOOK_EVERY_MS);
  }
  rmSync(folderOf(engine, dir), { recursive: true, force: true });
  try {
    rmdirSync(dir);
  } catch {
    // Somebody else's things are in it, or it was never there.
  }
};

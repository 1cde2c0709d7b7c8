/** Files that are there whole or not at all, whenever the power goes. */
import { closeSync, existsSync, fsyncSync, openSync, renameSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';

const sync = (path: string): void => {
  const file = openSync(path, 'r');
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
};

/** Directories cannot be synced on Windows, where a rename is journalled. */
const syncDirectory = (path: string): void => {
  if (process.platform !== 'win32') sync(path);
};

/** Puts a finished file in its place, on the disk before it is visible. */
export const publishFile = (temporary: string, path: string): void => {
  sync(temporary);
  renameSync(temporary, path);
  syncDirectory(dirname(path));
};

/**
 * Has `write` fill a new file that only the owner can read, and publishes it when that succeeded; nothing is left behind when it did not.
 * Throws when `path` is taken.
 */
export const writeDurably = <Result>(path: string, write: (temporary: string) => Result): Result => {
  if (existsSync(path)) throw new Error(`${path} exists already`);
  const temporary = `${path}.partial-${process.pid}`;
  rmSync(temporary, { force: true });
  closeSync(openSync(temporary, 'wx', 0o600));
  try {
    const result = write(temporary);
    publishFile(temporary, path);
    return result;
  } finally {
    rmSync(temporary, { force: true });
  }
};

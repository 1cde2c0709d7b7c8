/** The secrets of an installation that nobody gave it: made once, in files that only their owner reads, and never overwritten. */
import { randomBytes } from 'node:crypto';
import { closeSync, existsSync, fsyncSync, linkSync, openSync, readFileSync, renameSync, unlinkSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { ConfigError } from './config-values.ts';
import { makeDataDirectory } from './data-directory.ts';
import { DATABASES } from './databases.ts';

export type InstallationSecrets = Readonly<{
  /** 32 bytes. */
  masterKey: Uint8Array;
  /** The one that a rotation has not replaced yet, or may not have. */
  previousMasterKey: Uint8Array | undefined;
  operatorToken: string;
  /** Where each of them is kept; undefined when it came from the environment. */
  masterKeyFile: string | undefined;
  operatorTokenFile: string | undefined;
}>;

export type GivenSecrets = Readonly<{
  masterKey: Uint8Array | undefined;
  previousMasterKey?: Uint8Array | undefined;
  operatorToken: string | undefined;
}>;

/** The key in force, the one that is taking its place (there only while that is going on), and the one whose place was taken. */
const KEY_FILES = { present: 'master.key', next: 'master.key.next', previous: 'master.key.previous' } as const;

const KEY_BYTES = 32;

const isCode = (error: unknown, code: string): boolean => error instanceof Error && 'code' in error && error.code === code;

const readIfThere = (file: string): Buffer | undefined => {
  try {
    return readFileSync(file);
  } catch (error) {
    if (isCode(error, 'ENOENT')) return undefined;
    throw new ConfigError(`${file} cannot be read (${(error as NodeJS.ErrnoException).code}); accepted is a file that this user may read`);
  }
};

const syncDirectory = (directory: string): void => {
  const descriptor = openSync(directory, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
};

const writeDurably = (file: string, bytes: Uint8Array): void => {
  const descriptor = openSync(file, 'wx', 0o600);
  try {
    writeSync(descriptor, bytes);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
};

/** Whole or not at all: written aside, then linked to its name, which fails when the name is taken. Answers what is there in the end. */
const createOnce = (directory: string, name: string, bytes: Uint8Array): Buffer => {
  const file = join(directory, name);
  const aside = join(directory, `.${name}.${randomBytes(8).toString('hex')}`);
  writeDurably(aside, bytes);
  try {
    linkSync(aside, file);
    // A crash must not take the name away again after something was sealed under the key.
    if (process.platform !== 'win32') syncDirectory(directory);
  } catch (error) {
    if (!isCode(error, 'EEXIST')) throw error;
  } finally {
    unlinkSync(aside);
  }
  return readFileSync(file);
};

const keyFrom = (bytes: Buffer, file: string): Uint8Array => {
  const text = bytes.toString('utf8').trim();
  const key = Buffer.from(text, 'base64');
  if (key.length !== KEY_BYTES || key.toString('base64') !== text) {
    throw new ConfigError(`${file} is damaged: it holds ${key.length} bytes; accepted are ${KEY_BYTES} bytes in base64, and only those it was made with open the stored data`);
  }
  return new Uint8Array(key);
};

const tokenFrom = (bytes: Buffer, file: string): string => {
  const text = bytes.toString('utf8').trim();
  if (/^[\w.~+/=-]{8,512}$/.test(text)) return text;
  throw new ConfigError(`${file} is damaged; accepted is a token of 8 to 512 characters, and after removing the file a new one is made`);
};

const newKey = (): Buffer => Buffer.from(`${randomBytes(KEY_BYTES).toString('base64')}\n`);

/** A new key would open nothing of what is stored already, and would stand where the right one belongs. */
const firstMasterKey = (directory: string, file: string): Buffer => {
  if (existsSync(join(directory, DATABASES.events))) throw new ConfigError(`${file} is missing, and the data there is sealed with it: put it back, or set MASTER_KEY`);
  return createOnce(directory, KEY_FILES.present, newKey());
};

/** The keys in the files of a data directory, the first made where there is no data yet. While one key is taking the place of another both are there, or the latter has just been renamed. */
export const masterKeyFiles = (directory: string): Pick<InstallationSecrets, 'masterKey' | 'previousMasterKey'> => {
  const read = (name: string): Uint8Array | undefined => {
    const bytes = readIfThere(join(directory, name));
    return bytes && keyFrom(bytes, join(directory, name));
  };
  const present = read(KEY_FILES.present);
  const next = read(KEY_FILES.next);
  if (next !== undefined) return { masterKey: next, previousMasterKey: present ?? read(KEY_FILES.previous) };
  const file = join(directory, KEY_FILES.present);
  return { masterKey: present ?? keyFrom(firstMasterKey(directory, file), file), previousMasterKey: undefined };
};

/** The key that is to take the place of the present one, made unless an earlier attempt has made it: on the disk before anything is sealed under it. */
export const nextMasterKey = (directory: string): Uint8Array => {
  const file = join(directory, KEY_FILES.next);
  return keyFrom(readIfThere(file) ?? createOnce(directory, KEY_FILES.next, newKey()), file);
};

/** Everything is sealed under the next key: it becomes the present one. Nothing to do when there is no next one. */
export const adoptMasterKey = (directory: string): void => {
  const path = (name: keyof typeof KEY_FILES): string => join(directory, KEY_FILES[name]);
  if (!existsSync(path('next'))) return;
  if (existsSync(path('present'))) renameSync(path('present'), path('previous'));
  renameSync(path('next'), path('present'));
  if (process.platform !== 'win32') syncDirectory(directory);
};

/**
 * Creates the data directory (mode 0700) and what is missing in it (mode 0600). Throws a `ConfigError` on a damaged file, and
 * when there is data without the master key that it was sealed with.
 */
export const installationSecrets = (directory: string, given: GivenSecrets): InstallationSecrets => {
  makeDataDirectory(directory);
  const tokenFile = join(directory, 'operator.token');
  const tokenBytes = (): Buffer => readIfThere(tokenFile) ?? createOnce(directory, 'operator.token', Buffer.from(`op_${randomBytes(32).toString('base64url')}\n`));
  const { masterKey, previousMasterKey } =
    given.masterKey === undefined ? masterKeyFiles(directory) : { masterKey: given.masterKey, previousMasterKey: given.previousMasterKey };
  return {
    masterKey,
    previousMasterKey,
    operatorToken: given.operatorToken ?? tokenFrom(tokenBytes(), tokenFile),
    masterKeyFile: given.masterKey === undefined ? join(directory, KEY_FILES.present) : undefined,
    operatorTokenFile: given.operatorToken === undefined ? tokenFile : undefined,
  };
};

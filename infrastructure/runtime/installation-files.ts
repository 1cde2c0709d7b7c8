/** The secrets of an installation that nobody gave it: made once, in files that only their owner reads, and never overwritten. */
import { randomBytes } from 'node:crypto';
import { closeSync, existsSync, fsyncSync, linkSync, openSync, readFileSync, unlinkSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { ConfigError } from './config-values.ts';
import { makeDataDirectory } from './data-directory.ts';
import { DATABASES } from './databases.ts';

export type InstallationSecrets = Readonly<{
  /** 32 bytes. */
  masterKey: Uint8Array;
  operatorToken: string;
  /** Where each of them is kept; undefined when it came from the environment. */
  masterKeyFile: string | undefined;
  operatorTokenFile: string | undefined;
}>;

export type GivenSecrets = Readonly<{ masterKey: Uint8Array | undefined; operatorToken: string | undefined }>;

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

/** A new key would open nothing of what is stored already, and would stand where the right one belongs. */
const newMasterKey = (directory: string, file: string): Buffer => {
  if (existsSync(join(directory, DATABASES.events))) throw new ConfigError(`${file} is missing, and the data there is sealed with it: put it back, or set MASTER_KEY`);
  return createOnce(directory, 'master.key', Buffer.from(`${randomBytes(KEY_BYTES).toString('base64')}\n`));
};

/**
 * Creates the data directory (mode 0700) and what is missing in it (mode 0600). Throws a `ConfigError` on a damaged file, and
 * when there is data without the master key that it was sealed with.
 */
export const installationSecrets = (directory: string, given: GivenSecrets): InstallationSecrets => {
  makeDataDirectory(directory);
  const keyFile = join(directory, 'master.key');
  const tokenFile = join(directory, 'operator.token');
  const keyBytes = (): Buffer => readIfThere(keyFile) ?? newMasterKey(directory, keyFile);
  const tokenBytes = (): Buffer => readIfThere(tokenFile) ?? createOnce(directory, 'operator.token', Buffer.from(`op_${randomBytes(32).toString('base64url')}\n`));
  return {
    masterKey: given.masterKey ?? keyFrom(keyBytes(), keyFile),
    operatorToken: given.operatorToken ?? tokenFrom(tokenBytes(), tokenFile),
    masterKeyFile: given.masterKey === undefined ? keyFile : undefined,
    operatorTokenFile: given.operatorToken === undefined ? tokenFile : undefined,
  };
};

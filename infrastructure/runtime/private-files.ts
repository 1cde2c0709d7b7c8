/** What lies in a data directory is for its owner alone. */
import { chmodSync, closeSync, existsSync, openSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { DATABASES } from './databases.ts';

const OTHERS = 0o077;
const OWNER_ONLY = 0o600;

const modeOf = (path: string): number => statSync(path).mode & 0o777;
const isOpenToOthers = (path: string): boolean => existsSync(path) && (modeOf(path) & OTHERS) !== 0;

/** Makes missing databases, empty, and takes what others may do with them away. SQLite gives the files that it makes beside one the same mode. */
export const keepDatabasesPrivate = (dataDir: string): void => {
  if (process.platform === 'win32') return;
  for (const name of Object.values(DATABASES)) {
    const path = join(dataDir, name);
    closeSync(openSync(path, 'a', OWNER_ONLY));
    for (const file of [path, `${path}-wal`, `${path}-shm`]) if (isOpenToOthers(file)) chmodSync(file, OWNER_ONLY);
  }
};

/** Where others may look although an operator, who may have reasons, decides on it: the directory and the secrets in it. A sentence each. */
export const openToOthers = (dataDir: string): readonly string[] => {
  if (process.platform === 'win32') return [];
  const meant = [[dataDir, 0o700], [join(dataDir, 'master.key'), OWNER_ONLY], [join(dataDir, 'operator.token'), OWNER_ONLY]] as const;
  return meant.filter(([path]) => isOpenToOthers(path)).map(([path, mode]) => `${path} has mode ${modeOf(path).toString(8)}: others may look inside, ${mode.toString(8)} is meant`);
};

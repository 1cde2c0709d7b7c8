/** The mark of a data directory whose state (how far webhooks, sinks and mails have come) stands in MongoDB: what is in `state.db` is older, or nothing. */
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const FILE = 'state-in-mongodb';

/** The row of a backup that says the same: where it stands, the state is not in the backup. Releases that do not know it keep it as an entry that nobody asks for. */
export const STATE_PLACE = { scope: 'place', key: 'state' } as const;

export const isStateInMongo = (dataDir: string): boolean => existsSync(join(dataDir, FILE));

/** As it is from this start on. */
export const markState = (dataDir: string, place: 'mongodb' | 'here'): void => {
  const path = join(dataDir, FILE);
  if (place === 'here') rmSync(path, { force: true });
  else writeFileSync(path, 'The state that belongs to this log stands in the database that MONGO_URL names.\n', { mode: 0o600, flush: true });
};

/** The mark of a data directory into which a log is being moved. */
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const FILE = 'moving';

export const isBeingMoved = (dataDir: string): boolean => existsSync(join(dataDir, FILE));

export const markMoving = (dataDir: string): void => writeFileSync(join(dataDir, FILE), 'A log is being moved into this directory.\n', { mode: 0o600, flush: true });

export const clearMoving = (dataDir: string): void => rmSync(join(dataDir, FILE), { force: true });

/** What a start says of such a place. */
export const STILL_MOVING = 'holds a log that is still being moved into it: run chancery migrate again, with the same engines, until it is done';

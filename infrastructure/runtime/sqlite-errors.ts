/** SQLite's result codes (sqlite.org/rescode.html) as the three things that matter here. */

export type StorageTrouble = 'full' | 'broken' | 'other';

const FULL = 13;
const IOERR = 10;
/** The index of the write-ahead log could not grow: the disk is full, no data was touched. */
const IOERR_SHMSIZE = IOERR | (19 << 8);

const resultCode = (error: unknown): number | undefined => {
  const code = (error as { errcode?: unknown } | null)?.errcode;
  return typeof code === 'number' ? code : undefined;
};

/**
 * `full`: nothing was stored, and storing may succeed once there is space. `broken`: the disk failed on a read, write or sync; SQLite
 * reports success again afterwards although data may be gone, so that only a restart from the disk can be trusted.
 */
export const storageTrouble = (error: unknown): StorageTrouble => {
  const code = resultCode(error);
  if (code === undefined) return 'other';
  if ((code & 0xff) === FULL || code === IOERR_SHMSIZE) return 'full';
  return (code & 0xff) === IOERR ? 'broken' : 'other';
};

const CORRUPT = 11;
const NOT_A_DATABASE = 26;

/** The file itself is wrong, whatever the disk is like now. */
export const isDamaged = (error: unknown): boolean => [CORRUPT, NOT_A_DATABASE].includes((resultCode(error) ?? 0) & 0xff);

export const isSqliteError = (error: unknown): boolean => resultCode(error) !== undefined;

/** What the leaves of the transparency log are salted with. */
import { randomFillSync } from 'node:crypto';

const SALT_BYTES = 16;
const SALTS_AT_ONCE = 256;

/** 16 random bytes for every event (WIRE 12), drawn from the system many at a time. */
export const createSalts = (): (() => Uint8Array) => {
  const pool = Buffer.alloc(SALT_BYTES * SALTS_AT_ONCE);
  let used = pool.length;
  return () => {
    if (used === pool.length) {
      randomFillSync(pool);
      used = 0;
    }
    used += SALT_BYTES;
    return pool.subarray(used - SALT_BYTES, used);
  };
};

/** The licence keys of one ledger volume: a set that is never changed, and cheap to make a larger one of. */

/** By the first two digits of the key. */
const BUCKETS = 256;
const PREFIX = 'QCOS-';
const EMPTY: readonly string[] = [];

export type KeySet = readonly (readonly string[])[];

export const NO_KEYS: KeySet = Array.from({ length: BUCKETS }, () => EMPTY);

const bucketOf = (licenceKey: string): number => Number.parseInt(licenceKey.slice(PREFIX.length, PREFIX.length + 2), 16) % BUCKETS;

export const hasKey = (keys: KeySet, licenceKey: string): boolean => (keys[bucketOf(licenceKey)] ?? EMPTY).includes(licenceKey);

export const withKey = (keys: KeySet, licenceKey: string): KeySet => {
  const bucket = bucketOf(licenceKey);
  return keys.with(bucket, [...(keys[bucket] ?? EMPTY), licenceKey]);
};

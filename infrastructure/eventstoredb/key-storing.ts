/** Keys that come with an append: the vault is another engine's, so that they are stored before the events that need them. */
import type { KeyRecord, KeyVault } from '../../application/kernel/ports.ts';
import { reject, Rejection } from '../../domain/kernel/rejection.ts';

const isSame = (found: KeyRecord | undefined, { id, tenant, lookup }: KeyRecord): boolean => found?.id === id && found.tenant === tenant && found.lookup === lookup;

const holderOf = async (vault: KeyVault, { id, tenant, lookup }: KeyRecord): Promise<KeyRecord | undefined> =>
  (await vault.get(id)) ?? (lookup === undefined ? undefined : (await vault.find(lookup, tenant))[0]);

/** Those that are not there yet. Rejects with `kernel.key_exists` where another key stands in the place of one. */
const missing = async (vault: KeyVault, records: readonly KeyRecord[]): Promise<readonly KeyRecord[]> => {
  const wanted: KeyRecord[] = [];
  for (const record of records) {
    const holder = await holderOf(vault, record);
    if (holder === undefined) wanted.push(record);
    else if (!isSame(holder, record)) reject('kernel.key_exists', { id: record.id });
  }
  return wanted;
};

/**
 * Stores the keys of an append. The very same key again is no conflict: one person may be mentioned in two streams. Where the append then comes
 * to nothing a key is left that nothing was sealed with, which harms nobody and is taken for the same key when the append is repeated.
 */
export const storeKeys = async (vault: KeyVault, records: readonly KeyRecord[]): Promise<void> => {
  const wanted = await missing(vault, records);
  if (wanted.length === 0) return;
  try {
    await vault.add(wanted);
  } catch (error) {
    // Another process was a moment earlier with the same key, or with another one.
    if (!(error instanceof Rejection) || error.code !== 'kernel.key_exists') throw error;
    const left = await missing(vault, records);
    if (left.length === wanted.length) throw error;
    if (left.length > 0) await vault.add(left);
  }
};

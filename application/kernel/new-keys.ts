/**
 * For a log whose keys do not share its commits: stored before the append that needs them. One by one, because all or nothing would serve nobody:
 * a key whose append then fails is found again by its blind index, or by its id when the append is repeated, and until then nothing is sealed with it. So
 * nothing is ever taken back, either: somebody else may have found it and sealed with it meanwhile.
 */
import { Rejection } from '../../domain/kernel/rejection.ts';
import type { KeyRecord, KeyVault } from './ports.ts';

/** The same key, whatever wraps it by now. */
const isSame = (stored: KeyRecord | undefined, record: KeyRecord): boolean =>
  stored?.id === record.id && stored.tenant === record.tenant && stored.lookup === record.lookup;

/**
 * The vault's own `add` is enough for a repetition: what it says to exist is asked for, and the very same key is no conflict. Rejects with
 * `kernel.key_exists` when it is another one, and with `storage.unavailable`.
 */
export const storeNewKeys = async (vault: Pick<KeyVault, 'add' | 'get'>, records: readonly KeyRecord[]): Promise<void> => {
  for (const record of records) {
    try {
      await vault.add([record]);
    } catch (error) {
      if (!(error instanceof Rejection) || error.code !== 'kernel.key_exists' || !isSame(await vault.get(record.id), record)) throw error;
    }
  }
};

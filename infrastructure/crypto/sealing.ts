/** Everything that seals, opened once at start. */
import type { Ids, KeyVault } from '../../application/kernel/ports.ts';
import type { PersonalData, Secrets } from '../../application/kernel/sealing.ts';
import type { Keyring } from './keyring.ts';
import type { MasterKeys } from './master-key.ts';
import { openKeyring } from './open-keyring.ts';
import { createBlindIndex, createPersonalData, type BlindIndex } from './personal-data.ts';
import { createSecrets } from './secrets.ts';

export type Sealing = Readonly<{ keyring: Keyring; personalData: PersonalData; secrets: Secrets; blindIndex: BlindIndex }>;

/** Rejects with `WrongMasterKey` when the vault was sealed with another master key. */
export const openSealing = async (deps: Readonly<{ vault: KeyVault; ids: Ids }> & MasterKeys): Promise<Sealing> => {
  const keyring = await openKeyring(deps.vault, deps);
  const blindIndex = createBlindIndex(keyring);
  return {
    keyring,
    blindIndex,
    personalData: createPersonalData({ vault: deps.vault, ids: deps.ids, keyring, blindIndex }),
    secrets: createSecrets(keyring),
  };
};

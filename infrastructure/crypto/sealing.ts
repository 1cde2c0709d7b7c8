/** Everything that seals, opened once at start. */
import type { Ids, KeyVault } from '../../application/kernel/ports.ts';
import type { PersonalData, Secrets } from '../../application/kernel/sealing.ts';
import { openKeyring, type Keyring } from './keyring.ts';
import { createBlindIndex, createPersonalData, type BlindIndex } from './personal-data.ts';
import { createSecrets } from './secrets.ts';

export type Sealing = Readonly<{ keyring: Keyring; personalData: PersonalData; secrets: Secrets; blindIndex: BlindIndex }>;

/** Rejects with `WrongMasterKey` when the vault was sealed with another master key. */
export const openSealing = async (deps: Readonly<{ vault: KeyVault; masterKey: Uint8Array; ids: Ids }>): Promise<Sealing> => {
  const keyring = await openKeyring(deps.vault, deps.masterKey);
  const blindIndex = createBlindIndex(keyring);
  return {
    keyring,
    blindIndex,
    personalData: createPersonalData({ vault: deps.vault, ids: deps.ids, keyring, blindIndex }),
    secrets: createSecrets(keyring),
  };
};

/** Opens the key hierarchy of a vault. */
import type { KeyVault } from '../../application/kernel/ports.ts';
import type { TenantId } from '../../domain/kernel/ids.ts';
import { installationKeys, keyId, rewrapKey, tenantKeys, wrapKey, addUnlessThere, type Keyring, type Masters, type OnProgress, type Rotated } from './keyring.ts';
import { openMasters, rotateMaster, type MasterKeys } from './master-key.ts';

type TenantKeys = Pick<Keyring, 'current' | 'version'>;

const rotateTenant = (vault: KeyVault, masters: Masters, keys: TenantKeys) => async (tenant: TenantId, onProgress: OnProgress = () => undefined): Promise<Rotated> => {
  const before = await keys.current(tenant);
  const version = before.version + 1;
  await addUnlessThere(vault, wrapKey({ id: keyId(tenant, version), tenant, kind: 'tenant', version }, masters.current()));
  const to = await keys.current(tenant);
  let all = 0;
  for await (const people of vault.pieces('subject', tenant)) all += people.length;
  let rewrapped = 0;
  for await (const people of vault.pieces('subject', tenant)) {
    for (const record of people.filter(({ wrappedBy }) => wrappedBy !== to.version)) {
      // One that was destroyed or put under the new key meanwhile is left alone.
      if (await vault.rewrap(rewrapKey(record, await keys.version(tenant, record.wrappedBy), to), record.wrappedBy)) rewrapped += 1;
      onProgress(rewrapped, all);
    }
  }
  return { version: to.version, rewrapped };
};

/** Rejects with `WrongMasterKey` (one line for the operator) when the vault was sealed with another key. */
export const openKeyring = async (vault: KeyVault, keys: MasterKeys): Promise<Keyring> => {
  const { masters, finished } = await openMasters(vault, keys);
  const tenants = tenantKeys(vault, masters);
  return {
    ...tenants,
    finished,
    installation: installationKeys(vault, masters),
    rotateTenant: rotateTenant(vault, masters, tenants),
    rotateMaster: (next, onProgress = () => undefined) => rotateMaster(vault, masters, next, onProgress),
  };
};

/**
 * The upper levels of the key hierarchy: master key → keys of the installation and of each tenant (every version is kept,
 * for what it sealed) → subject keys and data keys, which the callers hold.
 *
 * The vault holds a check value for each version of the master key, so that a wrong MASTER_KEY is noticed before anything
 * is served or sealed with it.
 */
import { randomBytes, type KeyObject } from 'node:crypto';
import type { KeyRecord, KeyVault } from '../../application/kernel/ports.ts';
import { INSTALLATION, type TenantId } from '../../domain/kernel/ids.ts';
import { Rejection } from '../../domain/kernel/rejection.ts';
import { KEY_BYTES, open, seal, toKey } from './aead.ts';
import { createBoundedCache } from './bounded-cache.ts';

/** One version of a key that wraps others. */
export type WrappingKey = Readonly<{ id: string; version: number; key: KeyObject }>;

export interface Keyring {
  /** The newest key of a tenant, made when there is none; the installation has one too. */
  current(tenant: TenantId): Promise<WrappingKey>;
  /** One version of it; rejects with `kernel.seal_broken` when there is no such version. */
  version(tenant: TenantId, version: number): Promise<WrappingKey>;
  /** A key of the installation by its name, made on first use; for message authentication, never for wrapping. */
  installation(name: string): Promise<KeyObject>;
}

/** The start must stop: with this key nothing that is stored can be read. */
export class WrongMasterKey extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'WrongMasterKey';
  }
}

const CHECK = 'installation/master-check';
const CACHED_TENANTS = 1_000;

const keyExists = (error: unknown): boolean => error instanceof Rejection && error.code === 'kernel.key_exists';

const binding = (record: Omit<KeyRecord, 'wrapped'>, by: WrappingKey) => ({
  tenant: record.tenant,
  place: ['vault', record.kind, record.id, record.version, record.lookup ?? ''].join('#'),
  key: by.id,
  version: by.version,
});

/** A new record of the vault: 32 random bytes (or the given ones) under the key above. The bytes are wiped. */
export const wrapKey = (record: Omit<KeyRecord, 'wrapped' | 'wrappedBy'>, by: WrappingKey, bytes: Uint8Array = randomBytes(KEY_BYTES)): KeyRecord => {
  const header = { ...record, wrappedBy: by.version };
  try {
    return { ...header, wrapped: seal(by.key, binding(header, by), bytes) };
  } finally {
    bytes.fill(0);
  }
};

/** The key in a record; throws `kernel.seal_broken` when the record was altered, moved or wrapped by another key. */
export const unwrapKey = (record: KeyRecord, by: WrappingKey): KeyObject => {
  if (record.wrappedBy !== by.version) throw new Rejection('kernel.seal_broken');
  return toKey(open(by.key, binding(record, by), record.wrapped));
};

const opens = (record: KeyRecord, by: WrappingKey): boolean => {
  try {
    unwrapKey(record, by);
    return true;
  } catch {
    return false;
  }
};

const installationRecord = (id: string, version: number) => ({ id, tenant: INSTALLATION, kind: 'installation', version }) as const;

/** Stores the record, unless another process was first. */
const addUnlessThere = async (vault: KeyVault, record: KeyRecord): Promise<void> => {
  try {
    await vault.add([record]);
  } catch (error) {
    if (!keyExists(error)) throw error;
  }
};

const masterOf = async (vault: KeyVault, masterKey: Uint8Array): Promise<WrappingKey> => {
  const key = toKey(Buffer.from(masterKey));
  const wrapping = (version: number): WrappingKey => ({ id: 'master', version, key });
  const checks = async () => (await vault.list('installation')).filter(({ id }) => id.startsWith(`${CHECK}/`));
  if ((await vault.list('installation')).length + (await vault.list('tenant')).length === 0) {
    await addUnlessThere(vault, wrapKey(installationRecord(`${CHECK}/1`, 1), wrapping(1)));
  }
  const fitting = (await checks()).find((record) => opens(record, wrapping(record.wrappedBy)));
  if (fitting === undefined) {
    throw new WrongMasterKey('MASTER_KEY is not the key that the stored data is sealed with; accepted is only the one it was first started with');
  }
  return wrapping(fitting.wrappedBy);
};

/**
 * Opens the key hierarchy of a vault. `masterKey`: 32 bytes.
 * Rejects with `WrongMasterKey` (one line for the operator) when the vault was sealed with another key.
 */
export const openKeyring = async (vault: KeyVault, masterKey: Uint8Array): Promise<Keyring> => {
  if (masterKey.length !== KEY_BYTES) {
    throw new WrongMasterKey(`MASTER_KEY has ${masterKey.length} bytes; accepted are ${KEY_BYTES} bytes in base64`);
  }
  const master = await masterOf(vault, masterKey);
  return { ...tenantKeys(vault, master), installation: installationKeys(vault, master) };
};

const installationKeys = (vault: KeyVault, master: WrappingKey): Keyring['installation'] => {
  const cache = createBoundedCache<string, KeyObject>(100);
  return async (name) => {
    const known = cache.get(name);
    if (known !== undefined) return known;
    const id = `installation/${name}/1`;
    if ((await vault.get(id)) === undefined) await addUnlessThere(vault, wrapKey(installationRecord(id, 1), master));
    const record = await vault.get(id);
    if (record === undefined) throw new Rejection('kernel.seal_broken');
    return cache.keep(name, unwrapKey(record, master));
  };
};

const keyId = (tenant: TenantId, version: number): string => `tenant/${tenant}/${version}`;

const tenantKeys = (vault: KeyVault, master: WrappingKey): Pick<Keyring, 'current' | 'version'> => {
  const newest = createBoundedCache<TenantId, WrappingKey>(CACHED_TENANTS);
  const byVersion = createBoundedCache<string, WrappingKey>(CACHED_TENANTS);
  const unwrapped = (record: KeyRecord): WrappingKey =>
    byVersion.keep(record.id, { id: record.id, version: record.version, key: unwrapKey(record, master) });
  const stored = async (tenant: TenantId): Promise<KeyRecord | undefined> =>
    (await vault.list('tenant', tenant)).reduce<KeyRecord | undefined>(
      (best, record) => (best === undefined || record.version > best.version ? record : best),
      undefined,
    );

  const current = async (tenant: TenantId): Promise<WrappingKey> => {
    const known = newest.get(tenant);
    if (known !== undefined) return known;
    if ((await stored(tenant)) === undefined) {
      await addUnlessThere(vault, wrapKey({ id: keyId(tenant, 1), tenant, kind: 'tenant', version: 1 }, master));
    }
    const record = await stored(tenant);
    if (record === undefined) throw new Rejection('kernel.seal_broken');
    return newest.keep(tenant, unwrapped(record));
  };

  const version = async (tenant: TenantId, wanted: number): Promise<WrappingKey> => {
    const known = byVersion.get(keyId(tenant, wanted));
    if (known !== undefined) return known;
    const record = await vault.get(keyId(tenant, wanted));
    if (record === undefined) throw new Rejection('kernel.seal_broken');
    return unwrapped(record);
  };
  return { current, version };
};

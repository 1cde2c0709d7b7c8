/**
 * The upper levels of the key hierarchy: master key → keys of the installation and of each tenant (every version is kept,
 * for what it sealed) → subject keys and data keys, which the callers hold.
 */
import { randomBytes, type KeyObject } from 'node:crypto';
import type { KeyRecord, KeyVault } from '../../application/kernel/ports.ts';
import { INSTALLATION, type TenantId } from '../../domain/kernel/ids.ts';
import { Rejection } from '../../domain/kernel/rejection.ts';
import { KEY_BYTES, open, seal, toKey } from './aead.ts';
import { createBoundedCache } from './bounded-cache.ts';

/** One version of a key that wraps others. */
export type WrappingKey = Readonly<{ id: string; version: number; key: KeyObject }>;

/** What a rotation did: the version that is in force now, and how many keys were put under it. */
export type Rotated = Readonly<{ version: number; rewrapped: number }>;
export type OnProgress = (done: number, of: number) => void;

export interface Keyring {
  /**
   * The newest key of a tenant, made when there is none; the installation has one too. The vault is asked each time, so that no process goes on
   * with a key that another one has replaced.
   */
  current(tenant: TenantId): Promise<WrappingKey>;
  /** One version of it; rejects with `kernel.seal_broken` when there is no such version. */
  version(tenant: TenantId, version: number): Promise<WrappingKey>;
  /** A key of the installation by its name, made on first use; for message authentication, never for wrapping. */
  installation(name: string): Promise<KeyObject>;
  /** Another version of a tenant's key; the tenant's subject keys are put under it. Every version stays, for what it sealed. */
  rotateTenant(tenant: TenantId, onProgress?: OnProgress): Promise<Rotated>;
  /** Another master key; everything is put under it. Goes on where an earlier attempt with the same key ended. */
  rotateMaster(next: Uint8Array, onProgress?: OnProgress): Promise<Rotated>;
  /** What the start found unfinished, and finished. */
  readonly finished: Rotated | undefined;
}

/** The master keys that are known in this process, by version. */
export type Masters = Readonly<{
  /** What wraps from now on. */
  current: () => WrappingKey;
  /** What a record is wrapped by; throws `kernel.seal_broken` when that key is not known. */
  of: (record: Pick<KeyRecord, 'wrappedBy'>) => WrappingKey;
  /** Makes a key known, and from then on the one that wraps. */
  advance: (to: WrappingKey) => void;
}>;

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
    // In a buffer of its own: a record that goes to another thread takes along whatever else is in the buffer behind it.
    return { ...header, wrapped: new Uint8Array(seal(by.key, binding(header, by), bytes)) };
  } finally {
    bytes.fill(0);
  }
};

/** The key in a record; throws `kernel.seal_broken` when the record was altered, moved or wrapped by another key. */
export const unwrapKey = (record: KeyRecord, by: WrappingKey): KeyObject => {
  if (record.wrappedBy !== by.version) throw new Rejection('kernel.seal_broken');
  return toKey(open(by.key, binding(record, by), record.wrapped));
};

export const installationRecord = (id: string, version: number) => ({ id, tenant: INSTALLATION, kind: 'installation', version }) as const;

/** Stores the record, unless another process was first. */
export const addUnlessThere = async (vault: KeyVault, record: KeyRecord): Promise<void> => {
  try {
    await vault.add([record]);
  } catch (error) {
    if (!keyExists(error)) throw error;
  }
};

/** The same key under another one above it. */
export const rewrapKey = (record: KeyRecord, from: WrappingKey, to: WrappingKey): KeyRecord => {
  const { id, tenant, kind, version, lookup } = record;
  return wrapKey({ id, tenant, kind, version, ...(lookup !== undefined && { lookup }) }, to, unwrapKey(record, from).export());
};

export const installationKeys = (vault: KeyVault, masters: Pick<Masters, 'current' | 'of'>): Keyring['installation'] => {
  const cache = createBoundedCache<string, KeyObject>(100);
  return async (name) => {
    const known = cache.get(name);
    if (known !== undefined) return known;
    const id = `installation/${name}/1`;
    if ((await vault.get(id)) === undefined) await addUnlessThere(vault, wrapKey(installationRecord(id, 1), masters.current()));
    const record = await vault.get(id);
    if (record === undefined) throw new Rejection('kernel.seal_broken');
    return cache.keep(name, unwrapKey(record, masters.of(record)));
  };
};

export const keyId = (tenant: TenantId, version: number): string => `tenant/${tenant}/${version}`;

export const tenantKeys = (vault: KeyVault, masters: Pick<Masters, 'current' | 'of'>): Pick<Keyring, 'current' | 'version'> => {
  const newest = createBoundedCache<TenantId, WrappingKey>(CACHED_TENANTS);
  const byVersion = createBoundedCache<string, WrappingKey>(CACHED_TENANTS);
  const unwrapped = (record: KeyRecord): WrappingKey =>
    byVersion.keep(record.id, { id: record.id, version: record.version, key: unwrapKey(record, masters.of(record)) });
  /** By its id: a list would be looked for among the keys of all the tenant's people. Each version but the first follows another. */
  const stored = async (tenant: TenantId, from = 1): Promise<KeyRecord | undefined> => {
    let last: KeyRecord | undefined;
    for (let version = from; ; version += 1) {
      const record = await vault.get(keyId(tenant, version));
      if (record === undefined) return last;
      last = record;
    }
  };

  const current = async (tenant: TenantId): Promise<WrappingKey> => {
    const known = newest.get(tenant);
    if (known !== undefined && (await vault.get(keyId(tenant, known.version + 1))) === undefined) return known;
    if ((await stored(tenant, known?.version)) === undefined) {
      await addUnlessThere(vault, wrapKey({ id: keyId(tenant, 1), tenant, kind: 'tenant', version: 1 }, masters.current()));
    }
    const record = await stored(tenant, known?.version);
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

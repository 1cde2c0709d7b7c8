/**
 * The key above all others, and how another one takes its place.
 *
 * For each version of it the vault holds a check record: 32 bytes that only this key opens, so that a wrong key is noticed before anything is
 * served or sealed with it. A rotation adds the check record of the new key, then puts every key of the installation and of the tenants under
 * it by compare-and-set. Whoever goes on after it was cut off needs both keys, and ends where it would have ended.
 */
import type { KeyRecord, KeyVault } from '../../application/kernel/ports.ts';
import { Rejection } from '../../domain/kernel/rejection.ts';
import { ConfigError } from '../runtime/config-values.ts';
import { KEY_BYTES, toKey } from './aead.ts';
import { addUnlessThere, installationRecord, rewrapKey, unwrapKey, wrapKey, type Masters, type OnProgress, type Rotated, type WrappingKey } from './keyring.ts';

/** The start must stop: with this key nothing that is stored can be read. */
export class WrongMasterKey extends ConfigError {
  constructor(message: string) {
    super(message);
    this.name = 'WrongMasterKey';
  }
}

/** What tells which keys there are. */
type Listed = Pick<KeyVault, 'list'>;

const CHECK = 'installation/master-check/';

const isCheck = ({ id }: KeyRecord): boolean => id.startsWith(CHECK);

const opens = (record: KeyRecord, by: WrappingKey): boolean => {
  try {
    unwrapKey(record, by);
    return true;
  } catch {
    return false;
  }
};

const keyOf = (bytes: Uint8Array, version: number): WrappingKey => ({ id: 'master', version, key: toKey(Buffer.from(bytes)) });

const checksIn = async (vault: Listed): Promise<readonly KeyRecord[]> => (await vault.list('installation')).filter(isCheck);

/** The keys right below the master key. */
const below = async (vault: Listed): Promise<readonly KeyRecord[]> =>
  [...(await vault.list('installation')), ...(await vault.list('tenant'))].filter((record) => !isCheck(record));

/** The version that these bytes are the key of; undefined when they are none's. */
const recognize = async (vault: Listed, bytes: Uint8Array): Promise<WrappingKey | undefined> => {
  const fitting = (await checksIn(vault)).find((record) => opens(record, keyOf(bytes, record.wrappedBy)));
  return fitting && keyOf(bytes, fitting.wrappedBy);
};

/** The version of a key that is new to the vault, or was by an earlier attempt. */
const introduce = async (vault: KeyVault, bytes: Uint8Array): Promise<WrappingKey> => {
  const known = await recognize(vault, bytes);
  if (known !== undefined) return known;
  const version = Math.max(0, ...(await checksIn(vault)).map(({ wrappedBy }) => wrappedBy)) + 1;
  const key = keyOf(bytes, version);
  await addUnlessThere(vault, wrapKey(installationRecord(`${CHECK}${version}`, version), key));
  // Another process may have introduced another key at the same moment.
  return (await recognize(vault, bytes)) ?? wrong('another master key is being introduced at the same time; accepted is one at a time');
};

const wrong = (why: string): never => {
  throw new WrongMasterKey(`MASTER_KEY: ${why}`);
};

export const createMasters = (first: WrappingKey): Masters => {
  const known = new Map([[first.version, first]]);
  let current = first;
  return {
    current: () => current,
    of: ({ wrappedBy }) => known.get(wrappedBy) ?? (() => { throw new Rejection('kernel.seal_broken'); })(),
    advance: (to) => {
      known.set(to.version, to);
      current = to;
    },
  };
};

/** Puts everything under the key that wraps now. */
const rewrapAll = async (vault: KeyVault, masters: Masters, onProgress: OnProgress): Promise<Rotated> => {
  const to = masters.current();
  let rewrapped = 0;
  for (;;) {
    const all = await below(vault);
    const left = all.filter(({ wrappedBy }) => wrappedBy !== to.version);
    if (left.length === 0) return { version: to.version, rewrapped };
    for (const record of left) {
      // Whoever else has done it meanwhile has done it right.
      if (await vault.rewrap(rewrapKey(record, masters.of(record), to), record.wrappedBy)) rewrapped += 1;
      onProgress(rewrapped, all.length);
    }
  }
};

/** Goes on where an earlier attempt with the same key ended. */
export const rotateMaster = async (vault: KeyVault, masters: Masters, next: Uint8Array, onProgress: OnProgress): Promise<Rotated> => {
  masters.advance(await introduce(vault, next));
  return rewrapAll(vault, masters, onProgress);
};

const requireLength = (name: string, bytes: Uint8Array | undefined): void => {
  if (bytes !== undefined && bytes.length !== KEY_BYTES) throw new WrongMasterKey(`${name} has ${bytes.length} bytes; accepted are ${KEY_BYTES} bytes in base64`);
};

/** Nothing may be left that is under a key nobody has: it would fail much later, for one tenant. */
const requireAll = async (vault: KeyVault, known: readonly WrappingKey[]): Promise<void> => {
  const lost = (await below(vault)).filter(({ wrappedBy }) => !known.some(({ version }) => version === wrappedBy));
  if (lost.length > 0) wrong(`${lost.length} keys are still sealed with the one before; accepted is both, that one as MASTER_KEY_PREVIOUS`);
};

export type MasterKeys = Readonly<{ masterKey: Uint8Array; /** The one before, while a rotation is not complete. */ previous?: Uint8Array | undefined }>;

const NOT_THE_KEY = 'MASTER_KEY is not the key that the stored data is sealed with; accepted is only the one it was first started with, or changed to';

/** The key as the vault knows it: the newest one; undefined where it may take that one's place, or is the first. */
const knownOf = async (vault: Listed, masterKey: Uint8Array, previous: WrappingKey | undefined): Promise<WrappingKey | undefined> => {
  const versions = (await checksIn(vault)).map(({ wrappedBy }) => wrappedBy);
  const isFirst = versions.length === 0 && (await below(vault)).length === 0;
  const newest = Math.max(0, ...versions);
  const present = await recognize(vault, masterKey);
  if (present !== undefined) return present.version === newest ? present : wrong('it has been replaced by another one; accepted is that one');
  if (isFirst || previous?.version === newest) return undefined;
  throw new WrongMasterKey(NOT_THE_KEY);
};

/** Whether a start would take these keys, without changing anything: rejects with `WrongMasterKey` as it would. */
export const examineMaster = async (vault: Listed, { masterKey, previous }: MasterKeys): Promise<void> => {
  await knownOf(vault, masterKey, previous && (await recognize(vault, previous)));
};

/**
 * The master keys of a vault. With `previous` a rotation is begun, or gone on with, and complete when this resolves.
 * Rejects with `WrongMasterKey` (one line for the operator) when the vault was sealed with another key.
 */
export const openMasters = async (
  vault: KeyVault,
  { masterKey, previous }: MasterKeys,
): Promise<Readonly<{ masters: Masters; finished: Rotated | undefined }>> => {
  requireLength('MASTER_KEY', masterKey);
  requireLength('MASTER_KEY_PREVIOUS', previous);
  const before = previous && (await recognize(vault, previous));
  const current = (await knownOf(vault, masterKey, before)) ?? (await introduce(vault, masterKey));
  await requireAll(vault, before === undefined ? [current] : [current, before]);
  const masters = createMasters(before ?? current);
  masters.advance(current);
  const done = await rewrapAll(vault, masters, () => undefined);
  return { masters, finished: done.rewrapped > 0 ? done : undefined };
};

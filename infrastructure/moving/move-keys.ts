/** Wrapped keys, moved as they are: the master key and all that is above them stay what they were. */
import type { KeyRecord, KeyVault } from '../../application/kernel/ports.ts';

const KINDS: readonly KeyRecord['kind'][] = ['installation', 'tenant', 'subject'];
/** Writes on their way at once. */
const AT_ONCE = 32;

export const keysOf = async (vault: Pick<KeyVault, 'list'>): Promise<ReadonlyMap<string, KeyRecord>> => {
  const all = new Map<string, KeyRecord>();
  for (const kind of KINDS) for (const record of await vault.list(kind)) all.set(record.id, record);
  return all;
};

const lineOf = ({ id, tenant, kind, version, wrappedBy, wrapped, lookup }: KeyRecord): string =>
  JSON.stringify([id, tenant, kind, version, wrappedBy, Buffer.from(wrapped).toString('base64'), lookup ?? null]);

const isSame = (one: KeyRecord | undefined, other: KeyRecord | undefined): boolean => one !== undefined && other !== undefined && lineOf(one) === lineOf(other);

const inTurn = async (records: readonly KeyRecord[], work: (record: KeyRecord) => Promise<void>): Promise<void> => {
  for (let from = 0; from < records.length; from += AT_ONCE) await Promise.all(records.slice(from, from + AT_ONCE).map(work));
};

/** Whether both hold the very same keys. */
export const haveSameKeys = async (source: Pick<KeyVault, 'list'>, destination: Pick<KeyVault, 'list'>): Promise<boolean> => {
  const [wanted, there] = [await keysOf(source), await keysOf(destination)];
  return wanted.size === there.size && [...wanted.values()].every((record) => isSame(record, there.get(record.id)));
};

/**
 * Afterwards the destination holds the keys of the source and no others: one that was destroyed since an earlier attempt is destroyed there too.
 * Answers how many there are.
 */
export const moveKeys = async (source: Pick<KeyVault, 'list'>, destination: KeyVault): Promise<number> => {
  const [wanted, there] = [await keysOf(source), await keysOf(destination)];
  const stale = [...there.values()].filter((record) => !isSame(record, wanted.get(record.id)));
  await inTurn(stale, ({ id }) => destination.destroy(id));
  const lacking = [...wanted.values()].filter((record) => !isSame(record, there.get(record.id)));
  await inTurn(lacking, (record) => destination.add([record]));
  return wanted.size;
};

/**
 * The key vault in MongoDB: one document for each key, its id the document's own; another unique index keeps a blind index from standing twice in a tenant.
 *
 * `add` needs no transaction. One record, which is all that the program ever adds at once, is one insert. Several are inserted as pending, when they
 * hold their places but nobody can find them, and are let be found together at the end; a conflict takes back what nobody has seen, so no key
 * is ever taken away that something was sealed with. After a crash, pending ones are left: whoever needs such a place waits until it is
 * certain that nobody is at it, and clears it. A crash while they are let be found may leave some of them: orphans, whose `add` was never
 * answered, and which are as good as any key that nothing is sealed with.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { Binary, type Collection, type Db, type Filter } from 'mongodb';
import type { KeyRecord, KeyVault } from '../../application/kernel/ports.ts';
import type { TenantId } from '../../domain/kernel/ids.ts';
import { Rejection } from '../../domain/kernel/rejection.ts';
import type { Guarded } from './failures.ts';
import { insertNew } from './insert-new.ts';

/** `place`: tenant and blind index, absent without one: the unique index leaves it out then. `pending`: by which `add`, until it is complete, or that it is being destroyed. */
type KeyDocument = Readonly<{
  _id: string; tenant: string; kind: KeyRecord['kind']; version: number; wrappedBy: number; wrapped: Binary; lookup?: string; place?: string; pending?: string;
}>;

type Keys = Collection<KeyDocument>;

const keysIn = (db: Db): Keys => db.collection<KeyDocument>('keys');

const placeOf = ({ tenant, lookup }: KeyRecord): string | undefined => (lookup === undefined ? undefined : `${tenant}\n${lookup}`);

const toDocument = (record: KeyRecord): KeyDocument => {
  const { id, tenant, kind, version, wrappedBy, wrapped, lookup } = record;
  const place = placeOf(record);
  return { _id: id, tenant, kind, version, wrappedBy, wrapped: new Binary(wrapped), ...(lookup !== undefined && { lookup }), ...(place !== undefined && { place }) };
};

const toRecord = ({ _id, tenant, kind, version, wrappedBy, wrapped, lookup }: KeyDocument): KeyRecord => ({
  id: _id, tenant: tenant as TenantId, kind, version, wrappedBy, wrapped: Uint8Array.from(wrapped.value()), ...(lookup !== undefined && { lookup }),
});

const exists = (id: string): Rejection => new Rejection('kernel.key_exists', { id });

/** Of a key that is overwritten, and about to be taken away. */
const DESTROYED = 'destroyed';

/** How long a pending record stands unchanged before nobody is at it any more: each `add` of several is over long before. */
const PATIENCE_MS = 5_000;
const LOOKS = 50;

type Vaulted = Readonly<{ keys: Keys; patienceMs: number }>;

const requireDistinct = (records: readonly KeyRecord[]): void => {
  const names = records.flatMap((record) => [record.id, placeOf(record) ?? []].flat());
  if (new Set(names).size < names.length) throw exists(records[0]?.id ?? '');
};

/** Who has the record's id or its place. */
const holderOf = (keys: Keys, record: KeyRecord): Promise<KeyDocument | null> => {
  const place = placeOf(record);
  return keys.findOne(place === undefined ? { _id: record.id } : { $or: [{ _id: record.id }, { place }] });
};

/** Rejects with `kernel.key_exists` when it is held by a key; returns when it is free, or was left behind and has been cleared. */
const untilFree = async ({ keys, patienceMs }: Vaulted, record: KeyRecord, first: KeyDocument | null): Promise<void> => {
  let holder = first;
  for (let look = 1; holder !== null; look += 1) {
    if (holder.pending === undefined) throw exists(record.id);
    if (look > LOOKS) await keys.deleteOne({ _id: holder._id, pending: holder.pending });
    else await pause(patienceMs / LOOKS);
    const { pending } = holder;
    holder = await holderOf(keys, record);
    if (holder?.pending !== pending) look = 0;
  }
};

const insert = async (vaulted: Vaulted, record: KeyRecord, pending: string | undefined): Promise<void> => {
  const { keys } = vaulted;
  while (!(await insertNew<KeyDocument>(keys, { ...toDocument(record), ...(pending !== undefined && { pending }) }))) {
    await untilFree(vaulted, record, await holderOf(keys, record));
  }
};

const inOrder = (record: KeyRecord): string => placeOf(record) ?? record.id;

const addTogether = async (vaulted: Vaulted, records: readonly KeyRecord[]): Promise<void> => {
  const { keys } = vaulted;
  const pending = randomUUID();
  const mine: Filter<KeyDocument> = { _id: { $in: records.map(({ id }) => id) }, pending };
  try {
    // In one order, whoever adds: of two that want the same places, the one that has the first comes to the end.
    for (const record of records.toSorted((one, other) => (inOrder(one) < inOrder(other) ? -1 : 1))) await insert(vaulted, record, pending);
    const { matchedCount } = await keys.updateMany(mine, { $unset: { pending: '' } });
    // Cleared by somebody who had waited for longer than an `add` may take.
    if (matchedCount < records.length) throw new Rejection('storage.unavailable', { retryAfter: 1 });
  } catch (error) {
    await keys.deleteMany(mine).catch(() => undefined);
    throw error;
  }
};

const createWrites = ({ keys, patienceMs }: Vaulted, asking: Guarded): Pick<KeyVault, 'add' | 'rewrap' | 'destroy'> => ({
  add: (records) =>
    asking(async () => {
      requireDistinct(records);
      const [first] = records;
      if (first !== undefined && records.length === 1) await insert({ keys, patienceMs }, first, undefined);
      else if (first !== undefined) await addTogether({ keys, patienceMs }, records);
    }),
  rewrap: ({ id, version, wrappedBy, wrapped }, expectedWrappedBy) =>
    asking(async () => {
      const present = { _id: id, version, wrappedBy: expectedWrappedBy, pending: { $exists: false } };
      return (await keys.updateOne(present, { $set: { wrappedBy, wrapped: new Binary(wrapped) } })).matchedCount === 1;
    }),
  destroy: (id) =>
    asking(async () => {
      const found = await keys.findOne({ _id: id });
      if (found === null) return;
      // Overwritten where it stands, and found by nobody from then on, before its place is given back. docs/engines.md says what the server may keep all the same.
      await keys.updateOne({ _id: id }, { $set: { wrapped: new Binary(Buffer.alloc(found.wrapped.length())), pending: DESTROYED } });
      await keys.deleteOne({ _id: id });
    }),
});

/** Keys that are read at once. */
const KEYS_A_PIECE = 500;

/** What is there already, and no index made. */
export const readMongoVault = ({ db, asking }: Readonly<{ db: Db; asking: Guarded }>): Pick<KeyVault, 'get' | 'find' | 'list' | 'pieces'> => {
  const keys = keysIn(db);
  /** `limit` 0: all. */
  const all = (wanted: Filter<KeyDocument>, limit = 0): Promise<readonly KeyRecord[]> =>
    asking(async () => (await keys.find({ ...wanted, pending: { $exists: false } }).sort({ _id: 1 }).limit(limit).toArray()).map(toRecord));
  return {
    get: async (id) => (await all({ _id: id }))[0],
    find: (lookup, tenant) => all(tenant === undefined ? { lookup } : { place: `${tenant}\n${lookup}` }),
    list: (kind, tenant) => all(tenant === undefined ? { kind } : { tenant, kind }),
    pieces: async function* pieces(kind, tenant) {
      for (let after: string | undefined = ''; after !== undefined; ) {
        const found: readonly KeyRecord[] = await all({ tenant, kind, _id: { $gt: after } }, KEYS_A_PIECE);
        yield found;
        after = found.length < KEYS_A_PIECE ? undefined : found.at(-1)?.id;
      }
    },
  };
};

/** `patienceMs`: how long what is half added may stand unchanged before it counts as left behind; 5 s unless given. */
export type MongoVaultOptions = Readonly<{ db: Db; asking: Guarded; patienceMs?: number }>;

/** Makes the indexes. Rejects with `storage.unavailable`. */
export const openMongoVault = async ({ db, asking, patienceMs = PATIENCE_MS }: MongoVaultOptions): Promise<KeyVault> => {
  const keys = keysIn(db);
  await asking(() => keys.createIndex({ place: 1 }, { unique: true, sparse: true }));
  await asking(() => keys.createIndex({ lookup: 1 }));
  await asking(() => keys.createIndex({ tenant: 1, kind: 1, _id: 1 }));
  await asking(() => keys.createIndex({ kind: 1 }));
  return { ...createWrites({ keys, patienceMs }, asking), ...readMongoVault({ db, asking }) };
};

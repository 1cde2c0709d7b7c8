/** Writes of documents that come to the same in any order, and however often they are made. */
import { type AnyBulkWriteOperation, type Collection, MongoBulkWriteError } from 'mongodb';
import { createRecent } from '../../application/kernel/recent.ts';
import { type Guarded, isDuplicate } from './failures.ts';
import type { DocumentRecord } from './read-model-records.ts';

/** Records in one message: few enough that a slow server answers in time. */
const INSERTED_AT_ONCE = 1_000;
const UPDATED_AT_ONCE = 100;
const REMEMBERED = 50_000;

/** Which records are there already, as far as it is known: what is there is not inserted in vain. */
export interface Presence {
  note(documents: Collection<DocumentRecord>, keys: Iterable<string>): void;
  has(documents: Collection<DocumentRecord>, key: string): boolean;
}

const nameOf = ({ collectionName }: Collection<DocumentRecord>, key: string): string => `${collectionName} ${key}`;

export const createPresence = (): Presence => {
  const known = createRecent<string, true>(REMEMBERED);
  return {
    note: (documents, keys) => {
      for (const key of keys) known.set(nameOf(documents, key), true);
    },
    has: (documents, key) => known.get(nameOf(documents, key)) === true,
  };
};

const parts = <Item>(items: readonly Item[], size: number): readonly (readonly Item[])[] =>
  Array.from({ length: Math.ceil(items.length / size) }, (_, index) => items.slice(index * size, (index + 1) * size));

type Target = Readonly<{ documents: Collection<DocumentRecord>; guarded: Guarded }>;

/** Resolves to the records whose key was taken. */
const insert = async (documents: Collection<DocumentRecord>, records: readonly DocumentRecord[]): Promise<readonly DocumentRecord[]> => {
  try {
    await documents.insertMany([...records], { ordered: false });
    return [];
  } catch (error) {
    if (!(error instanceof MongoBulkWriteError)) throw error;
    const errors = Array.isArray(error.writeErrors) ? error.writeErrors : [error.writeErrors];
    if (errors.length === 0 || !errors.every(isDuplicate) || error.result.getWriteConcernError() !== undefined) throw error;
    return errors.flatMap(({ index }) => records[index] ?? []);
  }
};

/** `$max`: a record that includes more than this one stays as it is, decided by the server for each record. */
const toUpdate = ({ _id, i, v }: DocumentRecord): AnyBulkWriteOperation<DocumentRecord> => ({
  updateOne: { filter: { _id }, update: { $max: { v }, $setOnInsert: { i } }, upsert: true },
});

/** Rejects with `storage.unavailable` when it is not known what was stored. */
export const writeRecords = async ({ documents, guarded }: Target, records: readonly DocumentRecord[], presence: Presence): Promise<void> => {
  const { there = [], fresh = [] } = Object.groupBy(records, ({ _id }) => (presence.has(documents, _id) ? 'there' : 'fresh'));
  const taken: DocumentRecord[] = [];
  for (const some of parts(fresh, INSERTED_AT_ONCE)) taken.push(...(await guarded(() => insert(documents, some))));
  for (const some of parts([...there, ...taken], UPDATED_AT_ONCE)) await guarded(() => documents.bulkWrite(some.map(toUpdate), { ordered: false }));
  presence.note(documents, records.map(({ _id }) => _id));
};

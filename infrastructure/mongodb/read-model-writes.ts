/** Writes of documents that come to the same in any order, and however often they are made. */
import { type AnyBulkWriteOperation, type Collection, MongoBulkWriteError } from 'mongodb';
import { createRecent } from '../../application/kernel/recent.ts';
import { DUPLICATE_KEY, type Guarded } from './failures.ts';
import type { DocumentRecord } from './read-model-records.ts';

/**
 * Records in one message: so many at first, and twice or half as many next time when the answer came quickly or late (milliseconds). A FerretDB
 * 1.x as it is released looks through all documents for each that it updates: what it can do in time depends on how many there are.
 */
const FIRST = { insert: 1_000, update: 16 } as const;
const MOST = 1_000;
const QUICK = 250;
const LATE = 1_000;
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

type Target = Readonly<{ documents: Collection<DocumentRecord>; guarded: Guarded }>;

type Write = (documents: Collection<DocumentRecord>, records: readonly DocumentRecord[]) => Promise<unknown>;

/** The records whose key was taken; rejects with the error when it says anything else. */
const takenIn = (error: unknown, records: readonly DocumentRecord[]): readonly DocumentRecord[] => {
  if (!(error instanceof MongoBulkWriteError)) throw error;
  const errors = [error.writeErrors].flat();
  if (errors.length === 0 || errors.some(({ code }) => code !== DUPLICATE_KEY) || error.result.getWriteConcernError() !== undefined) throw error;
  return errors.flatMap(({ index }) => records[index] ?? []);
};

const nextSize = (size: number, took: number): number => {
  if (took < QUICK) return Math.min(2 * size, MOST);
  return took > LATE ? Math.ceil(size / 2) : size;
};

/** In parts; resolves to the records whose key somebody else took first. */
const writeIn = async ({ documents, guarded }: Target, records: readonly DocumentRecord[], write: Write, first: number): Promise<readonly DocumentRecord[]> => {
  const taken: DocumentRecord[] = [];
  for (let from = 0, size = first; from < records.length; ) {
    const some = records.slice(from, from + size);
    const began = performance.now();
    taken.push(...(await guarded(() => write(documents, some).then(() => [], (error: unknown) => takenIn(error, some)))));
    from += size;
    size = nextSize(size, performance.now() - began);
  }
  return taken;
};

const insert: Write = (documents, records) => documents.insertMany([...records], { ordered: false });

/** `$max`: a record that includes more than this one stays as it is, decided by the server for each record. */
const toUpdate = ({ _id, i, v }: DocumentRecord): AnyBulkWriteOperation<DocumentRecord> => ({
  updateOne: { filter: { _id }, update: { $max: { v }, $setOnInsert: { i } }, upsert: true },
});

const update: Write = (documents, records) => documents.bulkWrite(records.map(toUpdate), { ordered: false });

/** Rejects with `storage.unavailable` when it is not known what was stored. */
export const writeRecords = async (target: Target, records: readonly DocumentRecord[], presence: Presence): Promise<void> => {
  const { documents } = target;
  const { there = [], fresh = [] } = Object.groupBy(records, ({ _id }) => (presence.has(documents, _id) ? 'there' : 'fresh'));
  const taken = await writeIn(target, fresh, insert, FIRST.insert);
  // What is not there any more, and inserted by two at once, is there the second time.
  const again = await writeIn(target, [...there, ...taken], update, FIRST.update);
  await writeIn(target, again, update, FIRST.update);
  presence.note(documents, records.map(({ _id }) => _id));
};

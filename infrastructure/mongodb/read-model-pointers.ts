/** Which collection holds which model, and how far it is: one small document for each version of a model. */
import { randomUUID } from 'node:crypto';
import { setImmediate as turn } from 'node:timers/promises';
import { type Collection, type Db, type IndexDescription, type IndexDescriptionInfo, MongoServerError } from 'mongodb';
import type { ReadModelDefinition } from '../../application/kernel/read-models.ts';
import type { Guarded } from './failures.ts';
import { type Declared, parseDeclaration, type Shape, shapeOf, tableName } from '../read-models/shape.ts';
import { type DocumentRecord, fieldPath, ID, TENANT } from './read-model-records.ts';

export type Ref = Pick<ReadModelDefinition, 'name' | 'version'>;

/**
 * Changed in one write, so that a model is switched, or moved on, whole or not at all. `checkpoint` is empty before the first commit. `indexed`
 * says that the collection has its indexes.
 */
export type Pointer = Readonly<{ _id: string; name: string; version: number; storage: string; declaration: string; checkpoint: string; indexed?: boolean }>;

export type StoredModel = Readonly<{ pointer: Pointer; definition: ReadModelDefinition; shape: Shape; documents: Collection<DocumentRecord> }>;

const POINTERS = 'read_models';
const PREFIX = 'read_model.';

export const refText = ({ name, version }: Ref): string => `${name} v${version}`;

/** A collection that nobody ever wrote to. Throws on what could not be the name of a model. */
export const newStorage = ({ name, version }: Ref): string => {
  tableName(name, version, 0);
  return `${PREFIX}${name}.v${version}.${randomUUID().slice(0, 8)}`;
};

export const pointersIn = (db: Db): Collection<Pointer> => db.collection<Pointer>(POINTERS);

export const modelOf = (db: Db, pointer: Pointer): StoredModel => {
  const { name, version, declaration, storage } = pointer;
  const declared = parseDeclaration(declaration);
  return { pointer, definition: { name, version, ...declared }, shape: shapeOf(declared), documents: db.collection<DocumentRecord>(storage) };
};

export const BY_ID = 'by_id';
export const indexName = (number: number): string => `by_${number}`;

/** The declared ones, each after the tenant and before the id, so that pages by key are ranges of it. */
const indexesOf = ({ indexes }: Declared): readonly IndexDescription[] => [
  { key: { [TENANT]: 1, [ID]: 1 }, name: BY_ID },
  ...indexes.map((index, number) => ({ key: Object.fromEntries([TENANT, ...index.map(fieldPath), ID].map((path) => [path, 1 as const])), name: indexName(number) })),
];

const NO_COLLECTION = 26;

const none = (error: unknown): readonly IndexDescriptionInfo[] => {
  if (error instanceof MongoServerError && error.code === NO_COLLECTION) return [];
  throw error;
};

/**
 * Makes those that are missing, in one message where there are none. Asking again does nothing. Where another process makes them at the same time,
 * they come one by one: FerretDB 1.x stumbles over several of which more than one is there already.
 */
export const createIndexes = async (db: Db, storage: string, declared: Declared): Promise<void> => {
  const collection = db.collection(storage);
  const wanted = indexesOf(declared);
  const there = new Set((await collection.indexes().catch(none)).map(({ name }) => name));
  if (there.size === 0 && (await collection.createIndexes([...wanted]).then(() => true, () => false))) return;
  for (const { key, name } of wanted.filter((each) => !there.has(each.name))) await collection.createIndex(key, { name: name as string });
};

/** What is asked for in the same turn is asked in one question; every answer is as of a moment after it was asked for. */
const createTogether = <Value>(ask: (keys: readonly string[]) => Promise<readonly Value[]>): ((key: string) => Promise<readonly Value[]>) => {
  let next: Readonly<{ keys: Set<string>; answer: Promise<readonly Value[]> }> | undefined;
  const begin = (): NonNullable<typeof next> => {
    const keys = new Set<string>();
    const answer = turn().then(() => {
      next = undefined;
      return ask([...keys]);
    });
    return { keys, answer };
  };
  return (key) => {
    next ??= begin();
    next.keys.add(key);
    return next.answer;
  };
};

export interface PointerReads {
  /** Undefined where the model was not prepared. */
  one(ref: Ref): Promise<Pointer | undefined>;
  /** All versions of a model, the oldest first. */
  versions(name: string): Promise<readonly Pointer[]>;
}

/** All models are prepared, looked at and moved on at the same moments: few questions are enough. Rejects with `storage.unavailable`. */
export const createPointerReads = (db: Db, guarded: Guarded): PointerReads => {
  const byId = createTogether((ids) => guarded(() => pointersIn(db).find({ _id: { $in: [...ids] } }).toArray()));
  const byName = createTogether((names) => guarded(() => pointersIn(db).find({ name: { $in: [...names] } }).toArray()));
  return {
    one: async (ref) => (await byId(refText(ref))).find(({ _id }) => _id === refText(ref)),
    versions: async (name) => (await byName(name)).filter((pointer) => pointer.name === name).toSorted((one, other) => one.version - other.version),
  };
};

/**
 * Drops the collections that no model has any more. They are listed before the pointers are read: a collection is made after the pointer
 * to it, so that whatever is in the list and still wanted has one.
 */
export const dropUnused = async (db: Db): Promise<void> => {
  const listed = await db.listCollections({}, { nameOnly: true }).toArray();
  const used = new Set((await pointersIn(db).find({}).toArray()).map(({ storage }) => storage));
  for (const { name } of listed.filter((each) => each.name.startsWith(PREFIX) && !used.has(each.name))) await db.collection(name).drop();
};

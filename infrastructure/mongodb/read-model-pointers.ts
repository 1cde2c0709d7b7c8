/** Which collection holds which model, and how far it is: one small document for each version of a model. */
import { randomUUID } from 'node:crypto';
import type { Collection, Db } from 'mongodb';
import type { ReadModelDefinition } from '../../application/kernel/read-models.ts';
import { type Declared, parseDeclaration, type Shape, shapeOf, tableName } from '../read-models/shape.ts';
import { type DocumentRecord, fieldPath, ID, TENANT } from './read-model-records.ts';

export type Ref = Pick<ReadModelDefinition, 'name' | 'version'>;

/** Changed in one write, so that a model is switched, or moved on, whole or not at all. `checkpoint` is empty before the first commit. */
export type Pointer = Readonly<{ _id: string; name: string; version: number; storage: string; declaration: string; checkpoint: string }>;

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

/**
 * The declared ones, each after the tenant and before the id, so that pages by key are ranges of it. Asking again does nothing; one at a
 * time, for FerretDB 1.x stumbles over several of which more than one is there already.
 */
export const createIndexes = async (db: Db, storage: string, { indexes }: Declared): Promise<void> => {
  const collection = db.collection(storage);
  await collection.createIndex({ [TENANT]: 1, [ID]: 1 }, { name: BY_ID });
  for (const [number, index] of indexes.entries()) {
    await collection.createIndex(Object.fromEntries([TENANT, ...index.map(fieldPath), ID].map((path) => [path, 1])), { name: indexName(number) });
  }
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

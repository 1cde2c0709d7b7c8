/**
 * Read models in MongoDB: one collection for each version of a model, and a pointer to it that holds the checkpoint.
 *
 * A commit is no transaction. It looks whether the checkpoint is where the runner believes it, writes the documents, and then moves the
 * checkpoint if it still is there. What ends in between leaves documents ahead of the checkpoint, and that is right: a document says up to
 * which event it includes the log, the same event always makes the same document of the same one, and no write ever puts an older document
 * (nor an older removal) in a newer one's place. Whoever goes on at the checkpoint loads those documents with their positions, skips what they
 * include, and comes to what an undisturbed commit would have left. So two runners at once, of which one loses at the checkpoint, leave
 * nothing behind that the other would not have written too.
 */
import type { Db } from 'mongodb';
import type { Logger } from '../../application/kernel/ports.ts';
import type { Change, DocumentKey, LoadedDocument, ReadModelDefinition, ReadModelStore, StoredDocument } from '../../application/kernel/read-models.ts';
import type { Position } from '../../domain/kernel/ids.ts';
import { reject } from '../../domain/kernel/rejection.ts';
import { type Declared, declarationText, parseDeclaration } from '../read-models/shape.ts';
import type { Mongo } from './connection.ts';
import { isDuplicate } from './failures.ts';
import { BY_ID, createIndexes, createPointerReads, dropUnused, modelOf, newStorage, type Pointer, type PointerReads, pointersIn, type Ref, refText, type StoredModel } from './read-model-pointers.ts';
import { createMongoReader, type Reading } from './read-model-reader.ts';
import { type DocumentRecord, fromRecord, ID, recordKey, TENANT, toRecord } from './read-model-records.ts';
import { createPresence, type Presence, writeRecords } from './read-model-writes.ts';

const LOADED_AT_ONCE = 1_000;
const SCANNED_AT_ONCE = 500;
/** Seconds. */
const BEHIND_RETRY_AFTER = 1;

const declaredBy = ({ indexes, totalsByDay }: ReadModelDefinition): Declared => ({ indexes, ...(totalsByDay !== undefined && { totalsByDay }) });

const fenced = (ref: Ref): never => reject('kernel.fenced', { model: refText(ref) });

export type MongoReadModelsOptions = Readonly<{ mongo: Pick<Mongo, 'db' | 'guarded'>; logger: Logger }>;

class MongoReadModels implements ReadModelStore {
  readonly #db: Db;
  readonly #guarded: Mongo['guarded'];
  readonly #pointers: PointerReads;
  readonly #presence: Presence = createPresence();
  /** As last seen: every read asks afterwards whether it still is so. */
  readonly #seen = new Map<string, Pointer>();
  /** As it was seen furthest. */
  readonly #furthest = new Map<string, Pointer>();

  readonly #logger: Logger;
  #tidying: Promise<void> = Promise.resolve();
  #nextTidy: Promise<void> | undefined;

  constructor({ mongo: { db, guarded }, logger }: MongoReadModelsOptions) {
    this.#db = db;
    this.#guarded = guarded;
    this.#pointers = createPointerReads(db, guarded);
    this.#logger = logger;
  }

  async prepare(definition: ReadModelDefinition): Promise<void> {
    const wanted = declarationText(declaredBy(definition));
    let found = await this.#pointer(definition);
    for (; found?.declaration !== wanted; found = await this.#pointer(definition)) {
      // Who does so itself, at its start, knows that it has to be filled.
      this.#furthest.delete(refText(definition));
      await this.#begin(definition, found, wanted);
    }
    if (found.indexed !== true) await this.#index(found);
    await this.#tidy();
  }

  open<Document extends object>(...[tenant, definition]: Parameters<ReadModelStore['open']>): ReturnType<typeof createMongoReader<Document>> {
    const reading = this.#readingOf(definition);
    return createMongoReader<Document>(tenant, async (read) => {
      const result = await reading(read);
      return this.#isBegunAnew(definition) ? reject('storage.behind', { retryAfter: BEHIND_RETRY_AFTER }) : result;
    });
  }

  async load(definition: ReadModelDefinition, keys: readonly DocumentKey[]): Promise<readonly LoadedDocument[]> {
    const loaded: LoadedDocument[] = [];
    for (let from = 0; from < keys.length; from += LOADED_AT_ONCE) {
      const some = keys.slice(from, from + LOADED_AT_ONCE).map(recordKey);
      loaded.push(...(await this.#readingOf(definition)(async ({ documents }) => {
        const records = await documents.find({ _id: { $in: some } }, { batchSize: LOADED_AT_ONCE }).toArray();
        this.#presence.note(documents, records.map(({ _id }) => _id));
        return records.map(fromRecord);
      })));
    }
    return loaded;
  }

  async checkpoint(definition: ReadModelDefinition): Promise<Position | undefined> {
    const checkpoint = (await this.#pointer(definition))?.checkpoint ?? '';
    return checkpoint === '' ? undefined : (checkpoint as Position);
  }

  async commit(...[definition, changes, from, to]: Parameters<ReadModelStore['commit']>): Promise<void> {
    const pointer = (await this.#pointer(definition)) ?? fenced(definition);
    const { _id, storage } = pointer;
    const checkpoint = from ?? '';
    if (pointer.checkpoint !== checkpoint) return fenced(definition);
    await this.#write(modelOf(this.#db, pointer), changes);
    const { matchedCount } = await this.#guarded(() => pointersIn(this.#db).updateOne({ _id, storage, checkpoint }, { $set: { checkpoint: to } }));
    return matchedCount === 1 ? undefined : fenced(definition);
  }

  async *scan(definition: ReadModelDefinition): AsyncIterable<StoredDocument> {
    const reading = this.#readingOf(definition);
    for (let last: LoadedDocument | undefined, full = true; full; ) {
      const place = last;
      const page = await reading((model) => scanned(model, place));
      yield* page as readonly StoredDocument[];
      last = page.at(-1);
      full = page.length === SCANNED_AT_ONCE;
    }
  }

  async drop(definition: ReadModelDefinition): Promise<void> {
    const isThere = (await this.#pointer(definition)) !== undefined;
    this.#furthest.delete(refText(definition));
    if (!isThere) return;
    await this.#guarded(() => pointersIn(this.#db).deleteOne({ _id: refText(definition) }));
    await this.#tidy();
  }

  async versions(name: string): Promise<readonly ReadModelDefinition[]> {
    return (await this.#pointers.versions(name)).map((pointer) => modelOf(this.#db, pointer).definition);
  }

  /** What ends between the two writes leaves a shadow that shows the live documents; nobody asks it, and the next rebuild drops it first. */
  async promote(...[shadow, live, at]: Parameters<ReadModelStore['promote']>): Promise<void> {
    const pointer = await this.#pointer(shadow);
    if (pointer === undefined || pointer.checkpoint !== (at ?? '')) return fenced(shadow);
    await this.#putInPlace(pointer, live);
    const { deletedCount } = await this.#guarded(() => pointersIn(this.#db).deleteOne({ _id: pointer._id, storage: pointer.storage }));
    if (deletedCount === 0) {
      // Dropped by another process before it was the live one's: its collection may be gone.
      await this.#begin(live, { ...pointer, _id: refText(live) }, pointer.declaration);
      return fenced(shadow);
    }
    await this.#tidy();
  }

  /** Decided by one write: a live model that is beyond the shadow stays as it is. */
  async #putInPlace({ storage, declaration, checkpoint, indexed = false }: Pointer, live: ReadModelDefinition): Promise<void> {
    const { name, version } = live;
    try {
      await this.#guarded(() => pointersIn(this.#db).updateOne({ _id: refText(live), checkpoint: { $lte: checkpoint } }, { $set: { name, version, storage, declaration, checkpoint, indexed } }, { upsert: true }));
    } catch (error) {
      if (isDuplicate(error)) fenced(live);
      throw error;
    }
  }

  async #begin(definition: ReadModelDefinition, found: Pointer | undefined, declaration: string): Promise<void> {
    const { name, version } = definition;
    const anew = { storage: newStorage(definition), declaration, checkpoint: '', indexed: false };
    const pointers = pointersIn(this.#db);
    if (found !== undefined) {
      await this.#guarded(() => pointers.updateOne({ _id: found._id, storage: found.storage }, { $set: anew }));
      return;
    }
    try {
      await this.#guarded(() => pointers.insertOne({ _id: refText(definition), name, version, ...anew }));
    } catch (error) {
      if (!isDuplicate(error)) throw error;
    }
  }

  async #index({ _id, storage, declaration }: Pointer): Promise<void> {
    await this.#guarded(() => createIndexes(this.#db, storage, parseDeclaration(declaration)));
    await this.#guarded(() => pointersIn(this.#db).updateOne({ _id, storage }, { $set: { indexed: true } }));
  }

  /** Of several changes of one document the last one counts. */
  #write(model: StoredModel, changes: readonly Change[]): Promise<void> {
    const records = new Map(changes.map((change) => [recordKey(change), change]));
    return writeRecords({ documents: model.documents, guarded: this.#guarded }, [...records.values()].map((change) => toRecord(model.shape.fields, change)), this.#presence);
  }

  async #pointer(ref: Ref): Promise<Pointer | undefined> {
    const _id = refText(ref);
    const pointer = await this.#pointers.one(ref);
    if (pointer === undefined) this.#seen.delete(_id);
    else {
      this.#seen.set(_id, pointer);
      if (pointer.checkpoint > (this.#furthest.get(_id)?.checkpoint ?? '')) this.#furthest.set(_id, pointer);
    }
    return pointer;
  }

  /**
   * Whether another process has begun with the model anew, which then lacks what was answered from it. Of one collection the checkpoint never goes back, and
   * answers to two questions may come in either order.
   */
  #isBegunAnew(ref: Ref): boolean {
    const [now, furthest] = [this.#seen.get(refText(ref)), this.#furthest.get(refText(ref))];
    return now !== undefined && furthest !== undefined && now.storage !== furthest.storage && now.checkpoint < furthest.checkpoint;
  }

  /** A model may be switched by another process at any time: what was read of a collection counts if it still is the model's afterwards. */
  #readingOf(ref: Ref): Reading {
    return async (read) => {
      for (let pointer = this.#seen.get(refText(ref)) ?? (await this.#pointer(ref)); pointer !== undefined; ) {
        const model = modelOf(this.#db, pointer);
        const result = await this.#guarded(() => read(model));
        const now = await this.#pointer(ref);
        if (now?.storage === pointer.storage) return result;
        pointer = now;
      }
      throw new Error(`the read model ${refText(ref)} was not prepared`);
    };
  }

  /** Once for all who ask before it begins. What could not be dropped now is dropped the next time. */
  #tidy(): Promise<void> {
    this.#nextTidy ??= this.#tidying.then(() => {
      this.#nextTidy = undefined;
      this.#tidying = this.#dropUnused();
      return this.#tidying;
    });
    return this.#nextTidy;
  }

  async #dropUnused(): Promise<void> {
    try {
      await this.#guarded(() => dropUnused(this.#db));
    } catch (error) {
      this.#logger.warn({ reason: String(error) }, 'read models that nobody asks any more could not be removed');
    }
  }
}

/** By tenant and id; what was removed has no tenant. */
const scanned = async ({ documents }: StoredModel, last: LoadedDocument | undefined): Promise<readonly LoadedDocument[]> => {
  const ranges = last === undefined ? [{ [TENANT]: { $gt: '' } }] : [{ [TENANT]: last.tenant, [ID]: { $gt: last.id } }, { [TENANT]: { $gt: last.tenant } }];
  const found: DocumentRecord[] = [];
  for (const range of ranges) {
    if (found.length >= SCANNED_AT_ONCE) break;
    found.push(...(await documents.find(range, { sort: { [TENANT]: 1, [ID]: 1 }, hint: BY_ID, limit: SCANNED_AT_ONCE - found.length }).toArray()));
  }
  return found.map(fromRecord);
};

/** Nothing is asked of the database yet: `prepare` is the first that does. */
export const openMongoReadModels = (options: MongoReadModelsOptions): ReadModelStore => new MongoReadModels(options);

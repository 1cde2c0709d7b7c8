/** The port of read models: documents by tenant and id, with the indexes that their projection declares. */
import type { Position, TenantId } from '../../domain/kernel/ids.ts';

type Scalar = string | number | boolean | null;

/** Equality, membership or a range on declared index fields. Absent fields do not filter. */
export type Condition = Scalar | Readonly<{ in?: readonly Scalar[]; gte?: Scalar; gt?: Scalar; lte?: Scalar; lt?: Scalar }>;
export type Where<Document> = { readonly [Field in keyof Document]?: Condition };

/**
 * A question to one read model of one tenant. `order` needs a declared index that starts with the equality fields;
 * ties are broken by id in the same direction, so that pages never overlap. Pages by number use `offset`, pages by
 * cursor `after` (the `next` of the page before).
 */
export type Query<Document> = Readonly<{
  where?: Where<Document>;
  order?: Readonly<{ by: keyof Document & string; direction: 'asc' | 'desc' }>;
  limit: number;
  offset?: number;
  after?: string;
  /** Also count all that match. */
  total?: boolean;
}>;

export type Page<Document> = Readonly<{ items: readonly Document[]; next?: string; total?: number }>;

/** Opened for one tenant: it cannot be omitted. */
export interface ReadModel<Document> {
  get(id: string): Promise<Document | undefined>;
  page(query: Query<Document>): Promise<Page<Document>>;
  /** All that match, in order, read in bounded pages: memory does not grow with the result. */
  stream(query: Omit<Query<Document>, 'limit' | 'offset' | 'total'>): AsyncIterable<Document>;
}

/** What a projection needs of the store: its versioned name, and the fields it asks by. */
export type ReadModelDefinition = Readonly<{
  name: string;
  version: number;
  /** Each index is a list of top-level fields, after the tenant that every index starts with. */
  indexes: readonly (readonly string[])[];
  /**
   * An indexed field that holds times (UTC, ISO 8601 with milliseconds): the total of a range of it, alone or after equality on all the
   * fields before it in an index, then costs no more than the days at the range's ends. Any value is still counted right.
   */
  totalsByDay?: string;
}>;

export type DocumentKey = Readonly<{ tenant: TenantId; id: string }>;
/** `document: undefined` removes it. `position` is that of the newest event the document includes. */
export type Change = DocumentKey & Readonly<{ document: object | undefined; position: Position }>;
export type StoredDocument = DocumentKey & Readonly<{ document: object; position: Position }>;
/** `document: undefined` was removed at `position`: a store whose documents may run ahead of the checkpoint remembers that. */
export type LoadedDocument = DocumentKey & Readonly<{ document: object | undefined; position: Position }>;

export interface ReadModelStore {
  /**
   * Creates what the definition needs; a running model of another version stays as it is. A model of this version that was stored with
   * other indexes is emptied, its checkpoint included: it has to be filled again.
   */
  prepare(definition: ReadModelDefinition): Promise<void>;
  open<Document extends object>(tenant: TenantId, definition: ReadModelDefinition): ReadModel<Document>;
  load(definition: ReadModelDefinition, keys: readonly DocumentKey[]): Promise<readonly LoadedDocument[]>;
  checkpoint(definition: ReadModelDefinition): Promise<Position | undefined>;
  /**
   * Stores changes and checkpoint in one commit, if the checkpoint still is `from`; else rejects with
   * `kernel.fenced` (another runner is at work) and stores nothing.
   */
  commit(definition: ReadModelDefinition, changes: readonly Change[], from: Position | undefined, to: Position): Promise<void>;
  /** All documents of a model, by tenant and id: for digests and comparisons. */
  scan(definition: ReadModelDefinition): AsyncIterable<StoredDocument>;
  /** Removes one version of a model, its checkpoint included. */
  drop(definition: ReadModelDefinition): Promise<void>;
  /** The versions of a model that are stored, oldest first, each with the indexes it has. */
  versions(name: string): Promise<readonly ReadModelDefinition[]>;
  /**
   * Documents and checkpoint of `shadow` become those of `live`, in one step; what `live` held before, and `shadow`, are gone. Rejects with `kernel.fenced`
   * when `shadow` does not stand at `at`, where whoever filled it left it, or `live` is beyond that: another runner is at work on either.
   */
  promote(shadow: ReadModelDefinition, live: ReadModelDefinition, at: Position | undefined): Promise<void>;
}

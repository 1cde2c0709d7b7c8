/**
 * How documents of read models are kept: as the JSON text that they are, so that every byte comes back and no name or value in them means
 * anything to the database, with the fields that are asked for beside it as typed scalars.
 */
import type { Change, DocumentKey } from '../../application/kernel/read-models.ts';
import type { Position, TenantId } from '../../domain/kernel/ids.ts';
import { columnValue, type ColumnValue } from '../read-models/shape.ts';

/**
 * One document as of a position. MongoDB compares embedded documents field by field, so with the position in front the newer of two is the
 * greater one: `$max` then keeps it, whoever writes last. What was removed keeps nothing but its position, and belongs to no tenant any
 * more: no question finds it.
 */
export type Content = Readonly<{
  p: string;
  /** The tenant. */
  t?: string;
  /** The values of the index fields: null where there is none. */
  f?: Readonly<Record<string, ColumnValue>>;
  /** The document as JSON. */
  d?: string;
}>;

export type DocumentRecord = Readonly<{ _id: string; /** The document's id. */ i: string; v: Content }>;

/** Paths of the parts that are asked for. */
export const TENANT = 'v.t';
export const ID = 'i';
export const fieldPath = (field: string): string => `v.f.${field}`;

/** A tenant is a UUID: the first space ends it. */
export const recordKey = ({ tenant, id }: DocumentKey): string => `${tenant} ${id}`;

const tenantOf = ({ _id }: DocumentRecord): TenantId => _id.slice(0, _id.indexOf(' ')) as TenantId;

/** As the embedded store compares it; what is no finite number cannot be in JSON either. */
export const fieldValue = (value: unknown): ColumnValue => {
  const column = columnValue(value);
  return typeof column === 'number' && !Number.isFinite(column) ? null : column;
};

export const toRecord = (fields: readonly string[], change: Change): DocumentRecord => {
  const { tenant, id, position } = change;
  const document = change.document as Readonly<Record<string, unknown>> | undefined;
  const v: Content =
    document === undefined
      ? { p: position }
      : { p: position, t: tenant, f: Object.fromEntries(fields.map((field) => [field, fieldValue(document[field])])), d: JSON.stringify(document) };
  return { _id: recordKey(change), i: id, v };
};

/** What a record says of its document; undefined for one that was removed. */
export const documentOf = ({ v: { d } }: DocumentRecord): object | undefined => (d === undefined ? undefined : (JSON.parse(d) as object));

export const fromRecord = (record: DocumentRecord): DocumentKey & Readonly<{ document: object | undefined; position: Position }> => ({
  tenant: tenantOf(record),
  id: record.i,
  position: record.v.p as Position,
  document: documentOf(record),
});

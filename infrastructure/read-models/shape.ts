/** What follows from a model's declared indexes: its columns, the prefixes that are counted, and the names of its table. */
import type { ReadModelDefinition } from '../../application/kernel/read-models.ts';

export type Indexes = ReadModelDefinition['indexes'];
export type ColumnValue = string | number | null;

export type Shape = Readonly<{
  /** Every field of any index, once. */
  fields: readonly string[];
  /** Every proper prefix of any index, once, as lists of fields; the empty one, which counts all, is the first. */
  prefixes: readonly (readonly string[])[];
}>;

const FIELD = /^[A-Za-z][A-Za-z0-9_]*$/;
const MODEL = /^[a-z][a-z0-9.~_-]*$/;

export const shapeOf = (indexes: Indexes): Shape => {
  const fields = [...new Set(indexes.flat())];
  const wrong = fields.find((field) => !FIELD.test(field));
  if (wrong !== undefined) throw new Error(`not a field to index by: ${wrong}`);
  const prefixes = indexes.flatMap((index) => index.map((_, length) => index.slice(0, length)));
  return { fields, prefixes: [...new Map([[], ...prefixes].map((prefix) => [prefix.join(), prefix])).values()] };
};

export const columnOf = (field: string): string => `"f_${field}"`;

export const indexName = (table: string, number: number): string => `"${table}_by_${number}"`;

/** Throws on names that could not be a table's. */
export const tableName = (name: string, version: number, storage: number): string => {
  if (!MODEL.test(name) || !Number.isSafeInteger(version)) throw new Error(`not the name of a read model: ${name}`);
  return `${name}_v${version}_${storage}`;
};

/** A value as its column holds it: truth as 1 and 0, what is no scalar (or absent) as null. */
export const columnValue = (value: unknown): ColumnValue => {
  if (typeof value === 'string' || typeof value === 'number') return value;
  return typeof value === 'boolean' ? Number(value) : null;
};

/** How the values of a prefix are written down in `counts`. */
export const countedValue = (values: readonly ColumnValue[]): string => JSON.stringify(values);

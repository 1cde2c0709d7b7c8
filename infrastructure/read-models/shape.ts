/** What follows from a model's declared indexes: its columns, what is counted, and the names of its table. */
import type { ReadModelDefinition } from '../../application/kernel/read-models.ts';

export type Declared = Pick<ReadModelDefinition, 'indexes' | 'totalsByDay'>;
export type ColumnValue = string | number | null;

/** Documents are counted by the values of these fields, and by the day of the model's time as well where `byDay` says so. */
export type Counted = Readonly<{ fields: readonly string[]; byDay: boolean }>;

export type Shape = Readonly<{
  /** Every field of any index, once. */
  fields: readonly string[];
  /**
   * Every proper prefix of any index, once; the empty one, which counts all, is the first. After them, once more by day, those that the
   * time follows in an index. Their numbers are stored: what is added comes last.
   */
  counted: readonly Counted[];
  day: string | undefined;
}>;

const FIELD = /^[A-Za-z][A-Za-z0-9_]*$/;
const MODEL = /^[a-z][a-z0-9.~_-]*$/;

const once = (prefixes: readonly (readonly string[])[]): readonly (readonly string[])[] =>
  [...new Map(prefixes.map((prefix) => [prefix.join(), prefix])).values()];

const byDayOf = ({ indexes, totalsByDay: day }: Declared): readonly Counted[] => {
  if (day === undefined) return [];
  const before = indexes.filter((index) => index.includes(day)).map((index) => index.slice(0, index.indexOf(day)));
  if (before.length === 0) throw new Error(`not a field of any index: ${day}`);
  return once(before).map((fields) => ({ fields, byDay: true }));
};

export const shapeOf = (declared: Declared): Shape => {
  const { indexes, totalsByDay } = declared;
  const fields = [...new Set(indexes.flat())];
  const wrong = fields.find((field) => !FIELD.test(field));
  if (wrong !== undefined) throw new Error(`not a field to index by: ${wrong}`);
  const prefixes = once([[], ...indexes.flatMap((index) => index.map((_, length) => index.slice(0, length)))]);
  return { fields, counted: [...prefixes.map((prefix) => ({ fields: prefix, byDay: false })), ...byDayOf(declared)], day: totalsByDay };
};

/** As the model's row holds it: the list of the indexes alone, where there is no more to say. */
export const declarationText = ({ indexes, totalsByDay }: Declared): string => JSON.stringify(totalsByDay === undefined ? indexes : { indexes, totalsByDay });

export const parseDeclaration = (text: string): Declared => {
  const stored = JSON.parse(text) as Declared | Declared['indexes'];
  return 'indexes' in stored ? stored : { indexes: stored };
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

/** How the values that something is counted by are written down in `counts`: the day comes last. */
export const countedValue = (values: readonly ColumnValue[]): string => JSON.stringify(values);

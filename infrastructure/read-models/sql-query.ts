/** Typed questions as SQL. Field names come from the declared indexes only; values are always parameters. */
import type { Condition, ReadModelDefinition, Where } from '../../application/kernel/read-models.ts';
import { columnOf, type ColumnValue, columnValue } from './shape.ts';

export type Sql = Readonly<{ text: string; values: readonly ColumnValue[] }>;

type Definition = Pick<ReadModelDefinition, 'name' | 'indexes'>;
type Range = Exclude<Condition, string | number | boolean | null>;
export type Filter = readonly [field: string, condition: Condition];

export const isScalar = (condition: Condition): condition is Exclude<Condition, Range> => condition === null || typeof condition !== 'object';

const COMPARISONS = { gte: '>=', gt: '>', lte: '<=', lt: '<' } as const;

/** The conditions that filter, each on a declared field. Anything else is a mistake in the program. */
export const filtersOf = <Document>({ name, indexes }: Definition, where: Where<Document> = {}): readonly Filter[] => {
  const filters = Object.entries(where as Readonly<Record<string, Condition | undefined>>).filter((filter): filter is [string, Condition] => filter[1] !== undefined);
  const undeclared = filters.find(([field]) => !indexes.some((index) => index.includes(field)));
  if (undeclared !== undefined) throw new Error(`${name} has no index with the field ${undeclared[0]}`);
  return filters;
};

const membership = (column: string, scalars: readonly unknown[]): Sql => {
  const values = scalars.map(columnValue);
  const text = `${column} IN (SELECT value FROM json_each(?))`;
  return { text: values.includes(null) ? `(${text} OR ${column} IS NULL)` : text, values: [JSON.stringify(values)] };
};

const range = (column: string, condition: Range): readonly Sql[] =>
  (['gte', 'gt', 'lte', 'lt'] as const)
    .filter((comparison) => condition[comparison] !== undefined)
    .map((comparison) => ({ text: `${column} ${COMPARISONS[comparison]} ?`, values: [columnValue(condition[comparison])] }));

const condition = ([field, wanted]: Filter): readonly Sql[] => {
  const column = columnOf(field);
  if (wanted === null) return [{ text: `${column} IS NULL`, values: [] }];
  if (isScalar(wanted)) return [{ text: `${column} = ?`, values: [columnValue(wanted)] }];
  return [...(wanted.in === undefined ? [] : [membership(column, wanted.in)]), ...range(column, wanted)];
};

export const and = (parts: readonly Sql[]): Sql => ({
  text: parts.map(({ text }) => text).join(' AND '),
  values: parts.flatMap(({ values }) => values),
});

const OF_TENANT = 'tenant = (SELECT key FROM tenants WHERE id = ?)';

export const conditionOf = (tenant: string, filters: readonly Filter[]): Sql =>
  and([{ text: OF_TENANT, values: [tenant] }, ...filters.flatMap(condition)]);

/** The number of the declared index that gives the order: equality fields first, then the ordered one; the longest such. */
export const orderingIndex = ({ name, indexes }: Definition, filters: readonly Filter[], by: string): number => {
  const equal = new Set(filters.filter(([, wanted]) => isScalar(wanted)).map(([field]) => field));
  const lengths = indexes.map((index) => {
    const at = index.indexOf(by);
    return at >= 0 && index.slice(0, at).every((field) => equal.has(field)) ? at : -1;
  });
  const longest = Math.max(-1, ...lengths);
  if (longest < 0) throw new Error(`${name} has no index that orders by ${by} with the equality fields [${[...equal].join()}]`);
  return lengths.indexOf(longest);
};

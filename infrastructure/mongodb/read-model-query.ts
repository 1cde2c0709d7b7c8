/**
 * Typed questions as MongoDB's filters, with the embedded store's order of values: null, then numbers, then strings. MongoDB's comparisons
 * keep to one type; where the order goes on into another, the question is what does not lie on the other side.
 */
import type { Condition } from '../../application/kernel/read-models.ts';
import type { Direction, Place } from '../read-models/keyset.ts';
import type { ColumnValue } from '../read-models/shape.ts';
import { type Filter, isScalar } from '../read-models/sql-query.ts';
import { fieldPath, fieldValue, ID, TENANT } from './read-model-records.ts';

export type Clause = Readonly<Record<string, unknown>>;

type Comparison = 'gte' | 'gt' | 'lte' | 'lt';
const COMPARISONS = ['gte', 'gt', 'lte', 'lt'] as const;
const OPPOSITE = { gte: '$lt', gt: '$lte', lte: '$gt', lt: '$gte' } as const;

/** Strings have no other type above them, numbers none but null below them, and null never compares. */
const comparison = (path: string, by: Comparison, bound: ColumnValue): Clause => {
  if (bound === null) return { [path]: { $in: [] } };
  const isOpen = typeof bound === 'string' ? by.startsWith('l') : by.startsWith('g');
  return { [path]: isOpen ? { $not: { [OPPOSITE[by]]: bound }, $ne: null } : { [`$${by}`]: bound } };
};

const clausesOf = ([field, wanted]: Filter): readonly Clause[] => {
  const path = fieldPath(field);
  if (isScalar(wanted)) return [{ [path]: { $eq: fieldValue(wanted) } }];
  const condition: Exclude<Condition, string | number | boolean | null> = wanted;
  const bounds = COMPARISONS.filter((by) => condition[by] !== undefined).map((by) => comparison(path, by, fieldValue(condition[by])));
  return condition.in === undefined ? bounds : [{ [path]: { $in: condition.in.map(fieldValue) } }, ...bounds];
};

export const clausesFor = (filters: readonly Filter[]): readonly Clause[] => filters.flatMap(clausesOf);

/** Every question is one tenant's. */
export const filterOf = (tenant: string, clauses: readonly Clause[]): Clause => ({ [TENANT]: tenant, ...(clauses.length > 0 && { $and: clauses }) });

/** What lies behind a place, as ranges of one index that are read one after the other. */
export const rangesAfter = (field: string | undefined, { value, id }: Place, direction: Direction): readonly (readonly Clause[])[] => {
  const beyond = { [ID]: { [direction === 'asc' ? '$gt' : '$lt']: id } };
  if (field === undefined) return [[beyond]];
  const path = fieldPath(field);
  const sameValue = [{ [path]: { $eq: value } }, beyond];
  if (direction === 'asc') return [sameValue, [value === null ? { [path]: { $ne: null } } : comparison(path, 'gt', value)]];
  return value === null ? [sameValue] : [sameValue, [comparison(path, 'lt', value)], [{ [path]: { $eq: null } }]];
};

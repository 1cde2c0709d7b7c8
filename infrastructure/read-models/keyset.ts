/** Pages that begin where the page before ended, however far in: the place is a value of the ordered field and an id. */
import { rejectFields } from '../../domain/kernel/rejection.ts';
import type { Sql } from './sql-query.ts';
import type { ColumnValue } from './shape.ts';

export type Direction = 'asc' | 'desc';
/** The last row of the page before; `value` is null where the order is by id alone. */
export type Place = Readonly<{ value: ColumnValue; id: string }>;

export const encodeCursor = ({ value, id }: Place): string => Buffer.from(JSON.stringify([value, id])).toString('base64url');

const parse = (cursor: string): unknown => {
  try {
    return JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'));
  } catch {
    return undefined;
  }
};

const isColumnValue = (value: unknown): value is ColumnValue => value === null || typeof value === 'string' || typeof value === 'number';

/** Rejects with `request.invalid` what no page ended with. */
export const decodeCursor = (cursor: string): Place => {
  const parsed = parse(cursor);
  if (!Array.isArray(parsed) || parsed.length !== 2) return rejectFields({ cursor: 'is not a cursor of this list' });
  const [value, id] = parsed as readonly unknown[];
  if (!isColumnValue(value) || typeof id !== 'string') return rejectFields({ cursor: 'is not a cursor of this list' });
  return { value, id };
};

/**
 * What lies behind a place, as ranges that are read one after the other. Documents without a value (null) come first in ascending
 * order and last in descending order, and a comparison never reaches across that border, so they are a range of their own.
 */
export const rangesAfter = (column: string | undefined, { value, id }: Place, direction: Direction): readonly Sql[] => {
  const beyond = direction === 'asc' ? '>' : '<';
  if (column === undefined) return [{ text: `id ${beyond} ?`, values: [id] }];
  const withoutValue: Sql = { text: `${column} IS NULL AND id ${beyond} ?`, values: [id] };
  const withValue: Sql = { text: `(${column}, id) ${beyond} (?, ?)`, values: [value, id] };
  if (value === null) return direction === 'asc' ? [withoutValue, { text: `${column} IS NOT NULL`, values: [] }] : [withoutValue];
  return direction === 'asc' ? [withValue] : [withValue, { text: `${column} IS NULL`, values: [] }];
};

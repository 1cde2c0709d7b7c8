/** One read model, as one tenant sees it. */
import type { DatabaseSync } from 'node:sqlite';
import type { Page, Query, ReadModel } from '../../application/kernel/read-models.ts';
import { reading } from '../runtime/sqlite-reading.ts';
import { decodeCursor, type Direction, encodeCursor, rangesAfter } from './keyset.ts';
import { columnOf, type ColumnValue, indexName } from './shape.ts';
import type { Source } from './source.ts';
import { and, conditionOf, filtersOf, orderingIndex, type Sql } from './sql-query.ts';
import { totalOf } from './total.ts';

const STREAMED_AT_ONCE = 500;

type Selection = Readonly<{ from: string; order: string; column: string | undefined; where: Sql; direction: Direction }>;

const select = <Document>({ model, tenant }: Source, query: Pick<Query<Document>, 'where' | 'order'>): Selection => {
  const { definition, table } = model();
  const filters = filtersOf(definition, query.where);
  const where = conditionOf(tenant, filters);
  if (query.order === undefined) return { from: `"${table}"`, order: 'id', column: undefined, where, direction: 'asc' };
  const { by, direction } = query.order;
  const column = columnOf(by);
  const from = `"${table}" INDEXED BY ${indexName(table, orderingIndex(definition, filters, by))}`;
  return { from, order: `${column} ${direction}, id ${direction}`, column, where, direction };
};

type Row = Readonly<{ document: string; id: string; value: ColumnValue }>;

const fetch = ({ rows }: Source, { from, order, column, where, direction }: Selection, query: Readonly<{ limit: number; offset?: number; after?: string }>): readonly Row[] => {
  const ranges = query.after === undefined ? [undefined] : rangesAfter(column, decodeCursor(query.after), direction);
  const found: Row[] = [];
  for (const range of ranges) {
    if (found.length >= query.limit) break;
    const { text, values } = range === undefined ? where : and([where, range]);
    const page = rows(`SELECT document, id, ${column ?? 'NULL'} FROM ${from} WHERE ${text} ORDER BY ${order} LIMIT ? OFFSET ?`, [
      ...values, query.limit - found.length, query.offset ?? 0,
    ]);
    for (const [document, id, value] of page) found.push({ document: document as string, id: id as string, value: value as ColumnValue });
  }
  return found;
};

/** Runs several reads on one snapshot. */
const snapshot = <Result>(db: DatabaseSync, read: () => Result): Result => {
  db.exec('BEGIN');
  try {
    return read();
  } finally {
    db.exec('COMMIT');
  }
};

const page = <Document>(source: Source, query: Query<Document>): Page<Document> => {
  const { limit } = query;
  const found = fetch(source, select(source, query), { ...query, limit: limit + 1 });
  const last = found[limit - 1];
  return {
    items: found.slice(0, limit).map(({ document }) => JSON.parse(document) as Document),
    ...(found.length > limit && last !== undefined ? { next: encodeCursor(last) } : {}),
    ...(query.total === true ? { total: totalOf(source, query.where) } : {}),
  };
};

export const createModelReader = <Document>(source: Source): ReadModel<Document> => ({
  get: async (id) => {
    const text = `SELECT document FROM "${source.model().table}" WHERE tenant = (SELECT key FROM tenants WHERE id = ?) AND id = ?`;
    const row = reading(() => source.rows(text, [source.tenant, id]))[0];
    return row === undefined ? undefined : (JSON.parse(row[0] as string) as Document);
  },
  page: async (query) => reading(() => snapshot(source.db, () => page(source, query))),
  stream: async function* stream(query) {
    for (let after = query.after; ; ) {
      const next: Page<Document> = reading(() => page(source, { ...query, limit: STREAMED_AT_ONCE, ...(after === undefined ? {} : { after }) }));
      yield* next.items;
      if (next.next === undefined) return;
      after = next.next;
    }
  },
});

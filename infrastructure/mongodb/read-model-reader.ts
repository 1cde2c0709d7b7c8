/** One read model in MongoDB, as one tenant sees it. */
import type { Document as Bson } from 'mongodb';
import type { Page, Query, ReadModel } from '../../application/kernel/read-models.ts';
import { decodeCursor, type Direction, encodeCursor } from '../read-models/keyset.ts';
import { filtersOf, orderingIndex } from '../read-models/sql-query.ts';
import { indexName, type StoredModel } from './read-model-pointers.ts';
import { type Clause, clausesFor, filterOf, rangesAfter } from './read-model-query.ts';
import { documentOf, type DocumentRecord, fieldPath, ID, recordKey } from './read-model-records.ts';
import type { TenantId } from '../../domain/kernel/ids.ts';

const STREAMED_AT_ONCE = 500;

/** Reads a model as it is stored now; `read` may be called again when the model was switched meanwhile. */
export type Reading = <Result>(read: (model: StoredModel) => Promise<Result>) => Promise<Result>;

type Selection = Readonly<{ field: string | undefined; direction: Direction; clauses: readonly Clause[]; hint: string | undefined }>;

const select = <Document>({ definition }: StoredModel, query: Pick<Query<Document>, 'where' | 'order'>): Selection => {
  const filters = filtersOf(definition, query.where);
  const clauses = clausesFor(filters);
  if (query.order === undefined) return { field: undefined, direction: 'asc', clauses, hint: undefined };
  const { by, direction } = query.order;
  return { field: by, direction, clauses, hint: indexName(orderingIndex(definition, filters, by)) };
};

type Wanted = Readonly<{ tenant: TenantId; limit: number; offset?: number; after?: string }>;

const fetch = async ({ documents }: StoredModel, selection: Selection, { tenant, limit, offset, after }: Wanted): Promise<readonly DocumentRecord[]> => {
  const { field, direction, clauses, hint } = selection;
  const ranges = after === undefined ? [[]] : rangesAfter(field, decodeCursor(after), direction);
  const sign = direction === 'asc' ? 1 : -1;
  const sort: Readonly<Record<string, 1 | -1>> = { ...(field !== undefined && { [fieldPath(field)]: sign }), [ID]: sign };
  const found: DocumentRecord[] = [];
  for (const range of ranges) {
    if (found.length >= limit) break;
    const options: Bson = { sort, limit: limit - found.length, skip: offset ?? 0, ...(hint !== undefined && { hint }) };
    found.push(...(await documents.find(filterOf(tenant, [...clauses, ...range]), options).toArray()));
  }
  return found;
};

const placeOf = ({ i, v }: DocumentRecord, field: string | undefined): string => encodeCursor({ value: field === undefined ? null : (v.f?.[field] ?? null), id: i });

const pageOf = async <Document>(model: StoredModel, tenant: TenantId, query: Query<Document>): Promise<Page<Document>> => {
  const { limit, offset, after } = query;
  const selection = select(model, query);
  const found = await fetch(model, selection, { tenant, limit: limit + 1, ...(offset !== undefined && { offset }), ...(after !== undefined && { after }) });
  const last = found[limit - 1];
  return {
    items: found.slice(0, limit).map((record) => documentOf(record) as Document),
    ...(found.length > limit && last !== undefined ? { next: placeOf(last, selection.field) } : {}),
    ...(query.total === true ? { total: await model.documents.countDocuments(filterOf(tenant, selection.clauses)) } : {}),
  };
};

export const createMongoReader = <Document>(tenant: TenantId, reading: Reading): ReadModel<Document> => ({
  get: (id) =>
    reading(async ({ documents }) => {
      const record = await documents.findOne({ _id: recordKey({ tenant, id }) });
      return record === null ? undefined : (documentOf(record) as Document | undefined);
    }),
  page: (query) => reading((model) => pageOf(model, tenant, query)),
  stream: async function* stream(query) {
    for (let after = query.after; ; ) {
      const from = after;
      const next: Page<Document> = await reading((model) => pageOf(model, tenant, { ...query, limit: STREAMED_AT_ONCE, ...(from === undefined ? {} : { after: from }) }));
      yield* next.items;
      if (next.next === undefined) return;
      after = next.next;
    }
  },
});

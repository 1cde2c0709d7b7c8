/** From the document's query parameters to a question to the read model. */
import type { Static } from 'typebox';
import type { Query } from '../../application/kernel/read-models.ts';
import type { ExportFilters } from '../../application/signing/record-export.ts';
import type { OperationDocument } from '../../projections/signing/operations.ts';
import { checkRange } from '../kernel/bounds.ts';
import type { ExportQuery } from './schemas.ts';
import { parseBound } from './times.ts';

export type OperationFilters = ExportFilters;

type FilterQuery = Omit<Static<typeof ExportQuery>, 'organization_slug'>;

const present = <Filters extends object>(filters: Filters): { [Name in keyof Filters]?: Exclude<Filters[Name], undefined> } =>
  Object.fromEntries(Object.entries(filters).filter(([, value]) => value !== undefined)) as never;

const rangeOf = ({ date_from, date_to }: Pick<FilterQuery, 'date_from' | 'date_to'>): Pick<OperationFilters, 'from' | 'to'> => {
  const from = date_from === undefined ? undefined : parseBound('date_from', date_from);
  const to = date_to === undefined ? undefined : parseBound('date_to', date_to);
  checkRange(from, to, 'date_to');
  return present({ from, to });
};

/** Rejects with `request.invalid`, naming the date that is none, or that ends a range before it begins. */
export const parseFilters = ({ status, source, batch_id, actor_user_id, ...range }: FilterQuery): OperationFilters =>
  present({ status, source, batchId: batch_id?.toLowerCase(), actorUserId: actor_user_id?.toLowerCase(), ...rangeOf(range) });

type Where = NonNullable<Query<OperationDocument>['where']>;

/**
 * A batch is small: it alone picks the index, and the other filters only sift what it holds. Without one, every combination of
 * equal values has an index of its own.
 */
const equalTo = ({ batchId, ...others }: Omit<OperationFilters, 'from' | 'to'>): Where => {
  if (batchId === undefined) return others;
  return { batchId, ...Object.fromEntries(Object.entries(others).map(([field, value]) => [field, { in: [value] }])) };
};

/** Newest first. */
export const questionOf = ({ from, to, ...equal }: OperationFilters): Pick<Query<OperationDocument>, 'where' | 'order'> => ({
  where: { ...equalTo(equal), ...((from ?? to) !== undefined && { createdAt: present({ gte: from, lte: to }) }) },
  order: { by: 'createdAt', direction: 'desc' },
});

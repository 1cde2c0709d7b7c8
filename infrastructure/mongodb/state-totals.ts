/** Running totals, written behind. An increment whose answer was lost may be repeated: they are comfort, and nothing is decided on them. */
import { MongoBulkWriteError, type AnyBulkWriteOperation, type Collection } from 'mongodb';
import type { Logger } from '../../application/kernel/ports.ts';
import type { StateStore } from '../../application/kernel/state.ts';
import { createBehind, totalsOf } from '../state/behind.ts';
import type { Bump } from '../state/operations.ts';
import type { Guarded } from './failures.ts';
import { nameIn } from './state-entries.ts';

export type TotalDocument = { _id: string; count: number; lastAt: number };

type Deps = Readonly<{ totals: Collection<TotalDocument>; logger: Pick<Logger, 'warn'>; asking: Guarded }>;
type Totals = Pick<StateStore, 'bump' | 'totals'> & Readonly<{ flush: () => Promise<void> }>;

const addition = ([scope, key, count, lastAt]: Bump): AnyBulkWriteOperation<TotalDocument> => ({
  updateOne: { filter: { _id: nameIn(scope, key) }, update: { $inc: { count }, $max: { lastAt } }, upsert: true },
});

/** Those of a batch that the server refused, one by one: two processes may have begun the same total at once. */
const refused = (error: unknown, bumps: readonly Bump[]): readonly Bump[] => {
  if (!(error instanceof MongoBulkWriteError) || [error.writeErrors].flat().length === 0) throw error;
  return [error.writeErrors].flat().map(({ index }) => bumps[index] as Bump);
};

export const createTotals = ({ totals, logger, asking }: Deps): Totals => {
  const write = (bumps: readonly Bump[]): Promise<readonly Bump[]> =>
    asking(async () => {
      try {
        await totals.bulkWrite(bumps.map(addition), { ordered: false });
        return [];
      } catch (error) {
        return refused(error, bumps);
      }
    });
  const behind = createBehind(write, logger);
  return {
    bump: behind.add,
    flush: behind.flush,
    totals: totalsOf(behind, (scope, keys) =>
      asking(async () => {
        const found = await totals.find({ _id: { $in: keys.map((key) => nameIn(scope, key)) } }).toArray();
        return found.map(({ _id, count, lastAt }) => [_id.slice(scope.length + 1), { count, lastAt }] as const);
      }),
    ),
  };
};

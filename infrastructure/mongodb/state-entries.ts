/** Entries of the state store: one document each, replaced only over the value that was expected. */
import type { Collection } from 'mongodb';
import type { Clock } from '../../application/kernel/ports.ts';
import type { StateEntry, StateStore } from '../../application/kernel/state.ts';
import type { Guarded } from './failures.ts';
import { insertNew } from './insert-new.ts';

/** `expiresAt`: milliseconds since 1970; null: never. */
export type EntryDocument = { _id: string; value: string; expiresAt: number | null };

const PAGE = 500;

/** One string, so that the one index that every collection has finds an entry and walks through a scope in order. No scope holds a line break. */
export const nameIn = (scope: string, key: string): string => `${scope}\n${key}`;
/** What follows all names in a scope: the character after the line break. */
const afterScope = (scope: string): string => `${scope}\u000b`;

const isAlive = ({ expiresAt }: Pick<EntryDocument, 'expiresAt'>, now: number): boolean => expiresAt === null || expiresAt > now;
const alive = (now: number) => ({ $or: [{ expiresAt: null }, { expiresAt: { $gt: now } }] });

const fieldsOf = ({ value, expiresAt }: StateEntry): Omit<EntryDocument, '_id'> => ({ value, expiresAt: expiresAt ?? null });

type Deps = Readonly<{ entries: Collection<EntryDocument>; clock: Clock; asking: Guarded }>;

/** Sets what is absent: true when this was it, undefined when it has gone meanwhile and is worth another try. */
const createPut = ({ entries, clock }: Deps) => {
  return async (name: string, next: StateEntry): Promise<boolean | undefined> => {
    if (await insertNew(entries, { _id: name, ...fieldsOf(next) })) return true;
    const now = clock.now();
    const { matchedCount } = await entries.replaceOne({ _id: name, expiresAt: { $lte: now } }, fieldsOf(next));
    if (matchedCount === 1) return true;
    return (await entries.findOne({ _id: name })) === null ? undefined : false;
  };
};

const createCompareAndSet = (deps: Deps): StateStore['compareAndSet'] => {
  const { entries, clock, asking } = deps;
  const put = createPut(deps);

  const overAbsent = async (name: string, next: StateEntry | undefined): Promise<boolean> => {
    if (next === undefined) {
      const found = await entries.findOne({ _id: name });
      return found === null || !isAlive(found, clock.now());
    }
    for (;;) {
      const done = await put(name, next);
      if (done !== undefined) return done;
    }
  };

  const overValue = async (name: string, value: string, next: StateEntry | undefined): Promise<boolean> => {
    const present = { _id: name, value, ...alive(clock.now()) };
    if (next === undefined) return (await entries.deleteOne(present)).deletedCount === 1;
    return (await entries.replaceOne(present, fieldsOf(next))).matchedCount === 1;
  };

  return (scope, key, expected, next) =>
    asking(() => (expected === undefined ? overAbsent(nameIn(scope, key), next) : overValue(nameIn(scope, key), expected, next)));
};

export const createEntries = (deps: Deps): Pick<StateStore, 'get' | 'compareAndSet' | 'list'> => {
  const { entries, clock, asking } = deps;
  const page = (scope: string, after: string): Promise<readonly EntryDocument[]> =>
    asking(() =>
      entries
        .find({ _id: { $gt: after, $lt: afterScope(scope) }, ...alive(clock.now()) })
        .sort({ _id: 1 })
        .limit(PAGE)
        .toArray(),
    );
  return {
    get: (scope, key) =>
      asking(async () => {
        const found = await entries.findOne({ _id: nameIn(scope, key) });
        return found !== null && isAlive(found, clock.now()) ? found.value : undefined;
      }),
    compareAndSet: createCompareAndSet(deps),
    list: async function* list(scope) {
      for (let after = nameIn(scope, ''); ; ) {
        const found = await page(scope, after);
        yield* found.map(({ _id, value }) => ({ key: _id.slice(scope.length + 1), value }));
        if (found.length < PAGE) return;
        after = found.at(-1)?._id as string;
      }
    },
  };
};

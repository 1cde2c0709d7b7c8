/** Lines in the state store, changed by compare-and-set: what this process changes in one is gathered and stored together. */
import { createGathering } from '../../application/kernel/gathering.ts';
import { createRecent } from '../../application/kernel/recent.ts';
import type { StateStore } from '../../application/kernel/state.ts';
import { Rejection } from '../../domain/kernel/rejection.ts';
import { isEmpty, NOBODY, type PlaceLine } from './place-line.ts';

const SCOPE = 'signing-places';
const REMEMBERED = 1_000;
const MOST_TOGETHER = 256;
/** Somebody else is ahead each time a round is lost: after so many something is wrong. */
const ROUNDS = 200;

export type LineChange = (line: PlaceLine) => PlaceLine;

export interface SharedLines {
  /** The line as it stands with the change, which is asked again when somebody else was ahead. Rejects with `storage.unavailable`. */
  change(name: string, change: LineChange): Promise<PlaceLine>;
  /** What others may have changed is read anew with the next change. */
  forget(name: string): void;
}

type Asked = Readonly<{ change: LineChange; resolve: (line: PlaceLine) => void; reject: (error: unknown) => void }>;

const read = (stored: string | undefined): PlaceLine => (stored === undefined ? NOBODY : (JSON.parse(stored) as PlaceLine));
const written = (line: PlaceLine): string | undefined => (isEmpty(line) ? undefined : JSON.stringify(line));

export const createSharedLines = (state: Pick<StateStore, 'get' | 'compareAndSet'>): SharedLines => {
  /** What this process stored last: the likeliest to stand there, and no more than that. */
  const known = createRecent<string, string>(REMEMBERED);

  /** Undefined when it went by what is no longer true. */
  const attempt = async (name: string, changes: readonly LineChange[]): Promise<PlaceLine | undefined> => {
    const remembered = known.get(name);
    const stored = remembered ?? (await state.get(SCOPE, name));
    known.delete(name);
    const line = changes.reduce((before, change) => change(before), read(stored));
    const next = written(line);
    // Nothing to store: then it has to be certain that this is how it stands.
    if (next === stored) return remembered === undefined ? line : undefined;
    if (!(await state.compareAndSet(SCOPE, name, stored, next === undefined ? undefined : { value: next }))) return undefined;
    if (next !== undefined) known.set(name, next);
    return line;
  };

  const untilStored = async (name: string, changes: readonly LineChange[]): Promise<PlaceLine> => {
    for (let round = 1; round <= ROUNDS; round += 1) {
      const line = await attempt(name, changes);
      if (line !== undefined) return line;
    }
    throw new Rejection('storage.unavailable', { retryAfter: 1 });
  };

  const work = async (name: string, group: readonly Asked[]): Promise<void> => {
    try {
      const line = await untilStored(name, group.map(({ change }) => change));
      for (const { resolve } of group) resolve(line);
    } catch (error) {
      for (const { reject } of group) reject(error);
    }
  };

  const ask = createGathering<Asked>({ work, sociable: () => true, most: MOST_TOGETHER });
  return {
    change: (name, change) => new Promise((resolve, reject) => { ask(name, { change, resolve, reject }); }),
    forget: (name) => known.delete(name),
  };
};

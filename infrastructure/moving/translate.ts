/** Where in the destination a place of the source is: positions differ between engines. */
import type { Position } from '../../domain/kernel/ids.ts';
import type { Compared, Pair } from './compare.ts';
import { createWalk } from './walk.ts';

/** What a position becomes; undefined: before the first event. */
export type Translated = (position: string) => Position | undefined;

/** The last pair of the index that is not behind a position; undefined: none is. */
const nearest = (index: readonly Pair[], position: string): Pair | undefined => {
  let [low, high] = [0, index.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((index[middle] as Pair).source <= position) low = middle + 1;
    else high = middle;
  }
  return index[low - 1];
};

/** From one pair of the index on, up to a position: the last event at or below it. */
const search = async ({ source, destination }: Compared, from: Pair, positions: readonly string[], found: Map<string, Position>): Promise<void> => {
  const [left, right] = [createWalk(source, from.source), createWalk(destination, from.destination)];
  let at = from;
  for (const position of positions) {
    for (;;) {
      const [one, other] = [await left.peek(), await right.peek()];
      if (one === undefined || other === undefined || one.position > position) break;
      at = { source: one.position, destination: other.position };
      left.take();
      right.take();
    }
    found.set(position, at.destination);
  }
};

/** Translates positions of the source: each becomes that of the last event at or below it. `index`: of logs that are equal. */
export const translate = async (logs: Compared, index: readonly Pair[], positions: Iterable<string>): Promise<Translated> => {
  const found = new Map<string, Position>();
  const groups = Map.groupBy([...new Set(positions)].toSorted(), (position) => nearest(index, position));
  for (const [from, wanted] of groups) if (from !== undefined) await search(logs, from, wanted, found);
  return (position) => found.get(position);
};

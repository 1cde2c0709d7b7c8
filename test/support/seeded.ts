/** Pseudo-random numbers that come out the same for the same seed, so that a failure can be run again. */

export interface Seeded {
  /** A whole number from 0 up to, not including, `below`. */
  below(below: number): number;
  /** True this often, of one. */
  chance(probability: number): boolean;
  pick<Item>(items: readonly Item[]): Item;
}

/** Mulberry32: 32 bits of state, enough for choosing cases. */
export const seeded = (seed: number): Seeded => {
  let state = seed | 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (limit: number): number => Math.floor(next() * limit);
  return { below, chance: (probability) => next() < probability, pick: (items) => items[below(items.length)] as never };
};

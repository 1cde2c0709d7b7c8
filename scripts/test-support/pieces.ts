/** What specs there are, and how they are dealt out to processes that run side by side. */
import { globSync, readFileSync, statSync } from 'node:fs';

/** What one process of mocha runs. */
export type Piece = readonly string[];

/**
 * Specs that measure how long something takes, or let it end on the second: beside others they would measure those. They come last, one after
 * another.
 */
export const ALONE: ReadonlySet<string> = new Set([
  'test/api/kernel/stream.test.ts',
  'test/application/delivery/dispatcher.test.ts',
  'test/application/licensing/flat-cost.test.ts',
  'test/domain/kernel/growing-map.test.ts',
  'test/infrastructure/crypto/passwords.test.ts',
  'test/reliability/11-overload.test.ts',
  'test/reliability/11-slow-streams.test.ts',
  'test/reliability/19-regular-expressions.test.ts',
  'test/reliability/engines-stop.test.ts',
  'test/reliability/engines-takeover.test.ts',
]);

export const allSpecs = (root: string): readonly string[] => globSync('test/**/*.test.ts', { cwd: root }).map((path) => path.replaceAll('\\', '/')).sort();

/** How long each spec took the last time, in milliseconds, by its path; nothing where there was none. */
export type Times = Readonly<Record<string, number>>;

export const readTimes = (file: string): Times => {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Times;
  } catch {
    return {};
  }
};

/** What is not known is guessed from how much there is to read: about a second for each 10 kB. */
const guess = (spec: string): number => statSync(spec).size / 10;

/** Deals the longest first, each to the piece that has least; the longest piece comes first. Every spec is in one piece, none of them empty. */
export const deal = (specs: readonly string[], pieces: number, times: Times, unknown: (spec: string) => number = guess): readonly Piece[] => {
  const weighed = specs.map((spec) => ({ spec, weight: times[spec] ?? unknown(spec) })).sort((a, b) => b.weight - a.weight);
  const dealt = Array.from({ length: Math.max(1, Math.min(pieces, specs.length)) }, () => ({ weight: 0, specs: [] as string[] }));
  for (const { spec, weight } of weighed) {
    const least = dealt.reduce((a, b) => (b.weight < a.weight ? b : a));
    least.specs.push(spec);
    least.weight += weight;
  }
  return dealt.sort((a, b) => b.weight - a.weight).map((piece) => piece.specs.sort()).filter((piece) => piece.length > 0);
};

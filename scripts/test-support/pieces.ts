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
  'test/application/delivery/neighbours.test.ts',
  'test/application/licensing/flat-cost.test.ts',
  'test/domain/kernel/growing-map.test.ts',
  'test/infrastructure/crypto/passwords.test.ts',
  'test/reliability/11-overload.test.ts',
  'test/reliability/11-slow-streams.test.ts',
  'test/reliability/19-regular-expressions.test.ts',
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

/**
 * What waits and computes for far longer than it is to read, in seconds: a fresh checkout has no times, and the last piece of a run would be one that
 * was taken for short.
 */
const LONG: Readonly<Record<string, number>> = {
  'test/contract/signature-engines.test.ts': 14,
  'test/infrastructure/eventstoredb/faults.test.ts': 9,
  'test/infrastructure/kafka/cluster.test.ts': 39,
  'test/infrastructure/kafka/groups.test.ts': 14,
  'test/infrastructure/kafka/outages.test.ts': 27,
  'test/infrastructure/kafka/secured.test.ts': 23,
  'test/infrastructure/mongodb/read-model-oracle.test.ts': 11,
  'test/infrastructure/moving/move.test.ts': 8,
  'test/reliability/01-kill-http.test.ts': 27,
  'test/reliability/01-kill.test.ts': 41,
  'test/reliability/02-power-loss.test.ts': 16,
  'test/reliability/04-disk.test.ts': 30,
  'test/reliability/05-clock.test.ts': 11,
  'test/reliability/06-replay.test.ts': 10,
  'test/reliability/07-siem-kill.test.ts': 9,
  'test/reliability/08-licence-quota.test.ts': 8,
  'test/reliability/08-signing-limits.test.ts': 9,
  'test/reliability/09-revoke-at-once.test.ts': 14,
  'test/reliability/12-webhooks.test.ts': 13,
  'test/reliability/13-fuzz.test.ts': 13,
  'test/reliability/engines-processes.test.ts': 53,
  'test/reliability/engines-start.test.ts': 36,
  'test/reliability/engines-stop.test.ts': 13,
  'test/reliability/engines-takeover.test.ts': 98,
};

/** What is not known is guessed from how much there is to read: about a second for each 10 kB. */
const guess = (spec: string): number => (LONG[spec] ?? 0) * 1_000 || statSync(spec).size / 10;

/** For who asks whether all of them are there. */
export const longSpecs: readonly string[] = Object.keys(LONG);

/** Each starts up to five processes and three engines: two of them at once would keep each other from what is to come in time. */
const isInstallation = (spec: string): boolean => spec.startsWith('test/reliability/engines-');

/**
 * Deals the longest first, each to the piece that has least; the longest piece comes first. Every spec is in one piece, none of them empty; those
 * with installations are in one, and so one after another.
 */
export const deal = (specs: readonly string[], pieces: number, times: Times, unknown: (spec: string) => number = guess): readonly Piece[] => {
  const units = [specs.filter(isInstallation), ...specs.filter((spec) => !isInstallation(spec)).map((spec) => [spec])].filter((unit) => unit.length > 0);
  const weighed = units.map((unit) => ({ unit, weight: unit.reduce((sum, spec) => sum + (times[spec] ?? unknown(spec)), 0) })).sort((a, b) => b.weight - a.weight);
  const dealt = Array.from({ length: Math.max(1, Math.min(pieces, units.length)) }, () => ({ weight: 0, specs: [] as string[] }));
  for (const { unit, weight } of weighed) {
    const least = dealt.reduce((a, b) => (b.weight < a.weight ? b : a));
    least.specs.push(...unit);
    least.weight += weight;
  }
  return dealt.sort((a, b) => b.weight - a.weight).map((piece) => piece.specs.sort()).filter((piece) => piece.length > 0);
};

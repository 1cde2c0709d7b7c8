/** What every benchmark is given, and what it is. */
import type { Ground } from './ground.ts';
import type { Outcome } from './report.ts';

export type Settings = Readonly<{
  /** Smaller and shorter: to see that everything runs, not to quote. */
  quick: boolean;
  /** Data directories, seeded when they are first asked for. */
  ground: Ground;
  say: (line: string) => void;
}>;

export type Benchmark = Readonly<{ name: string; run: (settings: Settings) => Promise<Outcome> }>;

/** Measuring on a machine that others use too: short rounds, ours and the reference by turns, and medians of them. */

export const median = (values: readonly number[]): number => {
  const sorted = values.toSorted((one, other) => one - other);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
};

/** One round of each: what was measured, a second. */
export type Round = Readonly<{ ours: number; reference: number }>;

/** Alternates, so that what else happens on the machine falls on both. */
export const alternate = async (rounds: number, ours: () => Promise<number>, reference: () => Promise<number>): Promise<readonly Round[]> => {
  const measured: Round[] = [];
  for (let round = 0; round < rounds; round += 1) {
    // Who goes first changes, so that neither always finds the machine warm.
    const first = round % 2 === 0 ? await ours() : await reference();
    const second = round % 2 === 0 ? await reference() : await ours();
    measured.push(round % 2 === 0 ? { ours: first, reference: second } : { ours: second, reference: first });
  }
  return measured;
};

export type Compared = Readonly<{ ours: number; reference: number; ratio: number; rounds: readonly Round[] }>;

/** Medians of both, and the median of the rounds' own ratios. */
export const compared = (rounds: readonly Round[]): Compared => ({
  ours: median(rounds.map(({ ours }) => ours)),
  reference: median(rounds.map(({ reference }) => reference)),
  ratio: median(rounds.map(({ ours, reference }) => ours / reference)),
  rounds,
});

/** How many times a second `work` was done, by `workers` side by side, for `ms` milliseconds. */
export const rateOf = async (workers: number, ms: number, work: (worker: number) => Promise<unknown>): Promise<number> => {
  const begin = performance.now();
  let done = 0;
  const worker = async (_: unknown, number: number): Promise<void> => {
    while (performance.now() - begin < ms) {
      await work(number);
      done += 1;
    }
  };
  await Promise.all(Array.from({ length: workers }, worker));
  return (done * 1_000) / (performance.now() - begin);
};

/** Milliseconds that `work` takes. */
export const timed = async (work: () => Promise<unknown>): Promise<number> => {
  const begin = performance.now();
  await work();
  return performance.now() - begin;
};

export const perSecond = (rate: number): string => `${Math.round(rate).toLocaleString('en')}/s`;
export const milliseconds = (ms: number): string => `${ms < 100 ? ms.toFixed(2) : Math.round(ms).toLocaleString('en')} ms`;
export const megabytes = (bytes: number): string => `${Math.round(bytes / 1_048_576).toLocaleString('en')} MiB`;

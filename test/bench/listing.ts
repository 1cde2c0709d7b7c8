/** One page of a tenant's operations over HTTP: what it costs in a long list, held against a short one. */
import type { Benchmark, Settings } from './benchmark.ts';
import { startProgram } from './child.ts';
import { listUrl, type Prepared } from './ground.ts';
import { alternate, compared, type Compared, median, milliseconds } from './measure.ts';
import type { Row } from './report.ts';

const AIM = 1.5;
const PAGES_A_ROUND = 60;

const QUESTIONS = [
  ['newest first', ''],
  ['filtered by status', '&status=completed'],
  ['filtered by source and dates', '&source=cli&date_from=2026-01-01&date_to=2026-12-31'],
  ['page 100', '&page=100'],
] as const;

const fetchPage = async (url: string, token: string): Promise<number> => {
  const begin = performance.now();
  const answer = await fetch(url, { headers: { authorization: `Bearer ${token}` } });
  const text = await answer.text();
  if (answer.status !== 200) throw new Error(`${url}: ${answer.status} ${text}`);
  return performance.now() - begin;
};

/** Median milliseconds of one page. */
const pageCost = async (url: string, token: string): Promise<number> => {
  const costs: number[] = [];
  for (let page = 0; page < PAGES_A_ROUND; page += 1) costs.push(await fetchPage(url, token));
  return median(costs);
};

const rowOf = (question: string, { long, short }: Readonly<Record<'long' | 'short', Prepared>>, { ours, reference, ratio }: Compared): Row => ({
  measure: `${question}, ${long.operations.toLocaleString('en')} operations`,
  ours: milliseconds(ours),
  reference: `${milliseconds(reference)} at ${short.operations.toLocaleString('en')}`,
  figure: ratio,
  aim: `≤ ${AIM}`,
  met: ratio <= AIM,
});

export const listing: Benchmark = {
  name: 'listing',
  run: async ({ quick, ground }: Settings) => {
    const sizes = { long: await ground.operations(quick ? 100_000 : 1_000_000), short: await ground.operations(quick ? 2_000 : 1_000) };
    const long = await startProgram(sizes.long);
    const short = await startProgram(sizes.short);
    const rows: Row[] = [];
    const details: Record<string, unknown> = {};
    try {
      for (const [question, query] of QUESTIONS) {
        const ask = (url: string, token: string) => (): Promise<number> => pageCost(listUrl(url, `&page_size=20${query}`), token);
        const of = { long: ask(long.url, sizes.long.secret), short: ask(short.url, sizes.short.secret) };
        await Promise.all([of.long(), of.short()]);
        const found = compared(await alternate(quick ? 3 : 7, of.long, of.short));
        rows.push(rowOf(question, sizes, found));
        details[question] = found;
      }
      return { rows, details };
    } finally {
      await Promise.all([long.stop(), short.stop()]);
    }
  },
};

/** `npm run bench [-- NAME … --quick]`: all benchmarks or those named; a table on stdout, every round as JSON in out/bench.json. */
import { join } from 'node:path';
import { appends } from './appends.ts';
import type { Benchmark, Settings } from './benchmark.ts';
import { createGround } from './ground.ts';
import { engines } from './engines.ts';
import { kms } from './kms.ts';
import { licences } from './licences.ts';
import { listing } from './listing.ts';
import { memory } from './memory.ts';
import { rebuild } from './rebuild.ts';
import { caution, load, type Report, tableOf, writeReports } from './report.ts';
import { requests } from './requests.ts';
import { revocations } from './revocations.ts';
import { signDigest } from './sign-digest.ts';
import { start } from './start.ts';
import { streams } from './streams.ts';

const BENCHMARKS: readonly Benchmark[] = [appends, requests, signDigest, kms, licences, rebuild, start, listing, memory, revocations, streams, engines];

const asked = process.argv.slice(2);
const quick = asked.includes('--quick');
const names = asked.filter((argument) => !argument.startsWith('--'));
const say = (line: string): void => void process.stderr.write(`${line}\n`);

const chosen = (): readonly Benchmark[] => {
  const unknown = names.find((name) => !BENCHMARKS.some((benchmark) => benchmark.name === name));
  if (unknown !== undefined) throw new Error(`no benchmark ${unknown}; there are ${BENCHMARKS.map(({ name }) => name).join(', ')}`);
  return names.length === 0 ? BENCHMARKS : BENCHMARKS.filter(({ name }) => names.includes(name));
};

const runOne = async ({ name, run }: Benchmark, settings: Settings): Promise<Report> => {
  const begin = performance.now();
  say(`${name} …`);
  const outcome = await run(settings);
  const seconds = Math.round((performance.now() - begin) / 100) / 10;
  say(`${name}: ${seconds} s`);
  return { benchmark: name, seconds, ...outcome };
};

const runAll = async (): Promise<void> => {
  const benchmarks = chosen();
  const ground = createGround(say);
  const reports: Report[] = [];
  const before = load();
  try {
    for (const benchmark of benchmarks) reports.push(await runOne(benchmark, { quick, ground, say }));
  } finally {
    ground.remove();
  }
  writeReports(join(import.meta.dirname, '../../out/bench.json'), reports, { quick, load: { before, after: load() } });
  process.stdout.write(`${tableOf(reports)}\n\n${caution(before, load())}\n`);
};

await runAll();

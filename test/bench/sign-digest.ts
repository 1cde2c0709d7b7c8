/** Signatures over HTTP by the whole program, held against the machine's own limit for the cryptography in them. */
import { randomBytes } from 'node:crypto';
import type { Benchmark } from './benchmark.ts';
import { processorMs, type Program, startHelper, startProgram } from './child.ts';
import { SLUG, signUrlPath } from './ground.ts';
import type { Load, Loaded } from './load-client.ts';
import { alternate, compared, median, milliseconds, perSecond } from './measure.ts';
import type { Limit, Question } from './signature-limit.ts';

const AIM = 0.7;
const CONNECTIONS = 64;

const body = JSON.stringify({
  digest: randomBytes(32).toString('base64'),
  algorithm: 'sha256',
  file_name: 'MyApplication.exe',
  file_size: 2_048_576,
  organization_slug: SLUG,
  client_channel: 'cli',
  client_version: '1.2.0',
});

type Status = Readonly<{ projections: readonly Readonly<{ lag: number }>[] }>;

/** Nothing of a round may be left to be done in the next one. */
const untilIdle = async ({ url }: Program): Promise<void> => {
  for (;;) {
    const { projections } = (await (await fetch(`${url}/readyz`)).json()) as Status;
    if (projections.every(({ lag }) => lag === 0)) return;
  }
};

/** Whatever else runs on the machine, a pair of signatures costs this much of a processor. */
const signatureMs = (pairs: readonly Limit[]): number => median(pairs.map(({ processorMsPerPair }) => processorMsPerPair));

export const signDigest: Benchmark = {
  name: 'sign-digest',
  run: async ({ quick, ground }) => {
    const [rounds, ms, warming] = quick ? [3, 1_000, 1_000] : [7, 2_500, 8_000];
    const { dataDir, secret } = await ground.operations(500);
    const program = await startProgram({ dataDir });
    const client = startHelper('load-client.ts');
    const limit = startHelper('signature-limit.ts');
    const { hostname, port } = new URL(program.url);
    const load: Load = { host: hostname, port: Number(port), path: signUrlPath, token: secret, body, connections: CONNECTIONS, ms };
    const loads: (Loaded & Readonly<{ processorMsPerRequest: number }>)[] = [];
    const ours = async (): Promise<number> => {
      const before = processorMs(program.pid);
      const loaded = await client.ask<Loaded>(load);
      if (loaded.failed > 0) throw new Error(`${loaded.failed} of ${loaded.requests} requests failed: ${loaded.sample}`);
      await untilIdle(program);
      loads.push({ ...loaded, processorMsPerRequest: (processorMs(program.pid) - before) / loaded.requests });
      return loaded.perSecond;
    };
    try {
      // The program's code is compiled while it runs: it is measured as it is after the first thousands of requests.
      await client.ask<Loaded>({ ...load, ms: warming });
      await limit.ask<Limit>({ ms: ms / 2 } satisfies Question);
      const pairs: Limit[] = [];
      const reference = async (): Promise<number> => {
        const measured = await limit.ask<Limit>({ ms } satisfies Question);
        pairs.push(measured);
        return measured.perSecond;
      };
      const found = compared(await alternate(rounds, ours, reference));
      const processor = median(loads.map(({ processorMsPerRequest }) => processorMsPerRequest));
      const latency = loads.map(({ latencies }) => latencies).toSorted((one, other) => one.median - other.median)[Math.floor(loads.length / 2)];
      const row = {
        measure: `${CONNECTIONS} connections (median ${milliseconds(latency?.median ?? 0)}, p99 ${milliseconds(latency?.p99 ?? 0)})`,
        ours: perSecond(found.ours),
        reference: `${perSecond(found.reference)} RSA-3072 + P-256`,
        figure: found.ratio,
        aim: `≥ ${AIM}`,
        met: found.ratio >= AIM,
      };
      const cost = signatureMs(pairs);
      const share = {
        measure: 'the signatures\' part of the program\'s processor time',
        ours: `${milliseconds(processor)} a request`,
        reference: `${milliseconds(cost)} a pair of signatures`,
        figure: cost / processor,
        aim: '',
        met: undefined,
      };
      return { rows: [row, share], details: { ...found, loads, pairs } };
    } finally {
      await Promise.all([client.stop(), limit.stop(), program.stop()]);
    }
  },
};

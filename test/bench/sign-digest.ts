/** Signatures over HTTP by the whole program, held against the machine's own limit for the cryptography in them. */
import { randomBytes } from 'node:crypto';
import type { Benchmark } from './benchmark.ts';
import { type Program, startHelper, startProgram } from './child.ts';
import { SLUG, signUrlPath } from './ground.ts';
import type { Load, Loaded } from './load-client.ts';
import { alternate, compared, milliseconds, perSecond } from './measure.ts';
import type { Question } from './signature-limit.ts';

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

export const signDigest: Benchmark = {
  name: 'sign-digest',
  run: async ({ quick, ground }) => {
    const [rounds, ms] = quick ? [3, 1_000] : [7, 2_000];
    const { dataDir, secret } = await ground.operations(500);
    const program = await startProgram({ dataDir });
    const client = startHelper('load-client.ts');
    const limit = startHelper('signature-limit.ts');
    const { hostname, port } = new URL(program.url);
    const load: Load = { host: hostname, port: Number(port), path: signUrlPath, token: secret, body, connections: CONNECTIONS, ms };
    const loads: Loaded[] = [];
    const ours = async (): Promise<number> => {
      const loaded = await client.ask<Loaded>(load);
      if (loaded.failed > 0) throw new Error(`${loaded.failed} of ${loaded.requests} requests failed: ${loaded.sample}`);
      await untilIdle(program);
      loads.push(loaded);
      return loaded.perSecond;
    };
    try {
      await client.ask<Loaded>(load);
      await limit.ask<number>({ ms: ms / 2 } satisfies Question);
      const found = compared(await alternate(rounds, ours, () => limit.ask<number>({ ms } satisfies Question)));
      const latency = loads.map(({ latencies }) => latencies).toSorted((one, other) => one.median - other.median)[Math.floor(loads.length / 2)];
      const row = {
        measure: `${CONNECTIONS} connections (median ${milliseconds(latency?.median ?? 0)}, p99 ${milliseconds(latency?.p99 ?? 0)})`,
        ours: perSecond(found.ours),
        reference: `${perSecond(found.reference)} RSA-3072 + P-256`,
        figure: found.ratio,
        aim: `≥ ${AIM}`,
        met: found.ratio >= AIM,
      };
      return { rows: [row], details: { ...found, loads } };
    } finally {
      await Promise.all([client.stop(), limit.stop(), program.stop()]);
    }
  },
};

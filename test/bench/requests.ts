/** What the kernel costs a request: routes that do next to nothing, held against Express alone, which asks nobody who they are. */
import type { Benchmark } from './benchmark.ts';
import { processorMs, type Program, startHelper, startProgram } from './child.ts';
import type { Load, Loaded } from './load-client.ts';
import { alternate, compared, median, milliseconds, perSecond } from './measure.ts';
import type { Row } from './report.ts';

const CONNECTIONS = 64;
const body = JSON.stringify({ name: 'MyApplication.exe', size: 2_048_576 });

/** The aims of the services that will be built on it: licences checked, and licences made, which are events. */
const QUESTIONS = [
  ['authenticated POST', '/trivial/echo', 0.6],
  ['authenticated POST with one durable event', '/trivial/record', 0.4],
] as const;

type Measured = Readonly<{ perSecond: number; processorMsPerRequest: number; latencies: Loaded['latencies'] }>;

export const requests: Benchmark = {
  name: 'requests',
  run: async ({ quick, ground }) => {
    const [rounds, ms, warming] = quick ? [3, 1_000, 2_000] : [7, 2_500, 5_000];
    const { dataDir, secret } = await ground.operations(500);
    const ours = await startProgram({ dataDir, script: 'test/bench/trivial-program.ts' });
    const bare = await startProgram({ dataDir: ground.directory(), script: 'test/bench/bare-express.ts' });
    const client = startHelper('load-client.ts');
    const measured = new Map<string, Measured[]>();
    const ask = async ({ url, pid }: Program, path: string, lasting = ms): Promise<number> => {
      const { hostname, port } = new URL(url);
      const before = processorMs(pid);
      const loaded = await client.ask<Loaded>({ host: hostname, port: Number(port), path, token: secret, body, connections: CONNECTIONS, ms: lasting } satisfies Load);
      if (loaded.failed > 0) throw new Error(`${loaded.failed} of ${loaded.requests} requests failed: ${loaded.sample}`);
      const found = { perSecond: loaded.perSecond, processorMsPerRequest: (processorMs(pid) - before) / loaded.requests, latencies: loaded.latencies };
      measured.set(path, [...(measured.get(path) ?? []), found]);
      return loaded.perSecond;
    };
    const processor = (path: string): string => milliseconds(median((measured.get(path) ?? []).map(({ processorMsPerRequest }) => processorMsPerRequest)));
    const rows: Row[] = [];
    try {
      await ask(bare, '/echo', warming);
      for (const [measure, path, aim] of QUESTIONS) {
        await ask(ours, path, warming);
        const found = compared(await alternate(rounds, () => ask(ours, path), () => ask(bare, '/echo')));
        rows.push({
          measure: `${measure}, ${CONNECTIONS} connections`,
          ours: `${perSecond(found.ours)}, ${processor(path)} of processor time`,
          reference: `bare Express ${perSecond(found.reference)}, ${processor('/echo')}`,
          figure: found.ratio, aim: `≥ ${aim}`, met: found.ratio >= aim,
        });
      }
      return { rows, details: Object.fromEntries(measured) };
    } finally {
      await Promise.all([client.stop(), ours.stop(), bare.stop()]);
    }
  },
};

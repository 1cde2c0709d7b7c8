/** The log as Server-Sent Events: how long an event takes to a thousand clients of which two hundred never read, held against ten. */
import type { Benchmark } from './benchmark.ts';
import { residentBytes, startHelper, startProgram } from './child.ts';
import { SLUG } from './ground.ts';
import { alternate, compared, megabytes, milliseconds } from './measure.ts';
import type { Followed, Following } from './stream-client.ts';

const MANY = { readers: 800, stalled: 200 };
const FEW = { readers: 10, stalled: 0 };
const AIM = 2;
const AIM_BYTES = 64 * 1_048_576;

const p99 = ({ latencies }: Followed): number => latencies[Math.floor(latencies.length * 0.99)] ?? Number.NaN;

export const streams: Benchmark = {
  name: 'streams',
  run: async ({ quick, ground }) => {
    const [rounds, events] = quick ? [3, 20] : [5, 60];
    const { dataDir } = await ground.operations(500);
    const program = await startProgram({ dataDir });
    const client = startHelper('stream-client.ts');
    const { hostname: host, port } = new URL(program.url);
    const base = { host, port: Number(port), token: program.operatorToken, path: `/platform/v1/tenants/${SLUG}/events?stream=true&type=chancery.tenancy.credential.created`, events };
    const command = { command: `/platform/v1/tenants/${SLUG}/credentials`, body: JSON.stringify({ surface: 'qwick-cert', name: 'bench', permissions: ['sign'] }) };
    const before = residentBytes(program.pid);
    let peak = before;
    const watching = setInterval(() => { peak = Math.max(peak, residentBytes(program.pid)); }, 50);
    const follow = async (clients: Pick<Following, 'readers' | 'stalled'>): Promise<number> => p99(await client.ask<Followed>({ ...base, ...command, ...clients } satisfies Following));
    try {
      await follow(FEW);
      const found = compared(await alternate(rounds, () => follow(MANY), () => follow(FEW)));
      const more = (peak - before) / 1_048_576;
      return {
        rows: [
          { measure: 'an event to 800 readers beside 200 who never read, p99', ours: milliseconds(found.ours), reference: `${milliseconds(found.reference)} to 10`, figure: found.ratio, aim: `≤ ${AIM}`, met: found.ratio <= AIM },
          { measure: 'memory with 1,000 streams', ours: megabytes(peak), reference: `${megabytes(before)} before`, figure: more, aim: `≤ ${megabytes(AIM_BYTES)} more`, met: more <= AIM_BYTES / 1_048_576 },
        ],
        details: { rounds: found.rounds, before, peak },
      };
    } finally {
      clearInterval(watching);
      await Promise.all([client.stop(), program.stop()]);
    }
  },
};

/** The log as Server-Sent Events: how long an event takes to a thousand clients of which two hundred never read, held against ten. */
import type { Benchmark } from './benchmark.ts';
import { residentBytes, startHelper, startProgram } from './child.ts';
import { SLUG } from './ground.ts';
import type { Load, Loaded } from './load-client.ts';
import { alternate, compared, megabytes, milliseconds } from './measure.ts';
import type { Row } from './report.ts';
import type { Followed, Following } from './stream-client.ts';

const MANY = { readers: 800, stalled: 200 };
const FEW = { readers: 10, stalled: 0 };
const AIM = 2;
const AIM_BYTES = 64 * 1_048_576;

/** What the collector keeps for any load is there before streams are weighed. */
const WARM_MS = 3_000;

const warm = async (load: Load): Promise<void> => {
  const client = startHelper('load-client.ts');
  try {
    const { failed, sample } = await client.ask<Loaded>(load);
    if (failed > 0) throw new Error(`${load.path}: ${sample}`);
  } finally {
    await client.stop();
  }
};

const p99 = ({ latencies }: Followed): number => latencies[Math.floor(latencies.length * 0.99)] ?? Number.NaN;

const memoryRow = (measure: string, peak: number, { before, idle }: Readonly<{ before: number; idle: number }>, aim?: number): Row => {
  const more = peak - before;
  return {
    measure, ours: megabytes(peak), reference: `${megabytes(before)} in service, ${megabytes(idle)} idle before that`, figure: more / 1_048_576,
    aim: aim === undefined ? '' : `≤ ${megabytes(aim)} more`, met: aim === undefined ? undefined : more <= aim,
  };
};

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
    const idle = residentBytes(program.pid);
    await warm({ host, port: Number(port), token: program.operatorToken, path: command.command, body: command.body, connections: 64, ms: WARM_MS });
    const before = residentBytes(program.pid);
    let peak = before;
    const watching = setInterval(() => { peak = Math.max(peak, residentBytes(program.pid)); }, 50);
    const follow = async (clients: Pick<Following, 'readers' | 'stalled'>): Promise<number> => p99(await client.ask<Followed>({ ...base, ...command, ...clients } satisfies Following));
    try {
      await follow(FEW);
      await follow(MANY);
      const once = peak;
      const found = compared(await alternate(rounds, () => follow(MANY), () => follow(FEW)));
      return {
        rows: [
          { measure: 'an event to 800 readers beside 200 who never read, p99', ours: milliseconds(found.ours), reference: `${milliseconds(found.reference)} to 10`, figure: found.ratio, aim: `≤ ${AIM}`, met: found.ratio <= AIM },
          memoryRow('memory with 1,000 streams', once, { before, idle }, AIM_BYTES),
          memoryRow(`the same with those of ${rounds} rounds before, which are gone and not collected yet`, peak, { before, idle }),
        ],
        details: { rounds: found.rounds, idle, before, once, peak },
      };
    } finally {
      clearInterval(watching);
      await Promise.all([client.stop(), program.stop()]);
    }
  },
};

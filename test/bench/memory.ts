/** Resident memory of the program, seen from outside: while it catches up with a long log, and while it sends all of it as CSV. */
import type { Benchmark, Settings } from './benchmark.ts';
import { type Program, residentBytes, startProgram } from './child.ts';
import { exportUrl, type Prepared } from './ground.ts';
import { megabytes, timed } from './measure.ts';
import type { Row } from './report.ts';

/** What "flat" means: ten times the log may cost at most this much more at the peak. */
const AIM_BYTES = 64 * 1_048_576;
const SAMPLE_MS = 20;

/** The highest of many looks at a process. */
const watch = (pid: number) => {
  let peak = residentBytes(pid);
  const timer = setInterval(() => {
    peak = Math.max(peak, residentBytes(pid));
  }, SAMPLE_MS);
  return {
    peak: (): number => {
      clearInterval(timer);
      return peak;
    },
  };
};

/** Reads the whole export as it comes, keeping nothing; answers how many rows there were. */
const exportRows = async ({ url }: Program, token: string): Promise<number> => {
  const answer = await fetch(exportUrl(url), { headers: { authorization: `Bearer ${token}` } });
  if (answer.status !== 200 || answer.body === null) throw new Error(`export: ${answer.status} ${await answer.text()}`);
  let lines = 0;
  for await (const chunk of answer.body) for (const byte of chunk as Uint8Array) if (byte === 10) lines += 1;
  return lines - 1;
};

type Measured = Readonly<{ operations: number; ready: number; exporting: number; again: number; exportMs: number }>;
type Weight = Readonly<{ bytes: number; operations: number }>;

const weigh = async (prepared: Prepared): Promise<Measured> => {
  const { dataDir, secret, operations } = prepared;
  // Once, so that the read models are there: how they are filled is measured elsewhere.
  await (await startProgram({ dataDir })).stop();
  const program = await startProgram({ dataDir });
  const ready = residentBytes(program.pid);
  const exporting = async (): Promise<Readonly<{ peak: number; ms: number }>> => {
    const watching = watch(program.pid);
    let rows = 0;
    const ms = await timed(async () => {
      rows = await exportRows(program, secret);
    });
    if (rows !== operations) throw new Error(`${rows} rows of ${operations}`);
    return { peak: watching.peak(), ms };
  };
  try {
    const once = await exporting();
    const again = await exporting();
    return { operations, ready, exporting: once.peak, again: again.peak, exportMs: once.ms };
  } finally {
    await program.stop();
  }
};

const rowOf = (measure: string, long: Weight, short: Weight): Row => {
  const figure = (long.bytes - short.bytes) / 1_048_576;
  return {
    measure: `${measure}, ${long.operations.toLocaleString('en')} operations`,
    ours: megabytes(long.bytes),
    reference: `${megabytes(short.bytes)} at ${short.operations.toLocaleString('en')}`,
    figure,
    aim: `≤ ${megabytes(AIM_BYTES)} more`,
    met: figure <= AIM_BYTES / 1_048_576,
  };
};

const of = (key: 'ready' | 'exporting' | 'again', { operations, [key]: bytes }: Measured): Weight => ({ operations, bytes });

export const memory: Benchmark = {
  name: 'memory',
  run: async ({ quick, ground }: Settings) => {
    const short = await weigh(await ground.operations(quick ? 50_000 : 100_000));
    const long = await weigh(await ground.operations(quick ? 100_000 : 1_000_000));
    return {
      rows: [
        rowOf('ready', of('ready', long), of('ready', short)),
        rowOf('peak of a CSV export', of('exporting', long), of('exporting', short)),
        rowOf('peak of a second one', of('again', long), of('again', short)),
      ],
      details: { short, long },
    };
  },
};

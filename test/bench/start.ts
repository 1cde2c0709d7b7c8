/** From the start of the process to its first ready answer, on a log that is there already. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Benchmark, Settings } from './benchmark.ts';
import { processorMs, startProgram } from './child.ts';
import { median, milliseconds } from './measure.ts';
import type { Row } from './report.ts';

const AIM_SECONDS = 2;
const EVENTS = 100_000;

/** Milliseconds: on the clock, and of processor time, which tells how busy others kept the machine meanwhile. */
type Started = Readonly<{ readyAfter: number; processor: number }>;

const starts = async (dataDir: string, times: number, before: () => void = () => undefined): Promise<readonly Started[]> => {
  const measured: Started[] = [];
  for (let time = 0; time < times; time += 1) {
    before();
    const program = await startProgram({ dataDir });
    measured.push({ readyAfter: program.readyAfter, processor: processorMs(program.pid) });
    await program.stop();
  }
  return measured;
};

const rowOf = (measure: string, measured: readonly Started[], aim: number | undefined): Row => {
  const ms = median(measured.map(({ readyAfter }) => readyAfter));
  const seconds = ms / 1_000;
  const reference = `${milliseconds(median(measured.map(({ processor }) => processor)))} of processor time`;
  return { measure, ours: milliseconds(ms), reference, figure: seconds, aim: aim === undefined ? '' : `≤ ${aim} s`, met: aim === undefined ? undefined : seconds <= aim };
};

export const start: Benchmark = {
  name: 'start',
  run: async ({ quick, ground }: Settings) => {
    const { dataDir } = await ground.operations(EVENTS / 2);
    const remove = (): void => {
      for (const suffix of ['', '-wal', '-shm']) rmSync(join(dataDir, `read-models.db${suffix}`), { force: true });
    };
    const rebuilding = await starts(dataDir, 1, remove);
    const usual = await starts(dataDir, quick ? 3 : 5);
    const count = EVENTS.toLocaleString('en');
    return {
      rows: [
        rowOf(`ready with ${count} events`, usual, AIM_SECONDS),
        rowOf(`the same, every read model filled anew`, rebuilding, undefined),
      ],
      details: { usual, rebuilding },
    };
  },
};

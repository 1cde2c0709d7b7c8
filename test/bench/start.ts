/** From the start of the process to its first ready answer, on a log that is there already. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Benchmark, Settings } from './benchmark.ts';
import { startProgram } from './child.ts';
import { median, milliseconds } from './measure.ts';
import type { Row } from './report.ts';

const AIM_SECONDS = 2;
const EVENTS = 100_000;

const starts = async (dataDir: string, times: number, before: () => void = () => undefined): Promise<readonly number[]> => {
  const measured: number[] = [];
  for (let time = 0; time < times; time += 1) {
    before();
    const program = await startProgram({ dataDir });
    measured.push(program.readyAfter);
    await program.stop();
  }
  return measured;
};

const rowOf = (measure: string, measured: readonly number[], aim: number | undefined): Row => {
  const seconds = median(measured) / 1_000;
  return { measure, ours: milliseconds(median(measured)), reference: '', figure: seconds, aim: aim === undefined ? '' : `≤ ${aim} s`, met: aim === undefined ? undefined : seconds <= aim };
};

export const start: Benchmark = {
  name: 'start',
  run: async ({ quick, ground }: Settings) => {
    const { dataDir } = await ground.operations(EVENTS / 2);
    const remove = (): void => {
      for (const suffix of ['', '-wal', '-shm']) rmSync(join(dataDir, `read-models.db${suffix}`), { force: true });
    };
    const rebuilding = await starts(dataDir, quick ? 1 : 3, remove);
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

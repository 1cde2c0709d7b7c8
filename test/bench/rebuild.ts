/** Filling read models anew from the log, as an operator's rebuild does: beside the live one, then in its place. */
import { createProjections, type Projections } from '../../projections/kernel/projections.ts';
import type { AnyProjection } from '../../projections/kernel/projection.ts';
import { projections as definitions } from '../../api/composition/projections.ts';
import { systemClock } from '../../infrastructure/runtime/clock.ts';
import type { Embedded } from '../../infrastructure/runtime/embedded.ts';
import { silentLogger } from '../support/silent.ts';
import type { Benchmark, Settings } from './benchmark.ts';
import { appendAll, openStores } from './ground.ts';
import { median, perSecond, timed } from './measure.ts';
import type { Row } from './report.ts';
import { TENANT_EVENTS, wholeTenant } from './samples.ts';

const AIM = 50_000;
/** Fewer events than this say nothing of a rate: making and switching a model costs the same whatever is in it. */
const ENOUGH = 10_000;

/** Events in the log that the projection takes. */
const countOf = async ({ log }: Embedded, { on }: AnyProjection): Promise<number> => {
  const feed = log.feed({ types: Object.keys(on) });
  const head = await log.head();
  let [after, count] = [undefined, 0] as [typeof head, number];
  while (after !== head) {
    const { events, scannedTo } = await feed.pull(after, 10_000, AbortSignal.timeout(60_000));
    count += events.length;
    after = scannedTo;
  }
  return count;
};

/** `microseconds`: processor time of one event, all threads. */
type Measured = Readonly<{ name: string; events: number; rates: readonly number[]; microseconds: readonly number[] }>;

const measure = async (projections: Projections, definition: AnyProjection, events: number, rounds: number): Promise<Measured> => {
  const rates: number[] = [];
  const microseconds: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const before = process.cpuUsage();
    const ms = await timed(() => projections.rebuild(definition.name));
    const { user, system } = process.cpuUsage(before);
    rates.push((events * 1_000) / ms);
    microseconds.push((user + system) / events);
  }
  return { name: definition.name, events, rates, microseconds };
};

const rowOf = ({ name, events, rates, microseconds }: Measured): Row => {
  const rate = median(rates);
  const processor = `${median(microseconds).toFixed(0)} µs of processor time each`;
  return { measure: `${name}, ${events.toLocaleString('en')} events`, ours: perSecond(rate), reference: processor, figure: rate, aim: `≥ ${AIM.toLocaleString('en')}/s`, met: rate >= AIM };
};

const rebuildAll = async (dataDir: string, seed: (embedded: Embedded) => Promise<void>, wanted: (name: string) => boolean, rounds: number): Promise<readonly Measured[]> => {
  const embedded = await openStores(dataDir);
  await seed(embedded);
  const projections = createProjections({ clock: systemClock, log: embedded.log, store: embedded.readModels, logger: silentLogger, definitions });
  await projections.start();
  await projections.caughtUp();
  const measured: Measured[] = [];
  try {
    for (const definition of definitions.filter(({ name }) => wanted(name))) {
      const events = await countOf(embedded, definition);
      if (events >= ENOUGH) measured.push(await measure(projections, definition, events, rounds));
    }
  } finally {
    await projections.stop();
    await embedded.close();
  }
  return measured;
};

const isTenancy = (name: string): boolean => name.startsWith('tenancy_');

export const rebuild: Benchmark = {
  name: 'rebuild',
  run: async ({ quick, ground, say }: Settings) => {
    const rounds = quick ? 1 : 2;
    const { dataDir } = await ground.operations(quick ? 50_000 : 100_000);
    const signing = await rebuildAll(dataDir, async () => undefined, (name) => !isTenancy(name), rounds);
    say(`  ${signing.map(({ name, rates }) => `${name} ${rates.map(perSecond).join(' ')}`).join()}`);
    const tenants = Math.floor((quick ? 50_000 : 200_000) / TENANT_EVENTS);
    const tenancy = await rebuildAll(ground.directory(), ({ store }) => appendAll(store, tenants, wholeTenant), isTenancy, rounds);
    return { rows: [...signing, ...tenancy].map(rowOf), details: { measured: [...signing, ...tenancy] } };
  },
};

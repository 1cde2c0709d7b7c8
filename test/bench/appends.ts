/** Durable appends by many writers at once, held against the same batches written to SQLite by hand. */
import { join } from 'node:path';
import { catalogue } from '../../application/catalogue.ts';
import { createEventCodec } from '../../application/kernel/event-codec.ts';
import type { EventStore } from '../../application/kernel/ports.ts';
import { streamId, type TenantId } from '../../domain/kernel/ids.ts';
import { openEventStore } from '../../infrastructure/event-store/event-store.ts';
import { systemClock } from '../../infrastructure/runtime/clock.ts';
import { systemIds } from '../../infrastructure/runtime/ids.ts';
import { failOnFatal } from '../support/silent.ts';
import type { Benchmark, Settings } from './benchmark.ts';
import { appendAll } from './ground.ts';
import { alternate, type Compared, compared, perSecond, rateOf } from './measure.ts';
import { openRawEvents, type RawEvents } from './raw-events.ts';
import type { Row } from './report.ts';
import { causeOf, operation, requestedBy, type Signer } from './samples.ts';

const WRITERS = [32, 256] as const;
const AIM = 0.5;
/** What "flat" means: the rate in the longest log is at least this part of the rate in the shortest. */
const FLAT = 0.8;

const signer: Signer = { tenant: systemIds.next() as TenantId, userId: systemIds.next(), credentialId: systemIds.next() };
const event = requestedBy(signer, systemIds.next(), 1);
const cause = causeOf(signer.credentialId);

/** Writers that each append to a stream of their own, one event at a time, expecting the revision they know. */
const appendRate = (store: EventStore, writers: number, ms: number): Promise<number> => {
  const streams = Array.from({ length: writers }, () => ({ stream: streamId('signing.operation', signer.tenant, systemIds.next()), revision: -1 }));
  return rateOf(writers, ms, async (worker) => {
    const mine = streams[worker] as (typeof streams)[number];
    mine.revision = (await store.append(mine.stream, mine.revision < 0 ? 'none' : mine.revision, [event], cause)).revision;
  });
};

const rawRate = async (raw: RawEvents, writers: number, ms: number): Promise<number> => {
  const begin = performance.now();
  let batches = 0;
  for (; performance.now() - begin < ms; batches += 1) raw.batch(writers);
  return (batches * writers * 1_000) / (performance.now() - begin);
};

type Stage = Readonly<{ events: number; writers: number } & Compared>;

const measure = async (settings: Settings, stages: readonly number[]): Promise<readonly Stage[]> => {
  const [rounds, ms] = settings.quick ? [3, 250] : [5, 400];
  const directory = settings.ground.directory();
  const raw = openRawEvents(join(directory, 'raw.db'), { cause: JSON.stringify(cause), data: JSON.stringify(event.data) });
  const { store, log, close } = await openEventStore({
    path: join(directory, 'events.db'), codec: createEventCodec(catalogue), clock: systemClock, ids: systemIds, onFatal: failOnFatal,
  });
  const measured: Stage[] = [];
  try {
    for (const events of stages) {
      const missing = events - Number((await log.head()) ?? 0);
      await appendAll(store, Math.max(0, Math.floor(missing / 2)), (number) => [operation(signer, number)]);
      for (let written = 0; written < missing; written += 1_000) raw.batch(1_000);
      for (const writers of WRITERS) {
        const found = compared(await alternate(rounds, () => appendRate(store, writers, ms), () => rawRate(raw, writers, ms)));
        settings.say(`  ${events.toLocaleString('en')} events, ${writers} writers: ${perSecond(found.ours)}, raw ${perSecond(found.reference)}`);
        measured.push({ events, writers, ...found });
      }
    }
  } finally {
    await close();
    raw.close();
  }
  return measured;
};

const ratioRow = ({ events, writers, ours, reference, ratio }: Stage): Row => ({
  measure: `${writers} writers, ${events.toLocaleString('en')} events`,
  ours: perSecond(ours),
  reference: `${perSecond(reference)} raw SQLite`,
  figure: ratio,
  aim: `≥ ${AIM}`,
  met: ratio >= AIM,
});

/** How the longest log compares with the shortest, each by its own reference, since the machine is not the same all the time. */
const flatRow = (stages: readonly Stage[], writers: number): Row => {
  const mine = stages.filter((stage) => stage.writers === writers);
  const [first, last] = [mine.at(0) as Stage, mine.at(-1) as Stage];
  const figure = last.ours / first.ours;
  return {
    measure: `${writers} writers, longest log by shortest`,
    ours: perSecond(last.ours),
    reference: `${perSecond(first.ours)} at ${first.events.toLocaleString('en')}`,
    figure,
    aim: `≥ ${FLAT}`,
    met: figure >= FLAT,
  };
};

export const appends: Benchmark = {
  name: 'appends',
  run: async (settings) => {
    const stages = await measure(settings, settings.quick ? [1_000, 100_000] : [1_000, 100_000, 1_000_000]);
    return { rows: [...stages.map(ratioRow), ...WRITERS.map((writers) => flatRow(stages, writers))], details: { stages } };
  },
};

/**
 * Promise 6: the log is the truth. A read model that followed events live, one rebuilt from the beginning, and one that was stopped and started at
 * random checkpoints are the same, byte for byte (SHA-256 over RFC 8785), over random histories.
 */
import { expect } from 'chai';
import { randomInt } from 'node:crypto';
import type { StreamId } from '../../domain/kernel/ids.ts';
import { systemClock } from '../../infrastructure/runtime/clock.ts';
import { type Embedded, openEmbedded } from '../../infrastructure/runtime/embedded.ts';
import { digestOf } from '../../projections/kernel/digest.ts';
import type { AnyProjection } from '../../projections/kernel/projection.ts';
import { createProjections, type Projections } from '../../projections/kernel/projections.ts';
import { counted, noted, sampleCodec, someCause, someStream, someTenant } from '../support/sample-events.ts';
import { tallies, texts } from '../support/sample-projections.ts';
import { type Seeded, seeded } from '../support/seeded.ts';
import { failOnFatal, silentLogger } from '../support/silent.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const HISTORIES = Number(process.env['CHANCERY_HISTORIES'] ?? 20);
const EVENTS = Number(process.env['CHANCERY_HISTORY_EVENTS'] ?? 1_000);
const RESTARTS = 5;
const APPENDED_AT_ONCE = 16;

/** The three ways to the same model. */
const WAYS = ['live', 'restarted', 'replayed'] as const;
type Way = (typeof WAYS)[number];

/** The same projections under names of their own, so that they are filled apart. */
const named = (projections: readonly AnyProjection[], way: Way): readonly AnyProjection[] =>
  projections.map((projection) => ({ ...projection, name: `${projection.name}-${way}` }));

const follow = async ({ log, readModels }: Embedded, definitions: readonly AnyProjection[]): Promise<Projections> => {
  const projections = createProjections({ log, store: readModels, logger: silentLogger, definitions });
  await projections.start();
  return projections;
};

const stopAtHead = async ({ log }: Embedded, projections: Projections, definitions: readonly AnyProjection[]): Promise<void> => {
  const head = await log.head();
  if (head !== undefined) await Promise.all(definitions.map(({ name }) => projections.freshness.until(name, head, 20_000)));
  await projections.stop();
};

const appendSome = async ({ store }: Embedded, random: Seeded, streams: readonly StreamId[], count: number): Promise<void> => {
  for (let added = 0; added < count; added += APPENDED_AT_ONCE) {
    const appends = Array.from({ length: APPENDED_AT_ONCE }, () => {
      const event = random.chance(0.5) ? noted(`text ${random.below(30)}`) : counted(random.below(9));
      return store.append(random.pick(streams), 'any', [event], someCause);
    });
    await Promise.all(appends);
  }
};

/** Lives through one history in all three ways; the digests of each projection, by way. */
const liveThrough = async (opened: Embedded, projections: readonly AnyProjection[], random: Seeded): Promise<ReadonlyMap<Way, readonly string[]>> => {
  const streams = Array.from({ length: 20 }, () => someStream(someTenant()));
  const live = await follow(opened, named(projections, 'live'));
  for (let life = 0; life < RESTARTS; life += 1) {
    const restarted = await follow(opened, named(projections, 'restarted'));
    await appendSome(opened, random, streams, 1 + random.below((2 * EVENTS) / RESTARTS));
    // Stopped wherever it happens to be.
    await restarted.stop();
  }
  await stopAtHead(opened, live, named(projections, 'live'));
  for (const way of ['restarted', 'replayed'] as const) {
    const definitions = named(projections, way);
    await stopAtHead(opened, await follow(opened, definitions), definitions);
  }
  const digests = new Map<Way, readonly string[]>();
  for (const way of WAYS) {
    const models = await Promise.all(named(projections, way).map((model) => digestOf(opened.readModels, model)));
    expect(Math.min(...models.map(({ documents }) => documents)), 'documents compared').to.be.greaterThan(0);
    digests.set(way, models.map(({ sha256 }) => sha256));
  }
  return digests;
};

const inDirectory = async <Result>(work: (opened: Embedded) => Promise<Result>): Promise<Result> => {
  const { path, remove } = temporaryDirectory();
  const opened = await openEmbedded({ dataDir: path, codec: sampleCodec, clock: systemClock, logger: silentLogger, onFatal: failOnFatal });
  try {
    return await work(opened);
  } finally {
    await opened.close();
    remove();
  }
};

/** Histories after which the ways differ. */
const differing = async (projections: readonly AnyProjection[], histories: number, random: Seeded): Promise<number> => {
  let different = 0;
  for (let history = 0; history < histories; history += 1) {
    const digests = await inDirectory((opened) => liveThrough(opened, projections, random));
    if (new Set([...digests.values()].map((models) => models.join())).size > 1) different += 1;
  }
  return different;
};

describe('promise 6: replaying gives the same read models, byte for byte', function suite() {
  this.timeout(60_000 * Math.max(1, (HISTORIES * EVENTS) / 20_000));

  it(`${HISTORIES} random histories of about ${EVENTS} events`, async () => {
    const seed = randomInt(2 ** 31);
    expect(await differing([tallies, texts], HISTORIES, seeded(seed)), `seed ${seed}`).to.equal(0);
  });

  it('a rebuild in place leaves the same digest', async () => {
    await inDirectory(async (opened) => {
      await appendSome(opened, seeded(7), [someStream(), someStream()], EVENTS);
      const projections = await follow(opened, [tallies]);
      await projections.caughtUp();
      const before = await digestOf(opened.readModels, tallies);
      await projections.rebuild('tallies');
      await projections.stop();
      expect(await digestOf(opened.readModels, tallies)).to.deep.equal(before);
    });
  });

  it('goes red on a projection that asks the time', async () => {
    const timed: AnyProjection = { ...texts, on: { Noted: (known) => ({ ...known, seen: Number(process.hrtime.bigint() % 1_000_000n) }) }, id: ({ id }) => id };
    expect(await differing([timed], 1, seeded(1))).to.equal(1);
  });

  it('goes red on a projection that goes by the order in which a Set of its own was filled', async () => {
    const seen = new Set<string>();
    const ordered: AnyProjection = {
      ...tallies,
      id: ({ id }) => id,
      on: { Noted: (known, { id, position }) => {
        seen.delete(id);
        seen.add(id);
        return { ...known, before: [...seen].at(-2), position };
      } },
    };
    expect(await differing([ordered], 1, seeded(1))).to.equal(1);
  });
});

/**
 * One history, lived through by read models in three ways: following it, stopped and started again, and replaying it; and in two more where
 * another store of read models is given: following it there, stopped and started again, and replaying it there.
 */
import { expect } from 'chai';
import type { EventCodec } from '../../application/kernel/event-codec.ts';
import type { ReadModelStore } from '../../application/kernel/read-models.ts';
import { systemClock } from '../../infrastructure/runtime/clock.ts';
import { type Embedded, openEmbedded } from '../../infrastructure/runtime/embedded.ts';
import { digestOf } from '../../projections/kernel/digest.ts';
import type { AnyProjection } from '../../projections/kernel/projection.ts';
import { createProjections, type Projections } from '../../projections/kernel/projections.ts';
import type { Seeded } from '../support/seeded.ts';
import { failOnFatal, silentLogger } from '../support/silent.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

/** Events of one history, about. */
export const EVENTS = Number(process.env['CHANCERY_HISTORY_EVENTS'] ?? 1_000);
const RESTARTS = 5;
const APPENDED_AT_ONCE = 16;

/** What happens: `begin` makes a new world, and answers what appends one random event to it. */
export type History = Readonly<{ codec: EventCodec; begin: (opened: Embedded, random: Seeded) => () => Promise<unknown> }>;

/** The ways to the same model, by the store that they are in. */
const WAYS = ['live', 'restarted', 'replayed'] as const;
const WAYS_ELSEWHERE = ['restarted elsewhere', 'replayed elsewhere'] as const;
type Way = (typeof WAYS)[number] | (typeof WAYS_ELSEWHERE)[number];

/** The same projections under names of their own, so that they are filled apart. */
const named = (projections: readonly AnyProjection[], way: Way): readonly AnyProjection[] =>
  projections.map((projection) => ({ ...projection, name: `${projection.name}-${way.replace(' ', '-')}` }));

export const follow = async ({ log, readModels }: Pick<Embedded, 'log' | 'readModels'>, definitions: readonly AnyProjection[]): Promise<Projections> => {
  const projections = createProjections({ clock: systemClock, log, store: readModels, logger: silentLogger, definitions });
  await projections.start();
  return projections;
};

const stopAtHead = async ({ log }: Embedded, projections: Projections, definitions: readonly AnyProjection[]): Promise<void> => {
  const head = await log.head();
  if (head !== undefined) await Promise.all(definitions.map(({ name }) => projections.freshness.until(name, head, 20_000)));
  await projections.stop();
};

export const appendSome = async (appendOne: () => Promise<unknown>, count: number): Promise<void> => {
  for (let added = 0; added < count; added += APPENDED_AT_ONCE) await Promise.all(Array.from({ length: APPENDED_AT_ONCE }, () => appendOne()));
};

type Lived = Readonly<{ opened: Embedded; elsewhere: ReadModelStore | undefined; appendOne: () => Promise<unknown>; random: Seeded }>;

/** Lives through one history in all ways; the digests of each projection, by way. */
const liveThrough = async ({ opened, elsewhere, appendOne, random }: Lived, projections: readonly AnyProjection[]): Promise<ReadonlyMap<Way, readonly string[]>> => {
  const inside: readonly Way[] = WAYS;
  const ways: readonly Way[] = elsewhere === undefined ? WAYS : [...WAYS, ...WAYS_ELSEWHERE];
  const storeOf = (way: Way): Pick<Embedded, 'log' | 'readModels'> => ({ log: opened.log, readModels: elsewhere === undefined || inside.includes(way) ? opened.readModels : elsewhere });
  const start = (way: Way): Promise<Projections> => follow(storeOf(way), named(projections, way));
  const live = await start('live');
  for (let life = 0; life < RESTARTS; life += 1) {
    const restarted = await Promise.all(ways.filter((way) => way.startsWith('restarted')).map(start));
    await appendSome(appendOne, 1 + random.below((2 * EVENTS) / RESTARTS));
    // Stopped wherever it happens to be.
    for (const each of restarted) await each.stop();
  }
  await stopAtHead(opened, live, named(projections, 'live'));
  for (const way of ways.filter((each) => each !== 'live')) await stopAtHead(opened, await start(way), named(projections, way));
  const digests = new Map<Way, readonly string[]>();
  for (const way of ways) {
    const models = await Promise.all(named(projections, way).map((model) => digestOf(storeOf(way).readModels, model)));
    expect(Math.min(...models.map(({ documents }) => documents)), 'documents compared').to.be.greaterThan(0);
    digests.set(way, models.map(({ sha256 }) => sha256));
  }
  return digests;
};

export const inDirectory = async <Result>(codec: EventCodec, work: (opened: Embedded) => Promise<Result>): Promise<Result> => {
  const { path, remove } = temporaryDirectory();
  const opened = await openEmbedded({ dataDir: path, codec, clock: systemClock, logger: silentLogger, onFatal: failOnFatal });
  try {
    return await work(opened);
  } finally {
    await opened.close();
    remove();
  }
};

export type Lives = Readonly<{ history: History; projections: readonly AnyProjection[]; random: Seeded; /** Another store of read models: what a history leaves there is dropped. */ elsewhere?: ReadModelStore }>;

/** The next history begins with nothing. */
const forget = async (elsewhere: ReadModelStore | undefined, projections: readonly AnyProjection[]): Promise<void> => {
  for (const definition of WAYS_ELSEWHERE.flatMap((way) => named(projections, way))) await elsewhere?.drop(definition);
};

/** Of so many histories, those after which the ways differ. */
export const differing = async ({ history, projections, random, elsewhere }: Lives, histories: number): Promise<number> => {
  let different = 0;
  for (let lived = 0; lived < histories; lived += 1) {
    const digests = await inDirectory(history.codec, async (opened) => {
      const appendOne = history.begin(opened, random);
      return liveThrough({ opened, elsewhere, appendOne, random }, projections);
    });
    await forget(elsewhere, projections);
    if (new Set([...digests.values()].map((models) => models.join())).size > 1) different += 1;
  }
  return different;
};

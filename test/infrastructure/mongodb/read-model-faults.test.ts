/** Read models in MongoDB when runners meet, end half-way, and lose the server under their hands. */
import { expect } from 'chai';
import { randomUUID } from 'node:crypto';
import type { Change, ReadModelDefinition, ReadModelStore } from '../../../application/kernel/read-models.ts';
import type { Position, TenantId } from '../../../domain/kernel/ids.ts';
import { systemClock } from '../../../infrastructure/runtime/clock.ts';
import { openMongo, type Mongo } from '../../../infrastructure/mongodb/connection.ts';
import { openMongoReadModels } from '../../../infrastructure/mongodb/read-model-store.ts';
import type { Embedded } from '../../../infrastructure/runtime/embedded.ts';
import { digestOf } from '../../../projections/kernel/digest.ts';
import type { AnyProjection } from '../../../projections/kernel/projection.ts';
import { createProjections, type Projections } from '../../../projections/kernel/projections.ts';
import { appendSome, inDirectory } from '../../reliability/replay-ways.ts';
import type { Rejection } from '../../../domain/kernel/rejection.ts';
import { requireOwnEngine, startOwnEngine, type OwnEngine } from '../../support/engines.ts';
import { openTestMongo, type TestMongo } from '../../support/mongo.ts';
import { describeWithEngine } from '../../support/pending.ts';
import { rejection } from '../../support/rejections.ts';
import { noted, sampleCodec, someCause, someStream, someTenant } from '../../support/sample-events.ts';
import { tallies, texts } from '../../support/sample-projections.ts';
import { seeded } from '../../support/seeded.ts';
import { silentLogger } from '../../support/silent.ts';
import { until } from '../../support/until.ts';

const at = (number: number): Position => String(number).padStart(20, '0') as Position;
const someModel = (): ReadModelDefinition => ({ name: `parcels-${randomUUID()}`, version: 1, indexes: [['status']] });
const change = (tenant: TenantId, id: string, status: string | undefined, number: number): Change => ({
  tenant, id, position: at(number), document: status === undefined ? undefined : { id, status },
});

/** Few texts, so that documents come, change and go again and again. */
const notes = ({ store }: Embedded): (() => Promise<unknown>) => {
  const random = seeded(11);
  const streams = Array.from({ length: 8 }, () => someStream(someTenant()));
  return () => store.append(random.pick(streams), 'any', [noted(`text ${random.below(6)}`)], someCause);
};

const run = async ({ log }: Embedded, store: ReadModelStore, definitions: readonly AnyProjection[]): Promise<Projections> => {
  const projections = createProjections({ clock: systemClock, log, store, logger: silentLogger, definitions });
  await projections.start();
  return projections;
};

const DEFINITIONS: readonly AnyProjection[] = [tallies, texts];

const digests = (store: ReadModelStore): Promise<readonly unknown[]> => Promise.all(DEFINITIONS.map((definition) => digestOf(store, definition)));

/** What an undisturbed runner makes of the log, in the embedded store. */
const expected = async (opened: Embedded): Promise<readonly unknown[]> => {
  const projections = await run(opened, opened.readModels, DEFINITIONS);
  await projections.caughtUp();
  await projections.stop();
  return digests(opened.readModels);
};

const atHead = async ({ log }: Embedded, store: ReadModelStore): Promise<void> => {
  const head = await log.head();
  for (const definition of DEFINITIONS) await until('the head of the log', async () => ((await store.checkpoint(definition).catch(() => undefined)) === head ? true : undefined));
};

/** Documents are written, and the checkpoint is not: the connection is lost in between. */
const halfWay = (mongo: Mongo): ReadModelStore => {
  const db = new Proxy(mongo.db, {
    get: (target, name) => {
      if (name !== 'collection') return Reflect.get(target, name) as unknown;
      return (called: string) => {
        const collection = target.collection(called);
        return called !== 'read_models' ? collection : Object.assign(Object.create(collection) as typeof collection, { updateOne: () => Promise.reject(Object.assign(new Error('gone'), { code: 'ECONNRESET' })) });
      };
    },
  });
  return openMongoReadModels({ mongo: { ...mongo, db }, logger: silentLogger });
};

describeWithEngine('read models in MongoDB, disturbed', 'MONGO_URL', (address) => {
  let mongo: TestMongo;
  let store: ReadModelStore;

  before(async () => {
    mongo = await openTestMongo(address);
    store = openMongoReadModels({ mongo: mongo.mongo, logger: silentLogger });
  });

  after(() => mongo.remove());

  describe('a commit that ended before its checkpoint', () => {
    it('leaves documents that say what they include, removed ones too, and no older write undoes them', async () => {
      const [definition, tenant] = [someModel(), someTenant()];
      await store.prepare(definition);
      await store.commit(definition, [change(tenant, 'a', 'new', 1), change(tenant, 'b', 'new', 2)], undefined, at(2));
      const ahead = [change(tenant, 'a', 'sent', 7), change(tenant, 'b', undefined, 8), change(tenant, 'c', 'new', 9)];
      expect((await rejection(halfWay(mongo.mongo).commit(definition, ahead, at(2), at(9)))).code).to.equal('storage.unavailable');
      expect(await store.checkpoint(definition)).to.equal(at(2));
      const keys = ['a', 'b', 'c', 'd'].map((id) => ({ tenant, id }));
      expect(await store.load(definition, keys)).to.have.deep.members(ahead);
      // The next runner's batches may end elsewhere.
      await store.commit(definition, [change(tenant, 'a', 'lost', 5), change(tenant, 'b', 'sent', 6)], at(2), at(6));
      expect(await store.load(definition, keys)).to.have.deep.members(ahead);
      const { items, total } = await store.open<{ id: string; status: string }>(tenant, definition).page({ limit: 9, total: true });
      expect([items, total]).to.deep.equal([[{ id: 'a', status: 'sent' }, { id: 'c', status: 'new' }], 2]);
      expect(await store.open(tenant, definition).get('b')).to.equal(undefined);
      await store.commit(definition, [change(tenant, 'b', 'new', 10)], at(6), at(10));
      expect(await store.open(tenant, definition).get('b')).to.deep.equal({ id: 'b', status: 'new' });
    });
  });

  it('lets one of many runners move a checkpoint on', async () => {
    const [definition, tenant] = [someModel(), someTenant()];
    await store.prepare(definition);
    for (let round = 0; round < 5; round += 1) {
      const from = round === 0 ? undefined : at(round);
      const both = await Promise.allSettled(Array.from({ length: 6 }, () => store.commit(definition, [change(tenant, 'a', `round ${round}`, round + 1)], from, at(round + 1))));
      expect(both.map((each) => (each.status === 'fulfilled' ? 'won' : (each.reason as Rejection).code)).toSorted()).to.deep.equal([...Array.from({ length: 5 }, () => 'kernel.fenced'), 'won']);
      expect(await store.open(tenant, definition).get('a')).to.deep.equal({ id: 'a', status: `round ${round}` });
    }
  });

  it('two processes that run the same projections leave what one would have left', async () => {
    await inDirectory(sampleCodec, async (opened) => {
      const other = await openMongo(mongo.url, { logger: silentLogger });
      const stores = [store, openMongoReadModels({ mongo: other, logger: silentLogger })];
      const runs = await Promise.all(stores.map((each) => run(opened, each, DEFINITIONS)));
      await appendSome(notes(opened), 600);
      await atHead(opened, store);
      await Promise.all(runs.map((each) => each.stop()));
      expect(await digests(store)).to.deep.equal(await expected(opened));
      await other.close();
    });
  }).timeout(120_000);

  it('answers nothing out of a model that another process has begun anew, before it includes what it did', async () => {
    const [definition, tenant] = [someModel(), someTenant()];
    await store.prepare(definition);
    await store.commit(definition, [change(tenant, 'a', 'old', 1), change(tenant, 'b', 'old', 2)], undefined, at(2));
    const model = store.open<{ id: string }>(tenant, definition);
    expect((await model.page({ limit: 5 })).items).to.have.length(2);
    const asked = () => Promise.all([model.get('a'), model.page({ limit: 5, total: true })].map((answer) => rejection(answer)));
    // A newer release, which asks by another field as well.
    const other = openMongoReadModels({ mongo: mongo.mongo, logger: silentLogger });
    const newer = { ...definition, indexes: [['status'], ['id']] };
    await other.prepare(newer);
    expect((await asked()).map(({ code }) => code)).to.deep.equal(['storage.behind', 'storage.behind']);
    await other.commit(newer, [change(tenant, 'a', 'old', 1)], undefined, at(1));
    expect((await asked()).map(({ code }) => code)).to.deep.equal(['storage.behind', 'storage.behind']);
    await other.commit(newer, [change(tenant, 'b', 'old', 2)], at(1), at(2));
    expect((await model.page({ limit: 5 })).items).to.have.length(2);
  });

  it('answers nothing out of a model that it has to fill anew, since the shadow was taken away while it took the place', async () => {
    const [live, tenant] = [someModel(), someTenant()];
    const shadow = { ...live, name: `${live.name}~rebuild` };
    const { db, guarded } = mongo.mongo;
    let writes = 0;
    const slow = openMongoReadModels({ mongo: { db, guarded: async (work) => {
      // Its place is taken, and the shadow not yet removed.
      if (writes > 0 && (writes += 1) === 4) await openMongoReadModels({ mongo: mongo.mongo, logger: silentLogger }).drop(shadow);
      return guarded(work);
    } }, logger: silentLogger });
    for (const definition of [live, shadow]) {
      await slow.prepare(definition);
      await slow.commit(definition, [change(tenant, 'a', 'x', 1)], undefined, at(2));
    }
    const model = slow.open<{ id: string }>(tenant, live);
    expect((await model.page({ limit: 5 })).items).to.have.length(1);
    writes = 1;
    expect((await rejection(slow.promote(shadow, live, at(2)))).code).to.equal('kernel.fenced');
    expect((await rejection(model.page({ limit: 5 }))).code).to.equal('storage.behind');
    await slow.commit(live, [change(tenant, 'a', 'x', 1)], undefined, at(2));
    expect((await model.page({ limit: 5 })).items).to.have.length(1);
  });

  it('reads a model through a switch that another process makes', async () => {
    const [live, tenant] = [someModel(), someTenant()];
    const other = openMongoReadModels({ mongo: mongo.mongo, logger: silentLogger });
    const shadow = { ...live, name: `${live.name}~rebuild` };
    await store.prepare(live);
    await store.commit(live, [change(tenant, 'a', 'old', 1)], undefined, at(1));
    expect(await store.open(tenant, live).get('a')).to.deep.equal({ id: 'a', status: 'old' });
    await other.prepare(shadow);
    await other.commit(shadow, [change(tenant, 'a', 'new', 1)], undefined, at(3));
    await other.promote(shadow, live, at(3));
    expect(await store.open(tenant, live).get('a')).to.deep.equal({ id: 'a', status: 'new' });
    expect((await rejection(store.commit(live, [], at(1), at(2)))).code).to.equal('kernel.fenced');
    const left = (await mongo.mongo.db.listCollections({}, { nameOnly: true }).toArray()).filter(({ name }) => name.includes(live.name));
    expect(left).to.have.lengthOf(1);
  });
});

describe('read models in MongoDB while the server is killed and hangs', function suite() {
  this.timeout(180_000);
  let engine: OwnEngine;
  let mongo: Mongo;

  before(async function start() {
    requireOwnEngine(this, 'ferretdb');
    engine = await startOwnEngine('ferretdb');
    mongo = await openMongo(engine.address, { logger: silentLogger, patience: 2_000 });
  });

  after(async () => {
    await mongo?.close();
    await engine?.stop();
  });

  it('end as if nothing had happened, without a restart', async () => {
    await inDirectory(sampleCodec, async (opened) => {
      const store = openMongoReadModels({ mongo, logger: silentLogger });
      const projections = await run(opened, store, DEFINITIONS);
      const appendOne = notes(opened);
      for (let kill = 0; kill < 4; kill += 1) {
        const appending = appendSome(appendOne, 160);
        await until('a commit', async () => ((await store.checkpoint(tallies).catch(() => undefined)) === undefined ? undefined : true));
        await engine.kill();
        await appending;
        await engine.restart();
      }
      engine.pause();
      await appendSome(appendOne, 80);
      expect((await rejection(store.open(someTenant(), tallies).page({ limit: 1 }))).code).to.equal('storage.unavailable');
      engine.resume();
      await atHead(opened, store);
      await projections.stop();
      expect(await digests(store)).to.deep.equal(await expected(opened));
    });
  });
});

import { expect } from 'chai';
import type { StateStore } from '../../application/kernel/state.ts';
import { Rejection } from '../../domain/kernel/rejection.ts';
import { openMongoState } from '../../infrastructure/mongodb/state-store.ts';
import { systemIds } from '../../infrastructure/runtime/ids.ts';
import { createInProcessPlaces } from '../../infrastructure/signing/in-process-places.ts';
import { createSharedPlaces, type Every, type SharedPlaces } from '../../infrastructure/signing/shared-places.ts';
import { openStateStore } from '../../infrastructure/state/state-store.ts';
import { openOwnMongo, type OwnMongo } from '../support/own-mongo.ts';
import { failOnFatal, silentLogger } from '../support/silent.ts';
import { temporaryDirectory, type TemporaryDirectory } from '../support/temporary-directory.ts';
import { rejection } from '../support/rejections.ts';
import { until } from '../support/until.ts';
import { createVisits, signingPlacesContract, someOrganization, type OpenPlaces } from './signing-places.contract.ts';

const clock = { now: (): number => 1_000_000 };

describe('contract: signing places in a process', () => {
  signingPlacesContract((options) => {
    const one = createInProcessPlaces(options);
    return { one, other: one };
  });
});

/** Looks of a process that come when a test says so: one that is told of no more is as good as killed. */
const createLooks = () => {
  const rounds: (() => Promise<void>)[] = [];
  const every: Every = (_milliseconds, run) => {
    rounds.push(run);
    return () => undefined;
  };
  return { every, go: async (): Promise<void> => { for (const round of rounds) await round(); } };
};

const sharedPlaces = (states: () => readonly [StateStore, StateStore]): void => {
  const opened: SharedPlaces[] = [];
  const open = (state: StateStore, options: Parameters<OpenPlaces>[0], every?: Every): SharedPlaces => {
    const places = createSharedPlaces({ state, ids: systemIds, ...options, ...(every !== undefined && { every }) });
    opened.push(places);
    return places;
  };

  afterEach(async () => { for (const places of opened.splice(0)) await places.close(); });

  signingPlacesContract((options) => {
    const [one, other] = states();
    return { one: open(one, options), other: open(other, options) };
  });

  const lineOf = async (tenant: string): Promise<Readonly<{ inside: readonly string[]; waiting: readonly string[] }>> =>
    JSON.parse((await states()[0].get('signing-places', tenant)) ?? '{"inside":[],"waiting":[]}') as Awaited<ReturnType<typeof lineOf>>;
  const untilWaiting = (tenant: string, count: number) => until(`${count} waiting`, async () => (await lineOf(tenant)).waiting.length === count || undefined);

  it('of two processes, serves who came first first', async () => {
    const [one, other] = states().map((state) => open(state, {}));
    const tenant = someOrganization();
    const here = createVisits(one as SharedPlaces, tenant);
    const there = createVisits(other as SharedPlaces, tenant);
    await here.enter('a');
    const all = [there.enter('b')];
    await untilWaiting(tenant, 1);
    all.push(here.enter('c'));
    await untilWaiting(tenant, 2);
    here.leave('a');
    await there.inside('b');
    expect(here.entered).to.deep.equal(['a']);
    there.leave('b');
    await Promise.all(all);
  });

  it('frees the places of a process that is no more after seven looks, and not before; leaves nothing behind', async () => {
    const [dead, living] = [createLooks(), createLooks()];
    const [state, same] = states();
    const tenant = someOrganization();
    const lost = createVisits(open(state, {}, dead.every), tenant);
    const heir = createVisits(open(same, {}, living.every), tenant);
    await lost.enter('a');
    const waitsInVain = lost.enter('b').catch(() => undefined);
    await untilWaiting(tenant, 1);
    const entering = heir.enter('c');
    await untilWaiting(tenant, 2);
    for (let look = 1; look <= 5; look += 1) {
      await dead.go();
      await living.go();
    }
    expect((await lineOf(tenant)).waiting).to.have.lengthOf(2);
    for (let look = 1; look <= 5; look += 1) await living.go();
    expect(heir.entered).to.deep.equal([]);
    for (let look = 1; look <= 2; look += 1) await living.go();
    await entering;
    expect(await lineOf(tenant)).to.deep.include({ waiting: [] });
    // It was only asleep: who waits in it queues again, and who was inside changes nothing by leaving.
    await dead.go();
    await untilWaiting(tenant, 1);
    lost.leave('a');
    heir.leave('c');
    await until('the other that waited', async () => {
      await dead.go();
      return lost.entered.includes('b') || undefined;
    });
    await waitsInVain;
    expect(lost.entered).to.deep.equal(['a', 'b']);
    lost.leave('b');
    await until('an empty line', async () => ((await states()[0].get('signing-places', tenant)) === undefined ? true : undefined));
  });

  it('gives a place back that nobody has, whose taking was stored late, by a server that hung', async () => {
    const [tenant, looks, late] = [someOrganization(), createLooks(), Promise.withResolvers<() => Promise<boolean>>()];
    const [state] = states();
    let hangs = true;
    const hanging: StateStore = Object.assign(Object.create(state) as StateStore, { compareAndSet: async (...asked: Parameters<StateStore['compareAndSet']>): Promise<boolean> => {
      if (!hangs || asked[0] !== 'signing-places') return state.compareAndSet(...asked);
      hangs = false;
      late.resolve(() => state.compareAndSet(...asked));
      throw new Rejection('storage.unavailable');
    } });
    const places = open(hanging, {}, looks.every);
    expect((await rejection(places.take(tenant, 1))).code).to.equal('storage.unavailable');
    await looks.go();
    expect(await (await late.promise)()).to.equal(true);
    expect((await lineOf(tenant)).inside).to.have.length(1);
    await looks.go();
    const leave = await places.take(tenant, 1);
    leave();
    await until('nobody', async () => (await lineOf(tenant)).inside.length === 0 || undefined);
  });

  it('is heard of again in time however many could not leave: those of a line leave together', async () => {
    const [tenant, looks] = [someOrganization(), createLooks()];
    const [state] = states();
    let [away, asked] = [true, 0];
    const counted = <Arguments extends readonly unknown[], Result>(scope: string, work: (...given: Arguments) => Promise<Result>) => async (...given: Arguments): Promise<Result> => {
      if (given[0] !== scope) return work(...given);
      asked += 1;
      if (away) throw new Rejection('storage.unavailable');
      return work(...given);
    };
    const faulty: StateStore = Object.assign(Object.create(state) as StateStore, {
      get: counted('signing-places', state.get.bind(state)), compareAndSet: counted('signing-places', state.compareAndSet.bind(state)),
    });
    const places = open(faulty, { mostWaiting: 1_000 }, looks.every);
    const refused = await Promise.all(Array.from({ length: 200 }, () => rejection(places.take(tenant, 1))));
    expect(new Set(refused.map(({ code }) => code))).to.deep.equal(new Set(['storage.unavailable']));
    [away, asked] = [false, 0];
    await looks.go();
    expect(asked).to.be.within(1, 20);
    (await places.take(tenant, 1))();
  });

  it('gives a place back as soon as that can be stored again', async () => {
    const looks = createLooks();
    const [state, same] = states();
    let away = false;
    const faulty: StateStore = { ...state, compareAndSet: (...asked) => (away ? Promise.reject(new Error('away')) : state.compareAndSet(...asked)) };
    const tenant = someOrganization();
    const visits = createVisits(open(faulty, {}, looks.every), tenant);
    await visits.enter('a');
    away = true;
    visits.leave('a');
    await looks.go().catch(() => undefined);
    expect((await lineOf(tenant)).inside).to.have.lengthOf(1);
    away = false;
    await looks.go();
    (await open(same, {}).take(tenant, 1))();
  });
};

describe('contract: signing places shared over the embedded state store', () => {
  let directory: TemporaryDirectory;
  let store: Awaited<ReturnType<typeof openStateStore>>;

  before(async () => {
    directory = temporaryDirectory();
    store = await openStateStore({ path: `${directory.path}/state.db`, clock, logger: silentLogger, onFatal: failOnFatal });
  });

  after(async () => {
    await store.close();
    directory.remove();
  });

  sharedPlaces(() => [store.state, store.state]);
});

describe('contract: signing places shared over MongoDB', function suite() {
  this.timeout(60_000);
  let mongo: OwnMongo;
  let stores: readonly Awaited<ReturnType<typeof openMongoState>>[] = [];

  before(async function connect() {
    mongo = openOwnMongo(this);
    const open = async () => {
      const { db, guarded: asking } = await mongo.open();
      return openMongoState({ db, asking, clock, logger: silentLogger });
    };
    stores = [await open(), await open()];
  });

  after(async () => {
    for (const { close } of stores) await close();
    await mongo?.close();
  });

  sharedPlaces(() => stores.map(({ state }) => state) as unknown as readonly [StateStore, StateStore]);
});

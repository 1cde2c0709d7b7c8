/** What makes a process ready, and how often it is looked at. */
import { expect } from 'chai';
import { createReadinessLook, enginesOf, readinessOf, watchReadiness, type Engine, type Look } from '../../../api/composition/readiness.ts';
import { createMetrics } from '../../../infrastructure/runtime/metrics.ts';
import type { ProjectionStatus } from '../../../projections/kernel/projections.ts';
import type { Position } from '../../../domain/kernel/ids.ts';

type World = { lags: Record<string, number>; caughtUp: boolean; mongo: () => Promise<unknown>; statusFails: boolean; looks: number };

const never = (): Promise<never> => new Promise(() => undefined);

const statusOf = ({ lags, caughtUp }: World): readonly ProjectionStatus[] =>
  Object.entries(lags).map(([name, lag]) => ({ name, version: 1, serving: 1, position: '00000000000000000007' as Position, ready: caughtUp, lag }));

const start = (over: Partial<World> = {}, toldForMs = 0): World & { look: Look; engines: readonly Engine[] } => {
  const world: World = { lags: { members: 0, keys: 0 }, caughtUp: true, mongo: async () => undefined, statusFails: false, looks: 0, ...over };
  const engines: readonly Engine[] = [{ name: 'EventStoreDB', ask: async () => '7' }, { name: 'MongoDB', ask: () => world.mongo() }];
  const projections = {
    ready: () => world.caughtUp,
    status: async () => {
      world.looks += 1;
      if (world.statusFails) throw new Error('away');
      return statusOf(world);
    },
  };
  return Object.assign(world, { look: createReadinessLook({ engines, projections, patienceMs: 20, toldForMs }), engines });
};

const brief = async ({ look }: { look: Look }): Promise<unknown> => {
  const { ready, unavailable, behind } = await look();
  return [ready, unavailable, behind];
};

describe('readiness', () => {
  it('waits until every read model has caught up with what was there at the start', async () => {
    const world = start({ caughtUp: false });
    expect(await brief(world)).to.deep.equal([false, [], ['members', 'keys']]);
    world.caughtUp = true;
    expect(await brief(world)).to.deep.equal([true, [], []]);
  });

  it('names an engine that refuses or does not answer in time, and comes back with it', async () => {
    const world = start();
    const late = Promise.withResolvers<unknown>();
    for (const away of [() => Promise.reject(new Error('refused')), () => late.promise]) {
      world.mongo = away;
      expect(await brief(world)).to.deep.equal([false, ['MongoDB'], []]);
    }
    late.resolve(undefined);
    expect(await brief(world)).to.deep.equal([true, [], []]);
  });

  it('asks an engine that hangs once, however often it is asked itself', async () => {
    let asked = 0;
    const world = start({ mongo: () => { asked += 1; return never(); } });
    for (let time = 0; time < 3; time += 1) expect(await brief(world)).to.deep.equal([false, ['MongoDB'], []]);
    expect(asked).to.equal(1);
  });

  it('is over when a read model lacks something for more than 30 s, and back when it lacks nothing older than 10 s', async () => {
    const world = start();
    for (const [lag, ready] of [[29, true], [31, false], [29, false], [11, false], [9, true], [29, true]] as const) {
      world.lags['keys'] = lag;
      expect(await brief(world), String(lag)).to.deep.equal([ready, [], ready ? [] : ['keys']]);
    }
  });

  it('shows where the read models were when the log answered last', async () => {
    const world = start({ lags: { keys: 3 } });
    await world.look();
    Object.assign(world, { statusFails: true, lags: { keys: 99 } });
    expect((await world.look()).projections.map(({ name, lag }) => [name, lag])).to.deep.equal([['keys', 3]]);
  });

  it('looks once for all who ask within a second', async () => {
    const world = start({}, 60_000);
    await Promise.all(Array.from({ length: 50 }, () => world.look()));
    await world.look();
    expect(world.looks).to.equal(1);
  });

  it('shows names and numbers', async () => {
    const { ready, details } = await readinessOf(start({ lags: { keys: 0.5 } }).look)();
    expect({ ready, details }).to.deep.equal({
      ready: true, details: { unavailable: [], behind: [], projections: [{ name: 'keys', version: 1, serving: 1, position: '00000000000000000007', lag: 0.5 }] },
    });
  });

  it('is measured as well', async () => {
    const metrics = createMetrics();
    const { look, engines } = start({ lags: { keys: 4.5 }, mongo: never });
    watchReadiness(metrics, look, engines);
    const text = await metrics.render();
    for (const line of ['chancery_projection_lag_seconds{projection="keys"} 4.5', 'chancery_engine_up{engine="EventStoreDB"} 1', 'chancery_engine_up{engine="MongoDB"} 0']) expect(text).to.contain(line);
  });

  it('asks the engines that are on other machines', async () => {
    const asked: string[] = [];
    const stores = { log: { head: async () => { asked.push('log'); return undefined; } }, state: { get: async () => { asked.push('state'); return undefined; } } };
    expect(enginesOf({ eventStoreUrl: undefined, mongoUrl: undefined }, stores)).to.deep.equal([]);
    expect(enginesOf({ eventStoreUrl: undefined, mongoUrl: 'm' }, stores).map(({ name }) => name)).to.deep.equal(['MongoDB']);
    const all = enginesOf({ eventStoreUrl: 'e', mongoUrl: 'm' }, stores);
    for (const { ask } of all) await ask();
    expect([all.map(({ name }) => name), asked]).to.deep.equal([['EventStoreDB', 'MongoDB'], ['log', 'state']]);
  });
});

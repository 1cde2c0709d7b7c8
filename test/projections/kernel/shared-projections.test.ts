import { expect } from 'chai';
import { createLeases } from '../../../application/kernel/leases.ts';
import type { ReadModelStore } from '../../../application/kernel/read-models.ts';
import type { Position, TenantId } from '../../../domain/kernel/ids.ts';
import { Rejection } from '../../../domain/kernel/rejection.ts';
import { systemClock } from '../../../infrastructure/runtime/clock.ts';
import { type Embedded, openEmbedded } from '../../../infrastructure/runtime/embedded.ts';
import { pause } from '../../../projections/kernel/pause.ts';
import { createProjections, type Projections } from '../../../projections/kernel/projections.ts';
import { randomIds } from '../../support/random-ids.ts';
import { rejection } from '../../support/rejections.ts';
import { counted, noted, sampleCodec, someCause, someStream, someTenant } from '../../support/sample-events.ts';
import { tallies, type Tally, texts } from '../../support/sample-projections.ts';
import { failOnFatal, silentLogger } from '../../support/silent.ts';
import { temporaryDirectory, type TemporaryDirectory } from '../../support/temporary-directory.ts';
import { until } from '../../support/until.ts';

/** Several processes, as far as projections can tell: each knows of the others only through log, read models and operational state. */
describe('projections of several processes', () => {
  let directory: TemporaryDirectory;
  let opened: Embedded;
  let running: Projections[];
  let tenant: TenantId;

  beforeEach(async () => {
    directory = temporaryDirectory();
    opened = await openEmbedded({ dataDir: directory.path, codec: sampleCodec, clock: systemClock, logger: silentLogger, onFatal: failOnFatal });
    running = [];
    tenant = someTenant();
  });

  afterEach(async () => {
    await Promise.all(running.map((projections) => projections.stop()));
    await opened.close();
    directory.remove();
  });

  const begin = async (projects: boolean, clock = systemClock, store = opened.readModels): Promise<Projections> => {
    const { log, state } = opened;
    const leases = createLeases({ state, ids: randomIds, pause, everyMs: 10 });
    const projections = createProjections({ clock, log, store, logger: silentLogger, definitions: [tallies, texts], shared: { leases, state, projects } });
    running.push(projections);
    await projections.start();
    return projections;
  };

  const append = async (stream = someStream(tenant)) => {
    await opened.store.append(stream, 'any', [counted(1)], someCause);
    return stream;
  };
  const totalIn = async ({ reader }: Projections, stream: string): Promise<number | undefined> => (await (await reader.open<Tally>(tenant, tallies)).get(stream))?.total;

  it('answer in one with what was written through another, which they were not told of', async () => {
    const asked = await begin(false);
    await begin(true);
    const stream = someStream(tenant);
    for (let total = 1; total <= 10; total += 1) expect(await totalIn(asked, await append(stream))).to.equal(total);
  });

  it('keep nobody waiting for a model that newer events do not concern', async () => {
    const asked = await begin(false);
    await begin(true);
    await opened.store.append(someStream(tenant), 'any', [noted('x')], someCause);
    await asked.freshness.settled(tallies.name, tenant);
    await append();
    await asked.freshness.settled(texts.name, tenant);
    await asked.freshness.until(texts.name, (await opened.log.head()) ?? ('' as never));
  });

  it('are behind where nobody keeps them', async () => {
    const asked = await begin(false);
    await append();
    expect(await rejection(asked.freshness.settled(tallies.name, tenant, 50))).to.deep.equal({ code: 'storage.behind', details: { retryAfter: 1 } });
  });

  it('say how long they have been behind when nobody keeps them any more, and catch up with whoever comes', async () => {
    const time = { ahead: 0 };
    const asked = await begin(false, { now: () => systemClock.now() + time.ahead });
    const kept = await begin(true);
    const lags = async (): Promise<Readonly<Record<string, number>>> => Object.fromEntries((await asked.status()).map(({ name, lag }) => [name, lag]));
    const upToDate = (): Promise<unknown> => until('no lag', async () => Object.values(await lags()).every((lag) => lag === 0) || undefined);
    await totalIn(asked, await append());
    await upToDate();
    await kept.stop();
    running = running.filter((each) => each !== kept);
    await append();
    time.ahead = 40_000;
    // Texts do not care for it: they stand where the log ends.
    await until('the lag of those whom it concerns alone', async () => (await lags())[texts.name] === 0 || undefined);
    expect((await lags())[tallies.name]).to.be.within(40, 100);
    await begin(true);
    await upToDate();
  });

  it('are kept by one of two, and by the other when the first is gone', async () => {
    const [one, two] = [await begin(true), await begin(true)];
    const stream = await append();
    expect(await totalIn(one, stream)).to.equal(1);
    await one.stop();
    running = running.filter((each) => each !== one);
    await append(stream);
    expect(await totalIn(two, stream)).to.equal(2);
  });

  it('are kept though the read models were away at the moment in which their lease was had', async () => {
    let refused = 0;
    const drop: ReadModelStore['drop'] = (definition) => {
      refused += 1;
      return refused > 3 ? opened.readModels.drop(definition) : Promise.reject(new Rejection('storage.unavailable', { retryAfter: 1 }));
    };
    const kept = await begin(true, systemClock, { ...opened.readModels, drop });
    const stream = await append();
    await kept.freshness.until(tallies.name, (await opened.log.head()) as Position, 30_000);
    expect([await totalIn(kept, stream), refused > 3]).to.deep.equal([1, true]);
  }).timeout(60_000);

  it('are ready once they stand where the log ended at the start, though nothing has happened since', async () => {
    await append();
    const asked = await begin(false);
    expect(asked.ready()).to.equal(false);
    await begin(true);
    await asked.caughtUp();
    const late = await begin(false);
    await late.caughtUp();
    expect([asked.ready(), late.ready()]).to.deep.equal([true, true]);
  });

  it('are rebuilt by whoever keeps them, whoever asks', async () => {
    const asked = await begin(false);
    const stream = await append();
    await begin(true);
    await asked.caughtUp();
    const key = [{ tenant, id: stream }];
    const at = (await opened.readModels.checkpoint(tallies)) as never;
    const spoilt = { tenant, id: stream, document: { total: 77 }, position: at };
    await opened.readModels.commit(tallies, [spoilt], at, at);
    await asked.rebuild(tallies.name);
    const [document] = await opened.readModels.load(tallies, key);
    expect(document?.document).to.include({ total: 1 });
  });
});

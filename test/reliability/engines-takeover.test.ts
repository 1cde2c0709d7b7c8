/**
 * Promises 1, 6, 7 and 12 over four processes and their engines: whoever projects, relays and dispatches is killed, each engine is killed, hangs and is slow,
 * all of it while clients write and read. What was acknowledged is in the log once, read models are what a rebuild gives, everything that
 * is sent arrives with one id, and nobody is answered otherwise than by success or by 503 with `Retry-After`.
 */
import { expect } from 'chai';
import type { Runnable } from 'mocha';
import { MongoClient } from 'mongodb';
import { setTimeout as delay } from 'node:timers/promises';
import type { OwnEngine } from '../support/engines.ts';
import { readWholeLog } from '../support/event-store-reader.ts';
import { killNow, requireEngines, startInstallation, within, type Installation, type Served } from '../support/processes.ts';
import { countBus, createClients, readBus, setUp, startReceivers, type Clients, type Receivers } from './engines-load.ts';
import { differences, disorder, faultsIn } from './engines-oracle.ts';

const START_MS = 180_000;
/** What was promised; six seconds, as a rule. */
const LEASES_MS = 10_000;
/** Until what was begun has been done by the other, on cores that others use as well. */
const TAKEOVER_MS = 30_000;
const RECOVERY_MS = 60_000;
/** What has piled up meanwhile goes out one after another. */
const ARRIVAL_MS = 80_000;
/** How long engines stay away or hang, and the work goes on before and after. */
const AWAY_MS = Number(process.env['CHANCERY_ENGINE_AWAY_MS'] ?? 5_000);
const CALM_MS = 500;
/** No answer takes longer: ten seconds for an engine that does not answer, and what else it takes. */
const SLOWEST_MS = 25_000;

const seconds = (ms: number): string => `${(ms / 1_000).toFixed(1)} s`;

/** What was measured is told by the title. */
const report = (test: Runnable | undefined, measured: Readonly<Record<string, string>>): void => {
  if (test !== undefined) test.title += ` (${Object.entries(measured).map(([what, took]) => `${what} ${took}`).join(', ')})`;
};

describe('several processes whose processes and engines are killed, paused and slow', function suite() {
  this.timeout(180_000);
  let installation: Installation;
  let receivers: Receivers;
  let clients: Clients;
  let tenant: string;
  let invited = 0;
  before(async function start() {
    this.timeout(START_MS);
    requireEngines(this);
    receivers = await startReceivers();
    installation = await startInstallation(receivers.env);
    tenant = await setUp(installation, receivers);
    clients = createClients(installation, receivers);
  });
  after(async () => {
    await installation?.stop();
    await receivers?.close();
  });

  /** Why: what the processes have complained of last, each kind once. */
  afterEach(function explain() {
    const { err } = this.currentTest ?? {};
    if (err === undefined) return;
    const kinds = new Map(installation.complaints().map((complaint) => [complaint.msg, complaint]));
    err.message += `\n${[...kinds.values()].map((complaint) => JSON.stringify(complaint).slice(0, 600)).join('\n')}`;
  });

  const uids = (): ReadonlySet<string> => new Set(receivers.collector.events().map(({ entity }) => String((entity as { uid?: string } | undefined)?.uid)));
  const hooked = (): ReadonlySet<string> => new Set(receivers.webhooks.received.map(({ event }) => String(event.data['credential_id'] ?? event['subject'])));

  /** A credential made now through each process: seconds until everybody has seen it, by who that is. */
  const untilAllIsWell = async (withinMs: number): Promise<Readonly<Record<string, string>>> => {
    const ids: string[] = [];
    const end = clients.end();
    const started = performance.now();
    const since = async (what: string, look: () => boolean | Promise<boolean>) => {
      await within(withinMs, what, look);
      return [what, seconds(performance.now() - started)] as const;
    };
    const written = await since('writes', async () => {
      while (ids.length < 2) {
        const id = await clients.write(ids.length);
        if (id === undefined) return false;
        ids.push(id);
      }
      return true;
    });
    const had = await countBus(installation).catch(() => 0);
    invited += 1;
    const address = `guest-${invited}@load.example`;
    await within(withinMs, 'an invitation', () => clients.invite(address));
    const seen = await Promise.all([
      ...[0, 1].map((which) => since(`reads ${which + 1}`, async () => (await Promise.all(ids.map((id) => clients.sees(which, id, end)))).every(Boolean))),
      since('webhooks', () => ids.every((id) => [...hooked()].some((known) => known.includes(id)))),
      since('SIEM', () => ids.every((id) => uids().has(id))),
      since('mail', () => receivers.mail.taken.some(({ to }) => to.includes(address))),
      since('bus', async () => (await countBus(installation)) > had),
    ]);
    return Object.fromEntries([written, ...seen]);
  };

  /** Who held each lease: the id that its entry begins with. */
  const leases = async (): Promise<ReadonlyMap<string, string>> => {
    const client = new MongoClient(installation.engines.mongo.address);
    try {
      const all = await client.db().collection<{ _id: string; value: string }>('state_entries').find({}).toArray();
      return new Map(all.filter(({ _id }) => _id.startsWith('lease\n')).map(({ _id, value }) => [_id.slice(6), value.slice(0, 36)]));
    } finally {
      await client.close();
    }
  };

  const killAndWait = async (victim: Served): Promise<Readonly<Record<string, string>>> => {
    const before = await leases();
    const gone = [...before].find(([name]) => name.startsWith('task:'))?.[1];
    const survivor = installation.workers.findIndex((worker) => worker !== victim);
    installation.workers.splice(1 - survivor, 1);
    return clients.during(async () => {
      await delay(CALM_MS);
      await killNow(victim);
      const killed = performance.now();
      const passed = within(LEASES_MS, 'the leases', async () => {
        const now = await leases();
        return [...before].every(([name, holder]) => holder !== gone || name.startsWith('holder:') || (now.get(name) ?? gone) !== gone);
      }).then(() => seconds(performance.now() - killed));
      const well = await untilAllIsWell(TAKEOVER_MS);
      return { ...well, leases: await passed };
    });
  };

  it('whoever projects, relays, dispatches and schedules is killed: the other does it', async function kill() {
    await untilAllIsWell(RECOVERY_MS);
    // Who holds which lease is chance while there are two. When one is gone and has come back, the other holds all.
    const [first] = installation.workers as [Served];
    installation.workers.shift();
    await killNow(first);
    await untilAllIsWell(TAKEOVER_MS);
    installation.workers.push(await installation.startWorker());
    report(this.test, await killAndWait(installation.workers[0] as Served));
    installation.workers.push(await installation.startWorker());
  });

  /** While clients are at work: does it, and waits until everything goes on. */
  const through = async (test: Runnable | undefined, fault: () => Promise<void>): Promise<void> => {
    const measured = await clients.during(async () => {
      await delay(CALM_MS);
      await fault();
      return untilAllIsWell(RECOVERY_MS);
    });
    report(test, measured);
  };

  const engines: readonly (readonly [name: string, of: () => OwnEngine])[] = [
    ['EventStoreDB', () => installation.engines.node], ['MongoDB', () => installation.engines.mongo], ['Kafka', () => installation.engines.kafka],
  ];
  for (const [name, of] of engines) {
    it(`${name} is killed, and starts again`, async function kill() {
      await through(this.test, async () => {
        await of().kill();
        await delay(AWAY_MS / 2);
        await of().restart();
      });
    });

    it(`${name} hangs for ${seconds(AWAY_MS)}`, async function hang() {
      await through(this.test, async () => {
        of().pause();
        await delay(AWAY_MS);
        of().resume();
      });
    });
  }

  it('EventStoreDB is slow', async function slow() {
    const { node } = installation.engines;
    await through(this.test, async () => {
      await node.apply({ fault: 'delay', ms: 400, on: 'any' });
      await delay(AWAY_MS);
      await node.apply({ fault: 'heal' });
    });
  });

  it('nobody was answered otherwise than by success or by 503 with Retry-After, in time', () => {
    const { unexpected, slowestMs, made } = clients.told;
    expect(unexpected).to.deep.equal([]);
    expect(slowestMs).to.be.lessThan(SLOWEST_MS);
    expect(made.length).to.be.greaterThan(50);
  });

  it('every acknowledged event is in the log once; read models are what a rebuild gives; everything that is sent arrived, under one id', async () => {
    const log = await readWholeLog(installation.engines.node.address);
    const { made } = clients.told;
    const found = faultsIn(log, { tenant, made });
    expect(found).to.deep.equal({ lost: [], doubled: [], gaps: [] });
    const ids = log.filter(({ type }) => type === 'tenancy.CredentialCreated.v1').map(({ id }) => id);
    const { webhooks, collector } = receivers;
    const hookIds = () => new Set(webhooks.received.map(({ event }) => event.id));
    const siemIds = () => new Set(collector.events().map(({ metadata }) => metadata.uid));
    const missing = (sent: ReadonlySet<string>): readonly string[] => ids.filter((id) => !sent.has(id));
    // How far they got is worth more than that they did not.
    await within(ARRIVAL_MS, 'webhooks', () => missing(hookIds()).length === 0).catch(() => 0);
    await within(ARRIVAL_MS, 'SIEM', () => missing(siemIds()).length === 0).catch(() => 0);
    expect([missing(hookIds()), missing(siemIds())], `of ${ids.length}`).to.deep.equal([[], []]);
    expect([hookIds().size, siemIds().size], 'ids that were sent').to.deep.equal([ids.length, ids.length]);
    const { different, publicIds } = await differences(installation);
    expect(different).to.deep.equal([]);
    await within(RECOVERY_MS, 'the bus', async () => (await countBus(installation)) >= publicIds.length);
    const bus = await readBus(installation);
    const onBus = new Set(bus.map(({ id }) => id));
    expect(publicIds.filter((id) => !onBus.has(id)), 'not on the bus').to.deep.equal([]);
    // What became of the last deliveries was written, and published, after the log was first read.
    const whole = await readWholeLog(installation.engines.node.address);
    expect(disorder(bus, whole)).to.deep.equal([]);
    const mails = Map.groupBy(receivers.mail.taken, ({ to }) => to.join());
    expect([...mails.values()].filter((all) => new Set(all.map(({ email }) => email.messageId)).size > 1)).to.deep.equal([]);
    expect(mails.size).to.be.at.least(invited);
    // The same checks go red on a log that lacks an event, has one twice, and on a bus out of order.
    const some = log.findIndex(({ stream }) => stream.endsWith(made[0] as string));
    expect(faultsIn(log.toSpliced(some, 1), { tenant, made }).lost).to.have.lengthOf(1);
    expect(faultsIn([...log, log[some] as (typeof log)[0]], { tenant, made }).doubled).to.have.lengthOf(1);
    expect(disorder(bus.toReversed(), whole)).not.to.deep.equal([]);
  });
});

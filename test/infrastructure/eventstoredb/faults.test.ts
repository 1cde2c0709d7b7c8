/** What goes wrong between us and EventStoreDB: nothing acknowledged is lost, nothing is doubled, and it goes on without a restart. */
import { expect } from 'chai';
import { randomUUIDv7 } from 'node:crypto';
import { join } from 'node:path';
import type { Recorded } from '../../../application/kernel/ports.ts';
import type { StreamId } from '../../../domain/kernel/ids.ts';
import { Rejection } from '../../../domain/kernel/rejection.ts';
import { collect } from '../../support/collect.ts';
import type { Fault } from '../../support/eventstore-node/faults.ts';
import { type EventStoreNode, startEventStoreNode } from '../../support/eventstore-node/node.ts';
import { spawnEventStoreNode } from '../../support/eventstore-node/process.ts';
import { startEventStoreCluster } from '../../support/eventstore-node/several.ts';
import { follow, openOwnEventStoreDb, type OwnEventStoreDb } from '../../support/own-event-store-db.ts';
import { rejection } from '../../support/rejections.ts';
import { noted, someCause, someStream } from '../../support/sample-events.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';
import { until } from '../../support/until.ts';

const texts = (events: readonly Recorded[]): readonly string[] => events.map(({ data }) => (data as { text: string }).text);

const read = async ({ store }: OwnEventStoreDb, stream: StreamId): Promise<readonly string[]> => texts(await collect(store.read(stream)));

/** Writers that go on through every failure that says "later", each with a stream of its own; answers what each was promised. */
const writers = ({ store }: OwnEventStoreDb, count: number) => {
  const stop = new AbortController();
  const write = async (): Promise<Readonly<{ stream: StreamId; promised: readonly string[] }>> => {
    const stream = someStream();
    const promised: string[] = [];
    for (let number = 0; !stop.signal.aborted; number += 1) {
      try {
        await store.append(stream, 'any', [noted(String(number))], someCause);
        promised.push(String(number));
      } catch (error) {
        if (!(error instanceof Rejection) || error.code !== 'storage.unavailable') throw error;
      }
    }
    return { stream, promised };
  };
  const all = Promise.all(Array.from({ length: count }, write));
  return {
    stop: async () => {
      stop.abort();
      return all;
    },
  };
};

/** Everything promised is there, in order and once; what was not promised may be there, once. */
const checkKept = async (opened: OwnEventStoreDb, written: Awaited<ReturnType<ReturnType<typeof writers>['stop']>>): Promise<number> => {
  let found = 0;
  for (const { stream, promised } of written) {
    const there = await read(opened, stream);
    expect(there).to.deep.equal([...new Set(there)].toSorted((left, right) => Number(left) - Number(right)));
    expect(there).to.include.members([...promised]);
    found += there.length;
  }
  return found;
};

describe('EventStoreDB: faults', function suite() {
  this.timeout(60_000);
  let node: EventStoreNode;
  let opened: OwnEventStoreDb;

  before(async () => {
    node = await startEventStoreNode();
    opened = await openOwnEventStoreDb(node.url, { patienceMs: 3_000 });
  });

  afterEach(() => node.faults.heal());

  after(async () => {
    await opened.close();
    await node.close();
  });

  const once: readonly Fault[] = [
    ...(['drop-before', 'drop-after', 'lose-answer', 'time-out', 'refuse', 'not-ready'] as const).map((fault): Fault => ({ fault, times: 1 })),
    { fault: 'drop-after', times: 3 },
    { fault: 'delay', ms: 300, times: 1 },
  ];
  for (const expected of ['none', 'any'] as const) {
    for (const fault of once) {
      it(`appends once where the server does ${fault.fault} (${fault.times} times), expecting ${expected}`, async () => {
        const stream = someStream();
        node.faults.apply(fault);
        const appended = await opened.store.append(stream, expected, [noted('a'), noted('b')], someCause);
        const events = await collect(opened.store.read(stream));
        expect(texts(events)).to.deep.equal(['a', 'b']);
        expect(events.at(-1)).to.include(appended);
      });
    }
  }

  it('reads on where the server drops the connection', async () => {
    const stream = someStream();
    await opened.store.append(stream, 'none', Array.from({ length: 600 }, (_, index) => noted(String(index))), someCause);
    node.faults.apply({ fault: 'drop-before', on: 'read', times: 2 });
    expect(await read(opened, stream)).to.have.lengthOf(600);
    node.faults.apply({ fault: 'drop-after', on: 'read', times: 2 });
    expect(await opened.store.head(stream)).to.equal(599);
  });

  it('answers that storage is unavailable when the outcome cannot be known, and the same append said again is the same', async () => {
    const stream = someStream();
    const how = { ...someCause, ids: [randomUUIDv7()] };
    node.faults.apply({ fault: 'hold', on: 'any' });
    const refused = await rejection(opened.store.append(stream, 'none', [noted('a')], how));
    expect(refused).to.deep.equal({ code: 'storage.unavailable', details: { retryAfter: 5 } });
    node.faults.heal();
    await opened.store.append(stream, 'none', [noted('a')], how);
    expect(await read(opened, stream)).to.deep.equal(['a']);
  });

  it('keeps what it promised while connections are cut again and again, and gives followers each event once', async () => {
    const begin = await opened.log.head();
    const follower = follow(opened.log, begin);
    const writing = writers(opened, 16);
    for (let cut = 1; cut <= 10; cut += 1) {
      const before = follower.seen.length;
      await until('events', () => (follower.seen.length > before ? true : undefined));
      node.faults.apply({ fault: 'drop-connections' });
    }
    const written = await writing.stop();
    const found = await checkKept(opened, written);
    const seen = await follower.upTo((await opened.log.head()) as never);
    const ours = new Set(written.map(({ stream }) => stream));
    const followed = seen.filter(({ stream }) => ours.has(stream));
    expect(followed).to.have.lengthOf(found);
    expect(new Set(followed.map(({ id }) => id)).size).to.equal(found);
  });

  it('goes to whoever leads', async () => {
    const cluster = await startEventStoreCluster(3);
    const own = await openOwnEventStoreDb(cluster.url);
    const follower = follow(own.log, undefined);
    const writing = writers(own, 4);
    const someEvents = async (): Promise<true> => {
      const before = follower.seen.length;
      return until('events', () => (follower.seen.length > before + 20 ? true : undefined));
    };
    await someEvents();
    cluster.elect(1);
    await someEvents();
    cluster.elect(undefined);
    cluster.elect(2);
    await someEvents();
    await cluster.end(2);
    cluster.elect(0);
    await someEvents();
    const written = await writing.stop();
    const found = await checkKept(own, written);
    const seen = await follower.upTo((await own.log.head()) as never);
    expect(seen).to.have.lengthOf(found);
    await own.close();
    await cluster.close();
  });

  it('outlives all nodes of a cluster, with whatever is on its way', async () => {
    const cluster = await startEventStoreCluster(3);
    const own = await openOwnEventStoreDb(cluster.url, { patienceMs: 2_000 });
    const head = await own.log.head();
    const stop = new AbortController();
    const pulled = own.log.feed().pull(head, 1, stop.signal);
    cluster.nodes[0]?.faults.apply({ fault: 'hold', on: 'any' });
    const asked = Array.from({ length: 20 }, async (_, index) => (index % 2 === 0 ? own.store.append(someStream(), 'none', [noted('a')], someCause) : own.store.head(someStream())));
    const refused = Promise.all(asked.map((promise) => rejection(promise)));
    for (const index of [0, 1, 2]) await cluster.end(index);
    for (const { code } of await refused) expect(code).to.equal('storage.unavailable');
    stop.abort();
    expect((await pulled).events).to.deep.equal([]);
    await own.close();
    await cluster.close();
  });

  it('loses nothing of what waits to be sent when the connection is cut', async () => {
    // Ten megabytes are sent twice, by one thread that is the node as well: on busy cores that takes longer than the suite's patience.
    const own = await openOwnEventStoreDb(node.url, { patienceMs: 40_000 });
    const streams = Array.from({ length: 100 }, () => someStream());
    const text = 'x'.repeat(100_000);
    const appended = Promise.all(streams.map((stream) => own.store.append(stream, 'none', [noted(text)], someCause)));
    await until('the first', async () => ((await own.store.head(streams[0] as StreamId)) < 0 ? undefined : true));
    const cut = performance.now();
    node.faults.apply({ fault: 'drop-connections' });
    await appended;
    expect(performance.now() - cut, 'ms: an attempt that nobody noticed to be lost would wait for 16 s').to.be.lessThan(15_000);
    for (const stream of streams) expect(await own.store.head(stream)).to.equal(0);
    await own.close();
  });

  describe('a node of its own process', () => {
    const directory = temporaryDirectory();
    after(() => directory.remove());

    it('killed and started again: nothing promised is lost, nothing is doubled', async () => {
      const home = join(directory.path, 'killed');
      let running = await spawnEventStoreNode({ directory: home });
      const own = await openOwnEventStoreDb(running.url, { patienceMs: 5_000 });
      const follower = follow(own.log, undefined);
      const writing = writers(own, 16);
      for (let kill = 1; kill <= 3; kill += 1) {
        const before = follower.seen.length;
        await until('events', () => (follower.seen.length > before + 100 ? true : undefined));
        await running.kill();
        running = await spawnEventStoreNode({ directory: home, port: running.port });
      }
      const before = follower.seen.length;
      await until('events after the last start', () => (follower.seen.length > before ? true : undefined));
      const written = await writing.stop();
      const found = await checkKept(own, written);
      const seen = await follower.upTo((await own.log.head()) as never);
      expect(seen).to.have.lengthOf(found);
      expect(new Set(seen.map(({ id }) => id)).size).to.equal(found);
      await own.close();
      await running.kill();
    });

    it('stopped: answers in time that storage is unavailable, waits with pulls, and goes on when the node does', async () => {
      const running = await spawnEventStoreNode({ directory: join(directory.path, 'stopped') });
      const own = await openOwnEventStoreDb(running.url, { patienceMs: 1_500 });
      const stream = someStream();
      await own.store.append(stream, 'none', [noted('a')], someCause);
      const head = await own.log.head();
      const pulled = own.log.feed().pull(head, 10, new AbortController().signal);
      running.process.kill('SIGSTOP');
      const refused = await Promise.all([
        own.store.append(stream, 0, [noted('b')], someCause),
        Promise.resolve(own.store.head(stream)),
        collect(own.store.read(stream)),
        own.log.head(),
      ].map((asked) => rejection(asked)));
      expect(refused.map(({ code }) => code)).to.deep.equal(Array.from({ length: 4 }, () => 'storage.unavailable'));
      running.process.kill('SIGCONT');
      const how = { ...someCause, ids: [randomUUIDv7()] };
      await until('the node', () => own.store.append(stream, 'any', [noted('c')], how).catch(() => undefined));
      // What was refused may have been stored when the node went on: once, and never behind what came later.
      expect(['a,c', 'a,b,c']).to.include((await read(own, stream)).join(','));
      expect((await pulled).scannedTo).not.to.equal(head);
      await own.close();
      await running.kill();
    });
  });
});

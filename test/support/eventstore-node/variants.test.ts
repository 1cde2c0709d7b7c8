/** The small node as it can be set up: versions, users, TLS, a directory, a process, a cluster. */
import { END, EventStoreDBClient, type Position } from '@eventstore/db-client';
import { expect } from 'chai';
import { closeSync, openSync, readFileSync, statSync, truncateSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { collect } from '../collect.ts';
import { temporaryDirectory } from '../temporary-directory.ts';
import { makeServerCertificate, type ServerCertificate } from './certificates.ts';
import { startEventStoreNode, type EventStoreNode, type NodeOptions } from './node.ts';
import { spawnEventStoreNode } from './process.ts';
import { startEventStoreCluster } from './several.ts';
import { made, numbers, refusal, someStream } from './streams.contract.ts';

/** With a node that is closed at the end. */
const withNode = async (options: NodeOptions, work: (node: EventStoreNode) => Promise<unknown>): Promise<void> => {
  const node = await startEventStoreNode(options);
  try {
    await work(node);
  } finally {
    await node.close();
  }
};

/** With a client that is disposed of at the end. */
const withClient = async <Result>(url: string, work: (client: EventStoreDBClient) => Promise<Result>): Promise<Result> => {
  const client = EventStoreDBClient.connectionString(url);
  try {
    return await work(client);
  } finally {
    await client.dispose();
  }
};

const appendTo = (stream: string, n = 0) => (client: EventStoreDBClient): Promise<unknown> =>
  client.appendToStream(stream, [made(n), made(n + 1)], { expectedRevision: n === 0 ? 'no_stream' : BigInt(n - 1) });

const stored = (stream: string) => async (client: EventStoreDBClient): Promise<readonly unknown[]> => numbers(await collect(client.readStream(stream)));

const features = async (client: EventStoreDBClient): Promise<{ serverVersion: string }> =>
  (client as unknown as { capabilities: Promise<{ serverVersion: string }> }).capabilities;

const everything = async (client: EventStoreDBClient): Promise<readonly unknown[]> => (await collect(client.readAll())).map(({ event }) => event);

describe('small EventStoreDB node: variants', () => {
  for (const version of ['none', '20.10.2', '23.10.1']) {
    it(`says that it is ${version}, and is used so`, () => withNode({ version, wrongVersionAs: 'error' }, async ({ url }) => {
      await withClient(url, async (client) => {
        expect((await features(client)).serverVersion).to.equal(version === 'none' ? 'unknown' : version);
        const stream = someStream();
        await appendTo(stream)(client);
        // Batched writes are told in the reply, single ones as an error of the call, with numbers for everything.
        const expectedVersion = version === '23.10.1' ? 'no_stream' : -1n;
        expect(await refusal(appendTo(stream)(client))).to.deep.include({ type: 'wrong-expected-version', streamName: stream, expectedVersion, actualVersion: 1n });
      });
    }));
  }

  for (const layout of ['plain', 'transactions'] as const) {
    it(`gives what is before an event backwards, ${layout === 'plain' ? 'to the event' : 'to the transaction that it lies in'}`, () => withNode({ layout, statisticsEvery: 0 }, async ({ url }) => {
      const [before, stream] = [someStream(), someStream()];
      await withClient(url, async (client) => {
        await appendTo(before)(client);
        await appendTo(stream, 0)(client);
        const [, second] = await collect(client.readStream(stream));
        const [first] = await collect(client.readAll({ direction: 'backwards', fromPosition: second?.event?.position as Position, maxCount: 1 }));
        expect(first?.event).to.include(layout === 'plain' ? { streamId: stream, revision: 0n } : { streamId: before, revision: 1n });
      });
    }));
  }

  describe('users and TLS', () => {
    let certificate: ServerCertificate;
    const directory = temporaryDirectory();
    const authority = join(directory.path, 'authority.pem');
    before(async () => {
      certificate = await makeServerCertificate();
      writeFileSync(authority, certificate.authority);
    });
    after(() => directory.remove());

    const secured = (): NodeOptions => ({ users: { admin: 'changeit' }, tls: certificate });
    const urlFor = ({ port }: EventStoreNode, credentials: string): string => `esdb://${credentials}localhost:${port}?tls=true&tlsCAFile=${encodeURIComponent(authority)}`;

    it('takes the right password, in batches and singly', () => withNode(secured(), async (node) => {
      const stream = someStream();
      await withClient(urlFor(node, 'admin:changeit@'), async (client) => {
        await appendTo(stream)(client);
        await client.appendToStream(stream, [made(2)], { expectedRevision: 1n, credentials: { username: 'admin', password: 'changeit' } });
        expect(await stored(stream)(client)).to.deep.equal([0, 1, 2]);
      });
    }));

    for (const [who, credentials] of [['a wrong password', 'admin:wrong@'], ['nobody', '']] as const) {
      it(`refuses ${who}`, () => withNode(secured(), async (node) => {
        await withClient(urlFor(node, credentials), async (client) => {
          expect((await refusal(appendTo(someStream())(client)))['type']).to.equal('access-denied');
          expect((await refusal(collect(client.readAll({ maxCount: 1 }))))['type']).to.equal('access-denied');
        });
      }));
    }

    it('is not believed by a client that does not know its authority', () => withNode(secured(), async (node) => {
      await withClient(`esdb://admin:changeit@localhost:${node.port}?tls=true`, async (client) => {
        const refused = await refusal(appendTo(someStream())(client));
          expect(refused['code']).to.equal(14);
          expect(refused['message']).to.match(/certificate/);
      });
    }));
  });

  describe('with a directory', () => {
    for (const layout of ['plain', 'transactions'] as const) {
      it(`has everything after a restart, ${layout}, and goes on behind it`, async () => {
        const directory = temporaryDirectory();
        const [stream, options] = [someStream(), { directory: directory.path, layout, statisticsEvery: 2 }];
        let earlier: readonly unknown[] = [];
        await withNode(options, ({ url }) => withClient(url, async (client) => {
          for (const n of [0, 2, 4]) await appendTo(stream, n)(client);
          earlier = await everything(client);
        }));
        await withNode(options, ({ url }) => withClient(url, async (client) => {
          expect((await everything(client)).slice(0, earlier.length)).to.deep.equal(earlier);
          await appendTo(stream, 6)(client);
          expect(await stored(stream)(client)).to.deep.equal([0, 1, 2, 3, 4, 5, 6, 7]);
        }));
        directory.remove();
      });

      it(`gives up a write that a crash cut anywhere, ${layout}`, async () => {
        const directory = temporaryDirectory();
        const [stream, file, options] = [someStream(), join(directory.path, 'log'), { directory: directory.path, layout, statisticsEvery: 0 }];
        await withNode(options, ({ url }) => withClient(url, appendTo(stream)));
        const whole = statSync(file).size;
        await withNode(options, ({ url }) => withClient(url, appendTo(stream, 2)));
        const cut = Math.floor((whole + statSync(file).size) / 2);
        for (const size of [cut + 10, cut - 40, whole + 5]) {
          truncateSync(file, size);
          await withNode(options, ({ url }) => withClient(url, async (client) => expect(await stored(stream)(client)).to.deep.equal([0, 1])));
          expect(statSync(file).size).to.equal(whole);
          await withNode(options, ({ url }) => withClient(url, appendTo(stream, 2)));
          await withNode(options, ({ url }) => withClient(url, async (client) => expect(await stored(stream)(client)).to.deep.equal([0, 1, 2, 3])));
        }
        directory.remove();
      });
    }

    it('gives up what has been written over', async () => {
      const directory = temporaryDirectory();
      const [stream, file, options] = [someStream(), join(directory.path, 'log'), { directory: directory.path, statisticsEvery: 0 }];
      await withNode(options, ({ url }) => withClient(url, appendTo(stream)));
      const fd = openSync(file, 'r+');
      writeSync(fd, 'X', readFileSync(file).lastIndexOf('Made'));
      closeSync(fd);
      await withNode(options, ({ url }) => withClient(url, async (client) => expect((await refusal(stored(stream)(client)))['type']).to.equal('stream-not-found')));
      directory.remove();
    });
  });

  describe('as a process', () => {
    it('is killed and started again on its port, with every write that it has answered', async () => {
      const directory = temporaryDirectory();
      let node = await spawnEventStoreNode({ directory: directory.path });
      const { port } = node;
      const streams = Array.from({ length: 8 }, someStream);
      await withClient(node.url, async (client) => {
        const answered = new Map(streams.map((stream) => [stream, 0]));
        let enough: (() => void) | undefined;
        const reached = new Promise<void>((resolve) => { enough = resolve; });
        const writing = streams.map(async (stream) => {
          for (let n = 0; ; n += 2) {
            await appendTo(stream, n)(client);
            answered.set(stream, n + 2);
            if ([...answered.values()].every((count) => count >= 20)) enough?.();
          }
        });
        await reached;
        await Promise.all([node.kill(), ...writing.map((work) => refusal(work))]);
        node = await spawnEventStoreNode({ directory: directory.path, port });
        for (const [stream, count] of answered) {
          const found = await stored(stream)(client).catch(() => stored(stream)(client));
          expect(found.slice(0, count)).to.deep.equal(Array.from({ length: count }, (_, n) => n));
          expect(found.length - count, 'the write on its way is there whole or not at all').to.be.oneOf([0, 2]);
        }
      });
      await node.kill('SIGTERM');
      directory.remove();
    });

    it('takes its faults from outside', async () => {
      const directory = temporaryDirectory();
      const node = await spawnEventStoreNode({ directory: directory.path });
      await withClient(node.url, async (client) => {
        const stream = someStream();
        await node.apply({ fault: 'drop-after', times: 1 });
        expect((await refusal(appendTo(stream)(client)))['type']).to.equal('unavailable');
        expect(await stored(stream)(client)).to.deep.equal([0, 1]);
      });
      await node.kill();
      directory.remove();
    });
  });

  describe('in a cluster', () => {
    it('is found by asking for the leader, and found again when the leader has gone', async () => {
      const cluster = await startEventStoreCluster();
      const stream = someStream();
      await withClient(cluster.url, async (client) => {
        await appendTo(stream)(client);
        await cluster.end(0);
        cluster.elect(1);
        const again = await appendTo(stream, 2)(client).catch(() => appendTo(stream, 2)(client));
        expect(again).to.include({ nextExpectedRevision: 3n });
        expect(await stored(stream)(client)).to.deep.equal([0, 1, 2, 3]);
      });
      await cluster.close();
    });

    it('lets a follower send writes on, unless the client wants the leader itself', async () => {
      const cluster = await startEventStoreCluster(2);
      const [leader, follower] = cluster.nodes as [EventStoreNode, EventStoreNode];
      const stream = someStream();
      await withClient(follower.url, async (client) => {
        await appendTo(stream)(client);
        const wanted = { fromRevision: END, direction: 'backwards', requiresLeader: true } as const;
        expect(await refusal(collect(client.readStream(stream, wanted)))).to.deep.include({ type: 'not-leader', leader: { address: '127.0.0.1', port: leader.port } });
        expect(numbers(await collect(client.readStream(stream, wanted)))).to.deep.equal([1, 0]);
      });
      await cluster.close();
    });

    it('takes no writes while nobody leads', async () => {
      const cluster = await startEventStoreCluster(1);
      await withClient(cluster.nodes[0]?.url ?? '', async (client) => {
        cluster.elect(undefined);
        expect((await refusal(appendTo(someStream())(client)))['type']).to.equal('unknown');
        cluster.elect(0);
        await appendTo(someStream())(client);
      });
      await cluster.close();
    });
  });
});

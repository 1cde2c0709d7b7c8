/** The parts of the adapter that can be seen alone. */
import { Metadata, status } from '@grpc/grpc-js';
import type { BatchAppendReq as Request } from '@eventstore/db-client/generated/streams_pb.js';
import { expect } from 'chai';
import { randomUUIDv7 } from 'node:crypto';
import { Duplex } from 'node:stream';
import type { KeyRecord, KeyVault } from '../../../application/kernel/ports.ts';
import { createBatches } from '../../../infrastructure/eventstoredb/batches.ts';
import { createConnection, type Held } from '../../../infrastructure/eventstoredb/connection.ts';
import { createEnds } from '../../../infrastructure/eventstoredb/ends.ts';
import { createFresh } from '../../../infrastructure/eventstoredb/fresh.ts';
import { storeKeys } from '../../../infrastructure/eventstoredb/key-storing.ts';
import { silentLogger } from '../../support/silent.ts';
import { createMemoryVault } from '../../support/memory-vault.ts';
import { rejection } from '../../support/rejections.ts';
import { someStream, someTenant } from '../../support/sample-events.ts';

const turn = (): Promise<void> => new Promise((resolve) => { setImmediate(resolve); });

/** Reads by hand. */
const prepare = () => {
  const reads: PromiseWithResolvers<number>[] = [];
  const ask = createFresh<string, number>(() => {
    const read = Promise.withResolvers<number>();
    reads.push(read);
    return read.promise;
  });
  return { reads, ask };
};

describe('EventStoreDB: fresh answers', () => {
  it('share a read that begins after they are asked for, and none that had begun before', async () => {
    const { reads, ask } = prepare();
    const first = [ask('a'), ask('a')];
    await turn();
    const second = [ask('a'), ask('a'), ask('b')];
    await turn();
    expect(reads, 'one under way for a, one for b').to.have.lengthOf(2);
    reads[0]?.resolve(1);
    await turn();
    expect(reads).to.have.lengthOf(3);
    reads[1]?.resolve(7);
    reads[2]?.resolve(2);
    expect(await Promise.all([...first, ...second])).to.deep.equal([1, 1, 2, 2, 7]);
    const third = ask('a');
    await turn();
    reads[3]?.resolve(3);
    expect(await third).to.equal(3);
  });

  it('read again after a failure', async () => {
    const { reads, ask } = prepare();
    const failed = ask('a').catch(() => 'failed');
    await turn();
    const next = ask('a');
    reads[0]?.reject(new Error('away'));
    expect(await failed).to.equal('failed');
    await turn();
    reads[1]?.resolve(1);
    expect(await next).to.equal(1);
  });
});

describe('EventStoreDB: connections', () => {
  it('that are lost while no node of a cluster is found end nobody', async () => {
    const connection = createConnection({ url: () => 'esdb://127.0.0.1:1,127.0.0.1:2?tls=false&maxDiscoverAttempts=2&discoveryInterval=10', logger: silentLogger });
    const { client } = connection.current();
    const found = client['getChannel']().catch((error: unknown) => (error as Error).message);
    const lost = { code: status.UNAVAILABLE, details: '', metadata: new Metadata() };
    // As the client does it, with nobody waiting for the outcome.
    const handled = client['handleError']({ getChannel: () => undefined } as never, Object.assign(new Error('lost'), lost));
    expect(await found).to.match(/discover/);
    await handled;
    await connection.close();
  });
});

describe('EventStoreDB: appends in batches', () => {
  it('that are answered with what is no answer fail, with all that wait beside them, and their stream is given up', async () => {
    const sent: Request[] = [];
    let cancelled = false;
    const stream = Object.assign(new Duplex({ objectMode: true, read: () => undefined, write: (request: Request, _encoding, done) => {
      sent.push(request);
      done();
    } }), { cancel: () => { cancelled = true; } });
    const batches = createBatches();
    const held = { client: { GRPCStreamCreator: () => async () => stream } } as unknown as Held;
    const waiting = [1, 2].map(() => batches.append(held, { stream: someStream(), expected: -1, events: [] }, 10_000).catch((error: unknown) => String(error)));
    await turn();
    const garbage = { getCorrelationId: () => sent[0]?.getCorrelationId(), getError: () => { throw new Error('Invalid wire type'); } };
    stream.push(garbage);
    expect(await Promise.all(waiting)).to.deep.equal(Array.from({ length: 2 }, () => 'Error: EventStoreDB answered an append with what is no answer'));
    expect([stream.destroyed, cancelled]).to.deep.equal([true, true]);
  });
});

describe('EventStoreDB: ends of streams', () => {
  it('follow one another, and begin again from where a stream is', async () => {
    let asked = 0;
    const ends = createEnds(async () => { asked += 1; return 4; });
    const stream = someStream();
    const claimed = await Promise.all([ends.claim(stream, 1), ends.claim(stream, 3), ends.claim(stream, 1)]);
    expect(claimed.map(({ revision }) => revision)).to.deep.equal([4, 5, 8]);
    ends.moved(stream, 0, 10);
    // The others of that round learn nothing new.
    ends.moved(stream, 0, 11);
    expect(await ends.claim(stream, 2)).to.deep.equal({ revision: 10, round: 1 });
    for (let left = 0; left < 4; left += 1) ends.release(stream);
    expect(await ends.claim(stream, 1), 'remembered').to.deep.equal({ revision: 12, round: 0 });
    ends.moved(stream, 0, 20);
    ends.release(stream);
    expect((await ends.claim(stream, 1)).revision, 'where the server said that it is').to.equal(20);
    expect(asked).to.equal(1);
  });

  it('are asked for again after a failure', async () => {
    let fails = true;
    const ends = createEnds(async () => { if (fails) throw new Error('away'); return 1; });
    const stream = someStream();
    expect(await ends.claim(stream, 1).catch(() => 'away')).to.equal('away');
    fails = false;
    expect((await ends.claim(stream, 1)).revision).to.equal(1);
  });
});

const someKey = (more: Partial<KeyRecord> = {}): KeyRecord => ({
  id: randomUUIDv7(), tenant: someTenant(), kind: 'subject', version: 1, wrappedBy: 1, wrapped: Buffer.from('wrapped'), lookup: randomUUIDv7(), ...more,
});

describe('EventStoreDB: keys of an append', () => {
  it('are stored once, and another one under the same name is refused with all', async () => {
    const vault = createMemoryVault();
    const [one, other] = [someKey(), someKey()];
    await storeKeys(vault, [one]);
    await storeKeys(vault, [one, other]);
    expect(vault.records.size).to.equal(2);
    const { id: _id, ...name } = one;
    const fresh = someKey();
    expect(await rejection(storeKeys(vault, [fresh, { ...name, id: randomUUIDv7() }]))).to.include({ code: 'kernel.key_exists' });
    expect(vault.records.has(fresh.id)).to.equal(false);
  });

  it('may be stored by another process at the same moment', async () => {
    const vault = createMemoryVault();
    const [one, other] = [someKey(), someKey()];
    let raced = false;
    const racing: KeyVault = { ...vault, add: async (records) => {
      if (!raced) await vault.add([one]);
      raced = true;
      return vault.add(records);
    } };
    await storeKeys(racing, [one, other]);
    expect([...vault.records.keys()]).to.deep.equal([one.id, other.id]);
  });

  it('are refused where another process was a moment earlier with another key', async () => {
    const vault = createMemoryVault();
    const one = someKey();
    const { id: _id, ...name } = one;
    const racing: KeyVault = { ...vault, add: async (records) => {
      await vault.add([{ ...name, id: randomUUIDv7() }]);
      return vault.add(records);
    } };
    expect((await rejection(storeKeys(racing, [one]))).code).to.equal('kernel.key_exists');
  });
});

/** What the small node alone can be asked to do: to fail. By the real client, so that the failures are those that it knows. */
import { END, EventStoreDBClient, type AppendResult } from '@eventstore/db-client';
import { expect } from 'chai';
import { once } from 'node:events';
import { collect } from '../collect.ts';
import { until } from '../until.ts';
import { startEventStoreNode, type EventStoreNode } from './node.ts';
import { made, numbers, refusal, someStream } from './streams.contract.ts';

const SINGLY = { credentials: { username: 'admin', password: 'changeit' } } as const;

describe('small EventStoreDB node: faults', () => {
  let node: EventStoreNode;
  let client: EventStoreDBClient;

  beforeEach(async () => {
    node = await startEventStoreNode();
    client = EventStoreDBClient.connectionString(node.url);
  });

  afterEach(async () => {
    await client.dispose();
    await node.close();
  });

  const append = (stream: string, n = 0, options = {}): Promise<AppendResult> =>
    client.appendToStream(stream, [made(n)], { expectedRevision: n === 0 ? 'no_stream' : BigInt(n - 1), ...options });
  const stored = async (stream: string): Promise<readonly unknown[]> => {
    const reading = collect(client.readStream(stream));
    return reading.then(numbers, (error: unknown) => { if ((error as { type: string }).type === 'stream-not-found') return []; throw error; });
  };

  const outcomes = [
    ['drop-before', {}, 'unavailable', []],
    ['drop-after', {}, 'unavailable', [0]],
    ['refuse', {}, 'unavailable', []],
    ['not-ready', {}, 'unknown', []],
    ['time-out', {}, 'deadline-exceeded', [0]],
    ['drop-before', SINGLY, 'unavailable', []],
    ['drop-after', SINGLY, 'unavailable', [0]],
    ['refuse', SINGLY, 'unavailable', []],
    ['not-ready', SINGLY, 'unavailable', []],
    ['time-out', SINGLY, 'timeout', [0]],
    ['lose-answer', { ...SINGLY, deadline: 200 }, 'deadline-exceeded', [0]],
  ] as const;
  for (const [fault, options, type, afterwards] of outcomes) {
    it(`${fault} of a write ${'credentials' in options ? 'by itself' : 'in batches'}: ${type}, ${afterwards.length === 0 ? 'not stored' : 'stored all the same'}, and the next one is taken`, async () => {
      const stream = someStream();
      node.faults.apply({ fault, times: 1 });
      expect((await refusal(append(stream, 0, options)))['type']).to.equal(type);
      expect(await stored(stream)).to.deep.equal(afterwards);
      await append(stream, afterwards.length, options);
      expect(await stored(stream)).to.deep.equal([...afterwards, afterwards.length]);
    });
  }

  it('never answers a batched write whose answer is lost, though it is stored: the client itself waits for ever', async () => {
    const stream = someStream();
    node.faults.apply({ fault: 'lose-answer', times: 1 });
    const lost = append(stream, 0, { deadline: 100 });
    await until('the write', async () => ((await stored(stream)).length === 1 ? true : undefined));
    await append(stream, 1);
    const first = await Promise.race([lost.then(() => 'answered', () => 'refused'), append(stream, 2).then(() => 'later one')]);
    expect(first).to.equal('later one');
    expect(await stored(stream)).to.deep.equal([0, 1, 2]);
    node.faults.apply({ fault: 'drop-connections' });
    expect((await refusal(lost))['type']).to.equal('unavailable');
  });

  it('holds what it is asked until it is healed, and does it then', async () => {
    const stream = someStream();
    node.faults.apply({ fault: 'hold', on: 'any' });
    const [held, gone] = [append(stream), refusal(append(someStream(), 0, { ...SINGLY, deadline: 100 }))];
    expect((await gone)['type']).to.equal('deadline-exceeded');
    node.faults.heal();
    await held;
    expect(await stored(stream)).to.deep.equal([0]);
  });

  it('answers late, and says so of a write whose deadline has passed meanwhile', async () => {
    const stream = someStream();
    node.faults.apply({ fault: 'delay', ms: 100 });
    expect((await refusal(append(stream, 0, { deadline: 20 })))['type']).to.equal('deadline-exceeded');
    expect((await append(stream)).success).to.equal(true);
  });

  it('fails reads where it is told to', async () => {
    const stream = someStream();
    await append(stream);
    node.faults.apply({ fault: 'drop-before', on: 'read', times: 1 });
    expect((await refusal(stored(stream)))['type']).to.equal('unavailable');
    expect(await stored(stream)).to.deep.equal([0]);
  });

  it('ends subscriptions with the connection', async () => {
    const subscription = client.subscribeToAll({ fromPosition: END });
    await once(subscription, 'confirmation');
    const failed = once(subscription, 'error');
    node.faults.apply({ fault: 'drop-connections' });
    expect(((await failed)[0] as { type: string }).type).to.equal('unavailable');
    await append(someStream());
    expect(node.connections()).to.equal(2);
  });

  for (const options of [{}, SINGLY]) {
    it(`sends the client to the leader, ${options === SINGLY ? 'by itself' : 'in batches'}`, async () => {
      const other = await startEventStoreNode();
      node.faults.apply({ fault: 'not-leader', leader: { address: '127.0.0.1', port: other.port } });
      const stream = someStream();
      expect(await refusal(append(stream, 0, options))).to.deep.include({ type: 'not-leader', leader: { address: '127.0.0.1', port: other.port } });
      await append(stream, 0, options);
      expect(other.connections()).to.equal(1);
      expect(await stored(stream)).to.deep.equal([0]);
      await other.close();
    });
  }

  it('refuses a position that no record begins at', async () => {
    const { position } = await append(someStream());
    const { commit } = position as NonNullable<typeof position>;
    await append(someStream());
    const between = client.readAll({ fromPosition: { commit: commit + 1n, prepare: commit + 1n } });
    expect(await refusal(collect(between))).to.include({ code: 3 });
  });

  it('tells a subscription that it has caught up', async () => {
    const subscription = client.subscribeToAll({ fromPosition: END });
    await once(subscription, 'caughtUp');
    await subscription.unsubscribe();
  });
});

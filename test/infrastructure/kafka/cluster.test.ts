/** Three brokers, each with a copy of everything, of which one at a time is killed. */
import { expect } from 'chai';
import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { BusMessage } from '../../../application/kernel/bus.ts';
import type { OpenBus } from '../../../infrastructure/kafka/kafka-bus.ts';
import { requireOwnEngine, type OwnEngine } from '../../support/engines.ts';
import { startKafkaCluster, type KafkaCluster } from '../../support/kafka-cluster.ts';
import { until } from '../../support/until.ts';
import { consuming, messagesOf, openBus, spawnConsumer, untilSeen, withoutRepetitions } from './support.ts';

const PREFIX = 'chancery-test.';
const KEYS = Array.from({ length: 40 }, (_, index) => `key ${index}`);
const START_MS = 300_000;
const TEST_MS = 180_000;
/** A new leader is there two seconds after a kill, on cores that nobody else uses. */
const PATIENCE_MS = 60_000;

const numbersOf = (ids: readonly string[], key: string): readonly number[] => withoutRepetitions(ids).filter((id) => id.startsWith(`${key}/`)).map((id) => Number(id.split('/')[1]));

/** Keys of which one came before an earlier one. */
const disorderIn = (ids: readonly string[]): readonly string[] =>
  KEYS.filter((key) => numbersOf(ids, key).some((number, index, numbers) => index > 0 && number < (numbers[index - 1] ?? 0)));

/** Keys of which one is missing before the last that came. */
const gapsIn = (ids: readonly string[]): readonly string[] => KEYS.filter((key) => numbersOf(ids, key).some((number, index) => number !== index));

describe('the bus on three Kafka brokers', () => {
  let cluster: KafkaCluster;
  let opened: OpenBus;

  before(async function starting() {
    requireOwnEngine(this, 'kafka');
    this.timeout(START_MS);
    cluster = await startKafkaCluster();
    opened = await openBus(cluster.addresses);
  });
  after(async () => {
    await opened?.close();
    await cluster?.stop();
  });

  /** Publishes batch after batch, several under way at once, each again until it is taken; as many as there are until told to stop. */
  const publishing = (topic: string) => {
    const stop = new AbortController();
    const taken: BusMessage[] = [];
    let refused = 0;
    const publish = async (batch: readonly BusMessage[]): Promise<void> => {
      try {
        await opened.bus.publish(batch);
        taken.push(...batch);
      } catch {
        refused += 1;
        await publish(batch);
      }
    };
    /** A key has one writer, which waits for each of its messages: their order is the order of the calls. */
    const write = async (keys: readonly string[]): Promise<void> => {
      for (let number = 0; !stop.signal.aborted; number += 1) await publish(keys.map((key) => ({ topic, key, id: `${key}/${number}`, body: '{}' })));
    };
    const all = Promise.all([0, 1, 2, 3].map((writer) => write(KEYS.filter((_, index) => index % 4 === writer))));
    return {
      taken,
      refused: () => refused,
      stop: async () => {
        stop.abort();
        await all;
      },
    };
  };

  const leaderOf = async (topic: string, partition: number): Promise<number> =>
    (await cluster.partitions(`${PREFIX}${topic}`)).find((one) => one.partition === partition)?.leader ?? -1;

  it('makes its topics with the copies that the brokers have been told to keep', async () => {
    const topic = randomUUID();
    await opened.bus.publish(messagesOf(topic, KEYS, 1));
    const partitions = await cluster.partitions(`${PREFIX}${topic}`);
    expect(partitions.map(({ replicas }) => replicas.length)).to.deep.equal(Array.from({ length: 8 }, () => 3));
    expect(await cluster.setting(`${PREFIX}${topic}`, 'min.insync.replicas')).to.equal('2');
  });

  for (const round of [1, 2, 3]) {
    it(`loses nothing that was acknowledged, keeps each key in order, and goes on with the next leader: kill ${round}`, async function leading() {
      this.timeout(TEST_MS);
      const topic = randomUUID();
      const working = publishing(topic);
      const running = consuming(opened.bus, { name: 'all', topic });
      await until('messages', () => (working.taken.length > 2_000 ? true : undefined), PATIENCE_MS);
      const leader = await leaderOf(topic, 0);
      const node = cluster.nodes[leader - 1] as OwnEngine;
      await node.kill();
      const killed = working.taken.length;
      const begun = performance.now();
      await until('what is published after the kill', () => (working.taken.length > killed + 2_000 ? true : undefined), PATIENCE_MS);
      const took = performance.now() - begun;
      expect(await leaderOf(topic, 0)).not.to.equal(leader);
      await working.stop();
      await untilSeen(working.taken.map(({ id }) => id), running);
      await running.stop();
      expect(gapsIn(running.ids())).to.deep.equal([]);
      await node.restart();
      this.test!.title += ` (${working.taken.length} messages, ${working.refused()} refusals, ${(took / 1_000).toFixed(1)} s)`;
    });
  }

  it('gives the share of a consumer that was killed to the others, and leaves nothing out', async function sharing() {
    this.timeout(TEST_MS);
    const consumer = { name: 'shared', topic: randomUUID() };
    const messages = messagesOf(consumer.topic, KEYS, 100);
    const child = spawnConsumer(cluster.addresses, consumer);
    const running = consuming(opened.bus, consumer, () => delay(1));
    // Messages come all the while: whoever is there first must not have had them all when the other comes.
    let sent = 0;
    await until('both to have a share', async () => {
      await opened.bus.publish(messages.slice(sent, sent + 4));
      sent += 4;
      return child.handled.length > 100 && running.seen.length > 100 ? true : undefined;
    }, PATIENCE_MS);
    await child.kill();
    await opened.bus.publish(messages.slice(sent));
    const own = messages.filter(({ id }) => !child.handled.includes(id));
    await untilSeen(own.map(({ id }) => id), running);
    await running.stop();
    const all = [...child.handled, ...running.ids()];
    expect(new Set(all).size).to.equal(messages.length);
    for (const ids of [child.handled, running.ids()]) expect(disorderIn(ids)).to.deep.equal([]);
    expect(all.length - messages.length, 'handled twice').to.be.lessThan(1_000);
  });
});

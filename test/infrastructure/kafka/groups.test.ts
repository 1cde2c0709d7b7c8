import { expect } from 'chai';
import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { OpenBus } from '../../../infrastructure/kafka/kafka-bus.ts';
import { describeWithEngine } from '../../support/pending.ts';
import { until } from '../../support/until.ts';
import { consuming, messagesOf, openBus, spawnConsumer, untilSeen, withoutRepetitions } from './support.ts';

const KEYS = Array.from({ length: 20 }, (_, index) => `key ${index}`);

describeWithEngine('consumers of one name in Kafka', 'KAFKA_BROKERS', (address) => {
  let first: OpenBus;
  let second: OpenBus;

  before(async () => {
    first = await openBus(address, { partitions: 6 });
    second = await openBus(address, { partitions: 6 });
  });
  after(async () => {
    await first.close();
    await second.close();
  });

  it('share the keys, and take over from each other without a loss', async function sharing() {
    this.timeout(60_000);
    const consumer = { name: 'shared', topic: randomUUID() };
    const messages = messagesOf(consumer.topic, KEYS, 100);
    const ids = messages.map(({ id }) => id);
    const one = consuming(first.bus, consumer);
    await first.bus.publish(messages.slice(0, 200));
    await untilSeen(ids.slice(0, 200), one);
    // The first one learns of the second one with a heartbeat; messages come all the while.
    const other = consuming(second.bus, consumer, () => delay(1));
    let sent = 200;
    await until('both to have a share', async () => {
      await first.bus.publish(messages.slice(sent, sent + 1));
      sent += 1;
      return other.seen.length > 0 ? true : undefined;
    });
    await first.bus.publish(messages.slice(sent, 1_800));
    await untilSeen(ids.slice(0, 1_800), one, other);
    expect(other.seen.length, 'the second one').to.be.greaterThan(0);
    const shared = new Set(one.seen.slice(-20).map(({ key }) => key));
    expect(other.seen.slice(-20).some(({ key }) => shared.has(key)), 'a key of both').to.equal(false);
    await one.stop();
    await first.bus.publish(messages.slice(1_800));
    await untilSeen(ids, one, other);
    await other.stop();
    const all = [...one.ids(), ...other.ids()];
    expect(withoutRepetitions(all)).to.have.members(ids);
    // Again comes at most what was being handled when the shares changed hands.
    expect(all.length - ids.length, 'repetitions').to.be.lessThan(100);
    for (const running of [one, other]) {
      for (const key of KEYS) {
        const numbers = withoutRepetitions(running.ids().filter((id) => id.startsWith(`${key}/`))).map((id) => Number(id.split('/')[1]));
        expect(numbers, key).to.deep.equal(numbers.toSorted((left, right) => left - right));
      }
    }
  });

  it('get what one of them had not finished when it was killed', async function killing() {
    this.timeout(60_000);
    const consumer = { name: 'killed', topic: randomUUID() };
    const messages = messagesOf(consumer.topic, KEYS, 30);
    const ids = messages.map(({ id }) => id);
    await first.bus.publish(messages);
    const child = spawnConsumer(address, consumer);
    await until('enough of them', () => (child.handled.length >= 250 ? true : undefined));
    await child.kill();
    const { handled } = child;
    const killed = performance.now();
    const one = consuming(second.bus, consumer);
    await until('the first message', () => one.seen[0]);
    const takenOver = performance.now() - killed;
    await untilSeen(ids.filter((id) => !handled.includes(id)), one);
    await one.stop();
    expect(new Set([...handled, ...one.ids()]).size).to.equal(ids.length);
    expect(handled.filter((id) => one.ids().includes(id)).length, 'handled twice').to.be.at.most(200);
    expect(takenOver, 'ms until it was taken over').to.be.lessThan(20_000);
  });

  it('keep their share over a handler that takes longer than a session', async function lasting() {
    this.timeout(60_000);
    const consumer = { name: 'slow', topic: randomUUID() };
    const messages = messagesOf(consumer.topic, KEYS.slice(0, 1), 3);
    await first.bus.publish(messages);
    const begun: string[] = [];
    const slow = consuming(first.bus, consumer, async ({ id }) => {
      begun.push(id);
      // Brokers take a consumer for dead after six seconds of silence.
      if (begun.length === 1) await delay(8_000);
    });
    await until('all three', () => (slow.seen.length === 3 ? true : undefined));
    await slow.stop();
    expect(begun).to.deep.equal(messages.map(({ id }) => id));
  });

  it('get a message that was not finished again, and nothing of its key before it', async function failing() {
    this.timeout(60_000);
    const consumer = { name: 'failing', topic: randomUUID() };
    const messages = messagesOf(consumer.topic, ['one key'], 150);
    await first.bus.publish(messages);
    const failure = new Error('the effect failed');
    let failures = 0;
    const handled: string[] = [];
    while (handled.length < 150) {
      const running = consuming(first.bus, consumer, async ({ id }) => {
        if (handled.length % 50 === 49 && failures < 3) {
          failures += 1;
          throw failure;
        }
        handled.push(id);
        if (handled.length === 150) void running.stop();
      });
      const end = running.ended.then(() => ['told to'], (error: unknown) => [error]);
      let ended: readonly unknown[] | undefined;
      void (async () => { ended = await end; })();
      expect((await until('the consumer to end', () => ended))[0]).to.be.oneOf([failure, 'told to']);
      if (failures === 3) failures = 4;
    }
    expect(failures).to.equal(4);
    expect(handled).to.deep.equal(messages.map(({ id }) => id));
  });
});

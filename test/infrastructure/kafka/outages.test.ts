import { expect } from 'chai';
import { randomUUID } from 'node:crypto';
import type { BusMessage } from '../../../application/kernel/bus.ts';
import type { OpenBus } from '../../../infrastructure/kafka/kafka-bus.ts';
import { requireOwnEngine, startOwnEngine, type OwnEngine } from '../../support/engines.ts';
import { rejection } from '../../support/rejections.ts';
import { until } from '../../support/until.ts';
import { consuming, messagesOf, openBus, untilSeen, withoutRepetitions } from './support.ts';

const KEYS = Array.from({ length: 8 }, (_, index) => `key ${index}`);
const DEADLINE_MS = 4_000;
/** Each takes a while: this is longer than any test. */
const MOST_REFUSALS = 1_000;
const UNAVAILABLE = { code: 'storage.unavailable', details: { retryAfter: 5 } };

describe('the bus while its Kafka broker', () => {
  let broker: OwnEngine;
  let opened: OpenBus;

  before(async function starting() {
    requireOwnEngine(this, 'kafka');
    this.timeout(120_000);
    broker = await startOwnEngine('kafka');
    opened = await openBus(broker.address, { deadlineMs: DEADLINE_MS });
  });
  after(async () => {
    await opened?.close();
    await broker?.stop();
  });

  /** Publishes as the relay does: the same again until it is taken. Counts how often it was refused. */
  const publishAll = async (batches: readonly (readonly BusMessage[])[], told: { refused: number } = { refused: 0 }): Promise<void> => {
    for (let next = 0; next < batches.length && told.refused < MOST_REFUSALS;) {
      try {
        await opened.bus.publish(batches[next] ?? []);
        next += 1;
      } catch {
        told.refused += 1;
      }
    }
    if (told.refused === MOST_REFUSALS) throw new Error('the bus takes nothing any more');
  };

  /** Publishes and consumes over an outage: nothing acknowledged is lost, and keys stay in order once repetitions are dropped. */
  const overAnOutage = async (begin: () => unknown, end: () => unknown): Promise<void> => {
    const consumer = { name: 'lasting', topic: randomUUID() };
    const messages = messagesOf(consumer.topic, KEYS, 100);
    const batches = Array.from({ length: 80 }, (_, index) => messages.slice(index * 10, index * 10 + 10));
    const running = consuming(opened.bus, consumer);
    await publishAll(batches.slice(0, 20));
    await until('the consumer to be under way', () => running.seen[0]);
    const told = { refused: 0 };
    const publishing = publishAll(batches.slice(20), told);
    await begin();
    const before = performance.now();
    expect(await rejection(opened.bus.publish(messagesOf(randomUUID(), KEYS, 1)))).to.deep.equal(UNAVAILABLE);
    expect(performance.now() - before, 'ms until it is refused').to.be.lessThan(3 * DEADLINE_MS);
    // Its request may have begun a moment after the one above, and be answered if the broker were back by then.
    await until('what was under way to be refused', () => (told.refused > 0 ? true : undefined));
    await end();
    await publishing;
    await untilSeen(messages.map(({ id }) => id), running);
    await running.stop();
    const ids = withoutRepetitions(running.ids());
    for (const key of KEYS) {
      const ofKey = (id: string): boolean => id.startsWith(`${key}/`);
      expect(ids.filter(ofKey), key).to.deep.equal(messages.map(({ id }) => id).filter(ofKey));
    }
  };

  it('is killed and started again: publishing is refused meanwhile, and nothing that was acknowledged is lost', async function killing() {
    this.timeout(120_000);
    await overAnOutage(() => broker.kill(), () => broker.restart());
  });

  it('is paused: publishing is refused in time, and goes on afterwards', async function pausing() {
    this.timeout(120_000);
    await overAnOutage(() => broker.pause(), () => broker.resume());
  });

  it('is paused: what was refused may arrive all the same, and what is published after it is not taken for its repetition', async function repeating() {
    this.timeout(120_000);
    const consumer = { name: 'exact', topic: randomUUID() };
    const [first, refused, other] = messagesOf(consumer.topic, ['one key'], 3).map((message) => [message]) as [BusMessage[], BusMessage[], BusMessage[]];
    await opened.bus.publish(first);
    broker.pause();
    expect(await rejection(opened.bus.publish(refused))).to.deep.equal(UNAVAILABLE);
    broker.resume();
    await publishAll([other]);
    const running = consuming(opened.bus, consumer);
    await untilSeen([...first, ...other].map(({ id }) => id), running);
    await running.stop();
  });

  it('is away: consumers end when they are told to, and so does the bus', async function ending() {
    this.timeout(120_000);
    const consumer = { name: 'patient', topic: randomUUID() };
    const [message] = messagesOf(consumer.topic, KEYS, 1) as [BusMessage];
    const another = await openBus(broker.address, { deadlineMs: DEADLINE_MS });
    await another.bus.publish([message]);
    const running = consuming(another.bus, consumer);
    const waiting = consuming(another.bus, { ...consumer, name: 'another' });
    await untilSeen([message.id], running);
    broker.pause();
    const before = performance.now();
    await running.stop();
    await another.close();
    await waiting.ended;
    const took = performance.now() - before;
    broker.resume();
    expect(took, 'ms').to.be.lessThan(6 * DEADLINE_MS);
    expect(await rejection(another.bus.publish([message]))).to.deep.equal(UNAVAILABLE);
  });
});

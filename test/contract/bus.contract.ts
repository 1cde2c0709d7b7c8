/** What every bus keeps to: messages of one key in order, those of several in any. Each test uses topics of its own. */
import { expect } from 'chai';
import { randomUUID } from 'node:crypto';
import type { Bus, BusMessage, Consumer } from '../../application/kernel/bus.ts';

const message = (topic: string, id: string, key = 'k'): BusMessage => ({ topic, key, id, body: JSON.stringify({ id }) });

const ids = (first: number, count: number): readonly string[] => Array.from({ length: count }, (_, index) => String(first + index));

/** Consumes until `count` messages are handled, then stops. */
const take = async (bus: Bus, consumer: Consumer, count: number): Promise<readonly BusMessage[]> => {
  const stop = new AbortController();
  const seen: BusMessage[] = [];
  await bus.consume(
    consumer,
    async (received) => {
      seen.push(received);
      if (seen.length === count) stop.abort();
    },
    stop.signal,
  );
  return seen;
};

const idsOf = (messages: readonly BusMessage[], key = 'k'): readonly string[] => messages.filter((one) => one.key === key).map(({ id }) => id);

export const busContract = (bus: () => Bus): void => {
  it('delivers what was published before and after, as it was and in order', async () => {
    const topic = randomUUID();
    await bus().publish(ids(0, 150).map((id) => message(topic, id)));
    const taken = take(bus(), { name: 'one', topic }, 153);
    await bus().publish([message(topic, '150'), message(randomUUID(), 'elsewhere'), message(topic, '151', 'other')]);
    await bus().publish([message(topic, '152')]);
    const seen = await taken;
    expect(idsOf(seen)).to.deep.equal(ids(0, 153).filter((id) => id !== '151'));
    expect(seen.find(({ key }) => key === 'other')).to.deep.equal(message(topic, '151', 'other'));
  });

  it('keeps the messages of each key in order, whoever publishes between them', async () => {
    const topic = randomUUID();
    const keys = ids(0, 12).map((number) => `key ${number}`);
    const messages = ids(0, 40).flatMap((id) => keys.map((key) => message(topic, id, key)));
    await bus().publish(messages.slice(0, 240));
    await Promise.all([bus().publish(messages.slice(240, 300)), bus().publish(messages.slice(300, 301)), bus().publish(messages.slice(301))]);
    const seen = await take(bus(), { name: 'one', topic }, messages.length);
    for (const key of keys) expect(idsOf(seen, key), key).to.deep.equal(ids(0, 40));
  });

  it('takes any text, and more than goes into one request', async () => {
    const topic = randomUUID();
    const odd: BusMessage = { topic, key: 'ключ\u0000 🔑', id: 'ид/1', body: JSON.stringify({ text: '\u2028 "ß" 🔏' }) };
    const large = ids(0, 5).map((id): BusMessage => ({ topic, key: odd.key, id, body: JSON.stringify({ text: 'x'.repeat(700_000) }) }));
    const huge: BusMessage = { topic, key: odd.key, id: 'huge', body: JSON.stringify({ text: 'x'.repeat(3_000_000) }) };
    await bus().publish([odd, ...large, huge]);
    const seen = await take(bus(), { name: 'one', topic }, 7);
    expect(seen[0]).to.deep.equal(odd);
    expect(seen.map(({ id }) => id)).to.deep.equal(['ид/1', ...ids(0, 5), 'huge']);
    expect(seen[6]?.body === huge.body).to.equal(true);
  });

  it('publishes nothing when there is nothing', () => bus().publish([]));

  it('gives every consumer everything, and goes on where each of them was', async () => {
    const topic = randomUUID();
    await bus().publish(ids(0, 5).map((id) => message(topic, id)));
    expect((await take(bus(), { name: 'one', topic }, 2)).map(({ id }) => id)).to.deep.equal(['0', '1']);
    expect((await take(bus(), { name: 'two', topic }, 5)).map(({ id }) => id)).to.deep.equal(ids(0, 5));
    expect((await take(bus(), { name: 'one', topic }, 3)).map(({ id }) => id)).to.deep.equal(['2', '3', '4']);
  });

  it('lets a new consumer begin at the end', async () => {
    const topic = randomUUID();
    await bus().publish([message(topic, 'old')]);
    const consumer = { name: 'late', topic, from: 'latest' as const };
    const stop = new AbortController();
    stop.abort();
    await bus().consume(consumer, () => Promise.reject(new Error('nothing is due')), stop.signal);
    await bus().publish(ids(0, 9).map((id) => message(topic, id, id)));
    expect((await take(bus(), consumer, 9)).map(({ id }) => id).toSorted()).to.deep.equal(ids(0, 9));
  });

  it('delivers again what was not finished', async () => {
    const topic = randomUUID();
    await bus().publish(ids(0, 3).map((id) => message(topic, id)));
    const consumer = { name: 'shaky', topic };
    const handled: string[] = [];
    const failure = new Error('the effect failed');
    const failed = bus().consume(consumer, async ({ id }) => {
      if (id === '1') throw failure;
      handled.push(id);
    }, new AbortController().signal);
    expect(await failed.catch((error: unknown) => error)).to.equal(failure);
    handled.push(...(await take(bus(), consumer, 2)).map(({ id }) => id));
    expect(handled).to.deep.equal(['0', '1', '2']);
  });

  it('never handles two messages of a consumer at once', async () => {
    const topic = randomUUID();
    await bus().publish(ids(0, 20).map((id) => message(topic, id, `key ${id}`)));
    const stop = new AbortController();
    let [running, most, handled] = [0, 0, 0];
    await bus().consume({ name: 'one', topic }, async () => {
      running += 1;
      most = Math.max(most, running);
      await new Promise((resolve) => { setImmediate(resolve); });
      running -= 1;
      handled += 1;
      if (handled === 20) stop.abort();
    }, stop.signal);
    expect(most).to.equal(1);
  });
};

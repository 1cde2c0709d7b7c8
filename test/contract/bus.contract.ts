/** What every bus keeps to. Each test uses topics of its own. */
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

export const busContract = (bus: () => Bus): void => {
  it('delivers what was published before and after, as it was and in order', async () => {
    const topic = randomUUID();
    await bus().publish(ids(0, 150).map((id) => message(topic, id)));
    const taken = take(bus(), { name: 'one', topic }, 153);
    await bus().publish([message(topic, '150'), message(randomUUID(), 'elsewhere'), message(topic, '151', 'other')]);
    await bus().publish([message(topic, '152')]);
    const seen = await taken;
    expect(seen.map(({ id }) => id)).to.deep.equal(ids(0, 153));
    expect(seen[151]).to.deep.equal(message(topic, '151', 'other'));
  });

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
    await bus().publish([message(topic, 'new')]);
    expect((await take(bus(), consumer, 1)).map(({ id }) => id)).to.deep.equal(['new']);
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
    await bus().publish(ids(0, 20).map((id) => message(topic, id)));
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

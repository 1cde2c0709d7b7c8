/** The log of EventStoreDB: what others write into it, how often it is read, and copies of it. */
import { binaryEvent, EventStoreDBClient, jsonEvent } from '@eventstore/db-client';
import { expect } from 'chai';
import { randomUUIDv7 } from 'node:crypto';
import type { Position, StreamId } from '../../../domain/kernel/ids.ts';
import { Rejection } from '../../../domain/kernel/rejection.ts';
import type { Connection } from '../../../infrastructure/eventstoredb/connection.ts';
import { createEventLog } from '../../../infrastructure/eventstoredb/event-log.ts';
import { fromPosition, toPosition } from '../../../infrastructure/eventstoredb/places.ts';
import type { LogPage } from '../../../infrastructure/eventstoredb/pages.ts';
import { newEnvelope, type StoredEvent } from '../../../infrastructure/eventstoredb/stored-event.ts';
import { collect } from '../../support/collect.ts';
import { type EventStoreNode, startEventStoreNode } from '../../support/eventstore-node/node.ts';
import { closing } from '../../support/leavings.ts';
import { follow, openOwnEventStoreDb, type OwnEventStoreDb } from '../../support/own-event-store-db.ts';
import { rejection } from '../../support/rejections.ts';
import { counted, noted, sampleCodec, someCause, someStream } from '../../support/sample-events.ts';

const endless = new AbortController().signal;

const opening = async (): Promise<Readonly<{ node: EventStoreNode; opened: OwnEventStoreDb; close: () => Promise<void> }>> => {
  const node = await startEventStoreNode();
  const opened = await openOwnEventStoreDb(node.url);
  return { node, opened, close: closing(async () => {
    await opened.close();
    await node.close();
  }) };
};

describe('EventStoreDB: positions', () => {
  it('are 20 digits, or both halves where they differ, and stand in the order of the log', () => {
    const places = [[5n, 5n], [9n, 7n], [9n, 8n], [9n, 9n], [10n, 10n], [18_446_744_073_709_551_615n, 18_446_744_073_709_551_615n]].map(([commit = 0n, prepare = 0n]) => ({ commit, prepare }));
    const positions = places.map(toPosition);
    expect(positions.slice(0, 2)).to.deep.equal(['00000000000000000005', '00000000000000000009-00000000000000000007']);
    expect(positions.map(fromPosition)).to.deep.equal(places);
    const inOrder = positions.filter((_, index) => index !== 3);
    expect(inOrder.every((position, index) => index === 0 || (inOrder[index - 1] as string) < position)).to.equal(true);
  });

  it('are nothing else', () => {
    for (const wrong of ['', '5', '0000000000000000000a', `${'0'.repeat(20)}-5`]) expect(() => fromPosition(wrong as Position)).to.throw(RangeError);
  });
});

describe('EventStoreDB: an append that it does not take', () => {
  it('is too large at once, and what is small enough goes on', async () => {
    const { opened, close } = await opening();
    const stream = someStream();
    expect(await rejection(opened.store.append(stream, 'none', [noted('x'.repeat(1_100_000))], someCause))).to.deep.equal({ code: 'request.too_large', details: {} });
    expect(await opened.store.append(stream, 'none', [noted('x')], someCause)).to.include({ revision: 0 });
    await close();
  });
});

const envelopeOf = (stream: StreamId) => newEnvelope(stream, 1, someCause);

describe('EventStoreDB: a log that others write into', () => {
  it('gives ours alone, and moves past the rest', async () => {
    const { node, opened, close } = await opening();
    const client = EventStoreDBClient.connectionString(node.url);
    const stream = someStream();
    const begin = await opened.log.head();
    await opened.store.append(stream, 'none', [noted('a')], someCause);
    await client.appendToStream('invoices-1', [jsonEvent({ type: 'InvoiceSent', data: { number: 1 } }), jsonEvent({ type: 'InvoiceSent', data: { number: 2 }, metadata: { time: 'today' } })]);
    await client.appendToStream('blobs', binaryEvent({ type: 'Blob', data: Buffer.from([1, 2]), metadata: { time: 1, cause: {} } }));
    await client.appendToStream('$settings', jsonEvent({ type: '$settings', data: {}, metadata: { time: 1, cause: {} } }));
    await client.appendToStream(stream, jsonEvent({ type: '$deleted', data: {} }), { expectedRevision: 0n });
    await opened.store.append(stream, 1, [noted('b')], someCause);
    const followed = await follow(opened.log, begin).upTo((await opened.log.head()) as Position);
    expect(followed.map(({ data }) => data)).to.deep.equal([{ text: 'a' }, { text: 'b' }]);
    expect((await collect(opened.store.read(stream))).map(({ revision }) => revision)).to.deep.equal([0, 2]);
    expect(await opened.store.head(stream)).to.equal(2);
    await client.dispose();
    await close();
  });

  const STRANGE = [
    { time: 1e18 }, { time: 1.5 }, { time: '1' }, { tenant: undefined }, { tenant: randomUUIDv7() }, { salt: undefined }, { salt: 'c2FsdA==' },
    { cause: {} }, { cause: { actor: {} } }, { cause: { actor: 'me', correlation: '' } },
  ];

  it('is not stopped by what others write nearly like us', async () => {
    const { node, opened, close } = await opening();
    const client = EventStoreDBClient.connectionString(node.url);
    const stream = someStream();
    const begin = await opened.log.head();
    const strange = STRANGE.map((change) => ({ ...envelopeOf(stream), ...change }));
    await client.appendToStream('orders-5', [{}, ...strange, envelopeOf(stream)].map((metadata) => jsonEvent({ type: 'orders.Placed.v1', data: { number: 5 }, metadata })));
    await client.appendToStream(stream, strange.map((metadata) => jsonEvent({ type: 'OrderPlaced', data: { number: 5 }, metadata })));
    await opened.store.append(stream, strange.length - 1, [noted('a')], someCause);
    const followed = await follow(opened.log, begin).upTo((await opened.log.head()) as Position);
    expect(followed.map(({ data }) => data)).to.deep.equal([{ text: 'a' }]);
    await client.dispose();
    await close();
  });

  it('passes over none of ours that is damaged: nobody would know what is missing', async () => {
    const { node, opened, close } = await opening();
    const client = EventStoreDBClient.connectionString(node.url);
    for (const change of STRANGE) {
      const stream = someStream();
      const begin = await opened.log.head();
      await client.appendToStream(stream, jsonEvent({ type: 'sample.Noted.v1', data: { text: 'a' }, metadata: { ...envelopeOf(stream), ...change } }));
      expect((await rejection(collect(opened.store.read(stream)))).code, JSON.stringify(change)).to.equal('storage.unavailable');
      const failed = await opened.log.feed().pull(begin, 100, endless).catch((error: unknown) => String(error));
      expect(failed, JSON.stringify(change)).to.match(/^UnreadableError: event .+ cannot be read/).and.contain(stream);
    }
    await client.dispose();
    await close();
  });

  it('refuses a position of another store instead of waiting for ever', async () => {
    const { opened, close } = await opening();
    expect(await opened.log.feed().pull('somewhere' as Position, 1, endless).catch((error: unknown) => error)).to.be.instanceOf(RangeError);
    await close();
  });
});

const place = (number: number): Position => toPosition({ commit: BigInt(number), prepare: BigInt(number) });

/** A log of so many events, and how often it was read; `away`: the next reads fail. */
const prepare = (size: number) => {
  const told = { reads: 0, away: 0, size };
  const wake = Promise.withResolvers<void>();
  let count = 0;
  const pageBehind = (after: number, most: number): LogPage => {
    const numbers = Array.from({ length: Math.min(most, told.size - after) }, (_, index) => after + 1 + index);
    const stream = someStream();
    const events = numbers.map((number) => ({ event: {
      id: randomUUIDv7(), streamId: stream, revision: 0n, type: 'sample.Noted.v1', isJson: true as const, created: new Date(0),
      data: { text: String(number) }, metadata: newEnvelope(stream, number, someCause), position: { commit: BigInt(number), prepare: BigInt(number) },
    } }));
    return { events, upTo: numbers.length === 0 ? undefined : place(numbers.at(-1) as number) };
  };
  const asked: number[] = [];
  const connection = {
    persist: async (attempt: (held: unknown, milliseconds: number) => unknown) => {
      told.reads += 1;
      if (told.away > 0) {
        told.away -= 1;
        throw new Rejection('storage.unavailable');
      }
      return attempt({ client: { readAll: ({ fromPosition: from, maxCount }: { fromPosition: 'start' | { commit: bigint }; maxCount: number }) => {
        const after = from === 'start' ? 0 : Number(from.commit);
        asked.push(after);
        const listeners = new Map<string, (event?: unknown) => void>();
        queueMicrotask(() => {
          if (after > 0) listeners.get('data')?.(pageBehind(after - 1, 1).events[0]);
          for (const event of pageBehind(after, maxCount - 1).events) listeners.get('data')?.(event);
          listeners.get('end')?.();
        });
        return { on: (name: string, listener: () => void) => void listeners.set(name, listener), cancel: async () => undefined };
      } }, ended: endless }, 1_000);
    },
  } as unknown as Connection;
  const wakeUps = { get count() { return count; }, wake: () => { count += 1; wake.resolve(); }, since: async (seen: number) => (count > seen ? undefined : wake.promise), close: () => undefined };
  return { told, asked, wakeUps, log: createEventLog({ connection, codec: sampleCodec, wakeUps }) };
};

describe('EventStoreDB: reads of the log', () => {
  it('cost one for all who are at its end', async () => {
    const { told, wakeUps, log } = prepare(100);
    const feeds = Array.from({ length: 20 }, (_, index) => log.feed(index % 2 === 0 ? {} : { types: ['Noted'] }));
    const pulled = Promise.all(feeds.map((feed) => feed.pull(place(100), 1_000, endless)));
    told.size = 110;
    wakeUps.wake();
    for (const { events, scannedTo } of await pulled) expect([events.length, scannedTo]).to.deep.equal([10, place(110)]);
    expect(told.reads).to.be.lessThanOrEqual(2);
    const again = await Promise.all(feeds.map((feed) => feed.pull(place(103), 3, endless)));
    for (const { events } of again) expect(events.map(({ position }) => position)).to.deep.equal([104, 105, 106].map(place));
    expect(told.reads).to.be.lessThanOrEqual(2);
  });

  it('go on alone for who is far behind, and give everybody everything', async () => {
    const { log } = prepare(9_000);
    const seen = async (after: Position | undefined, limit: number): Promise<readonly Position[]> => {
      const positions: Position[] = [];
      const feed = log.feed();
      for (let from = after; from !== place(9_000); ) {
        const page = await feed.pull(from, limit, endless);
        positions.push(...page.events.map(({ position }) => position));
        from = page.scannedTo;
      }
      return positions;
    };
    const all = Array.from({ length: 9_000 }, (_, index) => place(index + 1));
    const [fast, slow, late, near] = await Promise.all([seen(undefined, 5_000), seen(undefined, 70), seen(place(2_500), 1_000), seen(place(8_990), 4)]);
    expect(fast).to.deep.equal(all);
    expect(slow).to.deep.equal(all);
    expect(late).to.deep.equal(all.slice(2_500));
    expect(near).to.deep.equal(all.slice(8_990));
  });

  it('wait while the engine is away, and ask for no more events than are wanted', async () => {
    const { told, asked, wakeUps, log } = prepare(10);
    told.away = 1;
    const pulled = log.feed().pull(place(4), 5, endless);
    await new Promise((resolve) => { setImmediate(resolve); });
    expect(asked).to.deep.equal([]);
    wakeUps.wake();
    expect((await pulled).events.map(({ position }) => position)).to.deep.equal([5, 6, 7, 8, 9].map(place));
  });
});

/** All but the place, which is another in each log. */
const stored = (events: readonly StoredEvent[]): string => JSON.stringify(events.map(({ position: _position, ...event }) => event));

describe('EventStoreDB: copies of a log', () => {
  it('hold everything, byte for byte, and can be said again', async () => {
    const [from, to] = [await opening(), await opening()];
    const [one, other] = [someStream(), someStream()];
    const causes = [someCause, { ...someCause, causation: randomUUIDv7() }];
    await from.opened.store.append(one, 'none', [noted('ä \u{1F600} \u2028 \ud800'), counted(-0.5e-9)], { ...someCause, causes });
    await from.opened.store.append(other, 'none', [noted('b')], someCause);
    await from.opened.store.append(one, 1, [noted('c')], someCause);
    const all: StoredEvent[] = [];
    for (let after: Position | undefined; ; ) {
      const page = await from.opened.raw.read(after, 2);
      if (page.upTo === undefined) break;
      all.push(...page.events);
      after = page.upTo;
    }
    expect(all).to.have.lengthOf(4);
    expect(all.map(({ envelope }) => Buffer.from(envelope.salt, 'base64').length)).to.deep.equal([16, 16, 16, 16]);
    const asked = all.map((event) => ({ stream: event.stream, expected: event.revision - 1, events: [event] }));
    for (const some of [asked.slice(0, 2), asked, asked]) await to.opened.raw.append(some);
    const [first] = all as [StoredEvent];
    const another = { stream: first.stream, expected: -1, events: [{ ...first, id: randomUUIDv7() }] };
    for (const some of [[another], [...asked, another]]) expect((await rejection(to.opened.raw.append(some))).code).to.equal('kernel.wrong_revision');
    const copied: StoredEvent[] = [];
    for (let after: Position | undefined; ; ) {
      const page = await to.opened.raw.read(after, 100);
      if (page.upTo === undefined) break;
      copied.push(...page.events);
      after = page.upTo;
    }
    expect(stored(copied)).to.equal(stored(all));
    await from.close();
    await to.close();
  });
});

describe('EventStoreDB: appends at once', () => {
  it('are on their way together, to one stream as to many', async () => {
    const { node, opened, close } = await opening();
    const [busy, begun] = [someStream(), performance.now()];
    node.faults.apply({ fault: 'delay', ms: 300 });
    await Promise.all(Array.from({ length: 40 }, async (_, index) => opened.store.append(index < 20 ? busy : someStream(), 'any', [noted(String(index))], someCause)));
    // One after the other they would take 12 s.
    expect(performance.now() - begun).to.be.lessThan(6_000);
    expect(await opened.store.head(busy)).to.equal(19);
    await close();
  }).timeout(20_000);

  it('to one stream, of two processes, are all stored, each once', async () => {
    const { node, opened, close } = await opening();
    const other = await openOwnEventStoreDb(node.url);
    const stream = someStream();
    const stores = [opened.store, other.store];
    await Promise.all(Array.from({ length: 60 }, async (_, index) => (stores[index % 2] as typeof opened.store).append(stream, 'any', [noted(String(index)), noted('and')], someCause)));
    const texts = (await collect(opened.store.read(stream))).map(({ data }) => (data as { text: string }).text);
    expect(texts.filter((text) => text !== 'and').toSorted((left, right) => Number(left) - Number(right))).to.deep.equal(Array.from({ length: 60 }, (_, index) => String(index)));
    expect(texts).to.have.lengthOf(120);
    await other.close();
    await close();
  }).timeout(20_000);
});

/** Appends whose attempts overtake one another, and copies of a log of which many are on their way at once. */
import { expect } from 'chai';
import { join } from 'node:path';
import type { Position, StreamId } from '../../../domain/kernel/ids.ts';
import type { Appends, AppendsDeps } from '../../../infrastructure/eventstoredb/appends.ts';
import type { Answer, Batches } from '../../../infrastructure/eventstoredb/batches.ts';
import type { Connection } from '../../../infrastructure/eventstoredb/connection.ts';
import { createInOrder, type Placed } from '../../../infrastructure/eventstoredb/in-order.ts';
import type { RawAppend } from '../../../infrastructure/eventstoredb/raw-log.ts';
import { newEnvelope } from '../../../infrastructure/eventstoredb/stored-event.ts';
import { systemIds } from '../../../infrastructure/runtime/ids.ts';
import { collect } from '../../support/collect.ts';
import { startEventStoreNode } from '../../support/eventstore-node/node.ts';
import { spawnEventStoreNode } from '../../support/eventstore-node/process.ts';
import { openOwnEventStoreDb, type OwnEventStoreDb } from '../../support/own-event-store-db.ts';
import { noted, someCause, someStream } from '../../support/sample-events.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';
import { until } from '../../support/until.ts';

describe('EventStoreDB: an append that expects to follow another one', () => {
  it('is not begun again elsewhere while an earlier attempt may still be stored: it would be there twice', async () => {
    const node = await startEventStoreNode();
    const own = await openOwnEventStoreDb(node.url, { patienceMs: 2_000 });
    const stream = someStream();
    await own.store.append(stream, 'none', [noted('first')], someCause);
    // Both, and then the first of them again: the second's next attempt finds the stream where neither is stored. What comes after two more waits, too.
    for (const fault of [{ fault: 'hold', times: 3 }, { fault: 'delay', ms: 0, times: 2 }, { fault: 'hold' }] as const) node.faults.apply(fault);
    const outcomes = await Promise.allSettled(['a', 'b'].map((text) => own.store.append(stream, 'any', [noted(text)], someCause)));
    node.faults.heal();
    await own.store.append(stream, 'any', [noted('last')], someCause);
    const texts = (await collect(own.store.read(stream))).map(({ data }) => (data as { text: string }).text);
    expect(texts).to.deep.equal([...new Set(texts)]);
    const promised = ['a', 'b'].filter((_text, index) => outcomes[index]?.status === 'fulfilled');
    expect(texts).to.include.members(['first', ...promised, 'last']);
    await own.close();
    await node.close();
  }).timeout(30_000);
});

/** What is asked of a server that answers by `answer`. */
const scripted = (answer: (number: string) => Answer | Error) => {
  const asked: string[] = [];
  const reply = async (way: string, number: string): Promise<Answer> => {
    asked.push(`${way} ${number}`);
    const said = answer(number);
    return said instanceof Error ? Promise.reject(said) : said;
  };
  const connection = { current: () => ({}), patience: () => 1_000, worked: () => undefined, failed: () => undefined } as unknown as Connection;
  const batches = { open: async () => ({ stream }: { stream: string }) => reply('together', stream) } as unknown as Batches;
  const at = async ({ stream }: Placed['events']) => void (await reply('alone', stream));
  return { asked, append: createInOrder({ connection, batches } as unknown as AppendsDeps, { at } as unknown as Appends) };
};

const placedAt = (number: number, text = ''): Placed => ({ expected: -1, events: { stream: String(number) as StreamId, chosen: 'in place', events: [{ id: '', type: '', data: text, metadata: '' }] } });

/** A log of many streams that cross one another. */
const someLog = (count: number): readonly RawAppend[] => {
  const streams = Array.from({ length: 20 }, () => someStream());
  const revisions = new Map<StreamId, number>();
  return Array.from({ length: count }, (_, number) => {
    const stream = streams[(number * number) % streams.length] as StreamId;
    const expected = revisions.get(stream) ?? -1;
    revisions.set(stream, expected + 1);
    return { stream, expected, events: [{ stream, id: systemIds.next(), type: 'sample.Noted.v1', data: { text: String(number) }, envelope: newEnvelope(stream, number, someCause) }] };
  });
};

const idsIn = async ({ raw }: OwnEventStoreDb): Promise<readonly string[]> => {
  const ids: string[] = [];
  for (let after: Position | undefined; ; ) {
    const page = await raw.read(after, 1_000);
    ids.push(...page.events.map(({ id }) => id));
    if (page.upTo === undefined) return ids;
    after = page.upTo;
  }
};

describe('EventStoreDB: copies of a log, many on their way at once', () => {
  it('begin with one alone, and again after what is not known to be stored', async () => {
    let troubles = [new Error('away')];
    const { asked, append } = scripted((number) => (number === '3' ? troubles.pop() : undefined) ?? { revision: 0, position: 'somewhere' as Position });
    await append([0, 1, 2, 3, 4].map((number) => placedAt(number)));
    expect(asked).to.deep.equal(['alone 0', 'together 1', 'together 2', 'together 3', 'together 4', 'alone 3', 'together 4']);
    troubles = [];
    asked.splice(0);
    const large = 'x'.repeat(2_000_000);
    await append([0, 1, 2, 3].map((number) => placedAt(number, number === 2 ? large : '')));
    expect(asked).to.deep.equal(['alone 0', 'together 1', 'together 2', 'together 3']);
  });

  it('are in their order, each once, while connections are cut and the node is killed', async () => {
    const directory = temporaryDirectory();
    const home = join(directory.path, 'node');
    let running = await spawnEventStoreNode({ directory: home });
    const own = await openOwnEventStoreDb(running.url, { patienceMs: 20_000 });
    const log = someLog(6_000);
    const copying = own.raw.append(log);
    const beyond = (count: number): Promise<unknown> => until(`${count} copies`, async () => ((await own.raw.read(undefined, 10_000)).events.length > count ? true : undefined));
    await beyond(0);
    await running.kill();
    running = await spawnEventStoreNode({ directory: home, port: running.port });
    await beyond(300);
    await running.kill();
    running = await spawnEventStoreNode({ directory: home, port: running.port });
    await copying;
    const ids = log.flatMap(({ events }) => events.map(({ id }) => id));
    expect(await idsIn(own)).to.deep.equal(ids);
    // Said again, it is the same.
    await own.raw.append(log.slice(-500));
    expect(await idsIn(own)).to.have.lengthOf(ids.length);
    await own.close();
    await running.kill();
    directory.remove();
  }).timeout(120_000);
});

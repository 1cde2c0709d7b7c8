/** Moves between engines: what arrives, in which order, and what goes red. */
import { expect } from 'chai';
import { LANES, QUEUE } from '../../../application/delivery/shelves.ts';
import { SINKS } from '../../../application/delivery/siem-dispatcher.ts';
import { FOLLOWER_CHECKPOINTS } from '../../../application/kernel/follower.ts';
import { MAIL_QUEUE } from '../../../application/tenancy/mail-queue.ts';
import type { Position } from '../../../domain/kernel/ids.ts';
import type { MovedEvent, MovingLog } from '../../../infrastructure/moving/moved-event.ts';
import { lineOf } from '../../../infrastructure/moving/moved-event.ts';
import { move, MoveRefused, type Moved } from '../../../infrastructure/moving/move.ts';
import { keysOf } from '../../../infrastructure/moving/move-keys.ts';
import type { Side } from '../../../infrastructure/moving/side.ts';
import { toPosition } from '../../../infrastructure/runtime/positions.ts';
import { openEmbedded } from '../../../infrastructure/runtime/embedded.ts';
import { systemClock } from '../../../infrastructure/runtime/clock.ts';
import { alterLog, fillLog, makeInstallation, openDirectorySide, openNodeSide, someKey } from '../../support/moving.ts';
import { sampleCodec } from '../../support/sample-events.ts';
import { failOnFatal, silentLogger } from '../../support/silent.ts';
import { type TemporaryDirectory, temporaryDirectory } from '../../support/temporary-directory.ts';

const all = async (log: MovingLog): Promise<readonly MovedEvent[]> => {
  const events: MovedEvent[] = [];
  for (let after: Position | undefined; ; ) {
    const page = await log.read(after, 100);
    events.push(...page.events);
    if (page.upTo === undefined) return events;
    after = page.upTo;
  }
};

const failure = async (work: Promise<unknown>): Promise<Error> => work.then(() => new Error('it was done'), (error: unknown) => error as Error);

/** An engine that is gone in the middle of an append, the first part of which is stored. */
const dying = (side: Side, afterAppends: number): Side => {
  let left = afterAppends;
  return { ...side, log: { ...side.log, append: async (events) => {
    left -= 1;
    if (left >= 0) return side.log.append(events);
    await side.log.append(events.slice(0, Math.ceil(events.length / 3)));
    throw new Error('killed');
  } } };
};

const between = async (source: Side, destination: Side): Promise<Moved> => {
  try {
    return await move({ source, destination }, { pauseMs: 10 });
  } finally {
    await source.close();
    await destination.close();
  }
};

describe('moving a log', () => {
  let [first, second]: [TemporaryDirectory, TemporaryDirectory] = [temporaryDirectory(), temporaryDirectory()];

  beforeEach(() => {
    [first, second] = [temporaryDirectory(), temporaryDirectory()];
  });

  afterEach(() => {
    first.remove();
    second.remove();
  });

  it('keeps everything, there and back through EventStoreDB, in its order', async () => {
    await makeInstallation(first.path, ({ store }) => fillLog(store, 300));
    const node = await openNodeSide();
    const source = await openDirectorySide(first.path, true);
    const there = await move({ source, destination: node });
    expect(there.events).to.equal(there.copied);
    expect(await keysOf(node.vault)).to.deep.equal(await keysOf(source.vault));
    expect((await all(node.log)).map(lineOf)).to.deep.equal((await all(source.log)).map(lineOf));
    const back = await openDirectorySide(second.path, false);
    const returned = await move({ source: node, destination: back });
    expect(returned.digest).to.equal(there.digest);
    expect(await all(back.log)).to.deep.equal(await all(source.log));
    for (const side of [source, back, node]) await side.close();
    const opened = await openEmbedded({ dataDir: second.path, codec: sampleCodec, clock: systemClock, logger: silentLogger, onFatal: failOnFatal });
    expect(await opened.log.head()).to.equal(toPosition(there.events));
    await fillLog(opened.store, 10);
    await opened.close();
  }).timeout(60_000);

  it('between two directories is the same, and once more finds it done', async () => {
    await makeInstallation(first.path, ({ store }) => fillLog(store, 50));
    const once = await between(await openDirectorySide(first.path, true), await openDirectorySide(second.path, false));
    const again = await between(await openDirectorySide(first.path, true), await openDirectorySide(second.path, false));
    expect([again.copied, again.events, again.digest]).to.deep.equal([0, once.events, once.digest]);
  });

  it('of a log of older nodes, whose positions have two halves, goes both ways', async () => {
    await makeInstallation(first.path, ({ store }) => fillLog(store, 60));
    const node = await openNodeSide({ layout: 'transactions' });
    const source = await openDirectorySide(first.path, true);
    const there = await move({ source, destination: node });
    await source.close();
    expect((await all(node.log)).some(({ position }) => position.includes('-'))).to.equal(true);
    expect((await between(node, await openDirectorySide(second.path, false))).digest).to.equal(there.digest);
  }).timeout(30_000);

  it('goes on after a kill at any moment, and doubles nothing', async () => {
    await makeInstallation(first.path, ({ store }) => fillLog(store, 1_600));
    const source = await openDirectorySide(first.path, true);
    const node = await openNodeSide();
    for (const appends of [0, 1, 0]) expect((await failure(move({ source, destination: dying(node, appends) }))).message).to.equal('killed');
    expect(await node.marker.isSet()).to.equal(true);
    const moved = await move({ source, destination: node });
    expect(moved.copied).to.be.lessThan(moved.events);
    expect((await all(node.log)).map(lineOf)).to.deep.equal((await all(source.log)).map(lineOf));
    expect(await node.marker.isSet()).to.equal(false);
    await source.close();
    await node.close();
  }).timeout(60_000);

  it('serves nothing from half a log', async () => {
    await makeInstallation(first.path, ({ store }) => fillLog(store, 20));
    const [source, destination] = [await openDirectorySide(first.path, true), await openDirectorySide(second.path, false)];
    await failure(move({ source, destination: dying(destination, 0) }));
    await destination.close();
    const opening = openEmbedded({ dataDir: second.path, codec: sampleCodec, clock: systemClock, logger: silentLogger, onFatal: failOnFatal });
    expect((await failure(opening)).message).to.match(/still being moved into it: run chancery migrate again/);
    const half = await openDirectorySide(second.path, true);
    expect((await failure(move({ source: half, destination: source }))).message).to.match(/unfinished destination of a move/);
    await half.close();
    await between(source, await openDirectorySide(second.path, false));
  });

  for (const [what, statement] of [
    ['one byte of its data', "UPDATE events SET data = replace(data, '17', '18') WHERE position = (SELECT position FROM events WHERE data LIKE '% 17%' LIMIT 1)"],
    ['its time', 'UPDATE events SET time = time + 1 WHERE position = 20'],
    ['its salt', 'UPDATE events SET salt = zeroblob(16) WHERE position = 20'],
    ['its cause', "UPDATE events SET cause = cause || ' ' WHERE position = 20"],
    ['its id', 'UPDATE events SET id = zeroblob(16) WHERE position = 20'],
    ['the last one, which is gone,', 'DELETE FROM events WHERE position = (SELECT max(position) FROM events)'],
  ] as const) {
    it(`goes red where ${what} differs`, async () => {
      await makeInstallation(first.path, ({ store }) => fillLog(store, 40));
      await between(await openDirectorySide(first.path, true), await openDirectorySide(second.path, false));
      alterLog(second.path, statement);
      const found = await failure(between(await openDirectorySide(first.path, true), await openDirectorySide(second.path, false)));
      expect(found).to.be.instanceOf(MoveRefused);
      expect(found.message).to.match(/the logs differ at event \d+ \(embedded:.*: \d{20}, embedded:.*: (\d{20}|no event)\)/);
    });
  }

  it('refuses another log, a directory in use, a destination with keys, and a source that is written meanwhile', async () => {
    await makeInstallation(first.path, ({ store }) => fillLog(store, 5));
    await makeInstallation(second.path, ({ store }) => fillLog(store, 5));
    expect((await failure(between(await openDirectorySide(first.path, true), await openDirectorySide(second.path, false)))).message).to.match(/holds another log/);
    const held = await openDirectorySide(first.path, true);
    expect((await failure(openDirectorySide(first.path, true))).message).to.match(/is in use by process/);
    const node = await openNodeSide();
    await node.vault.add([someKey()]);
    expect((await failure(move({ source: held, destination: node }))).message).to.match(/logs differ at event 1 .*a node: no event/);
    for (const key of (await keysOf(node.vault)).keys()) await node.vault.destroy(key);
    const growing: Side = { ...held, log: { ...held.log, read: async (after, count) => {
      const page = await held.log.read(after, count);
      if (page.upTo !== undefined || (await node.log.read(undefined, 100)).events.length === 0) return page;
      const [model] = await all(held.log) as [MovedEvent];
      await held.log.append([{ ...model, id: crypto.randomUUID(), stream: `${model.stream}-x` as never, revision: 0 }]).catch(() => undefined);
      return page;
    } } };
    expect((await failure(move({ source: growing, destination: node }))).message).to.match(/has grown meanwhile: stop every process/);
    await held.close();
    await node.close();
  });

  it('translates the places in the state, and keeps the rest of it as it is', async () => {
    const lane = { upTo: null, since: null, until: null, types: null };
    const waiting = { eventId: 'e', eventType: 't', eventStream: 's', eventRevision: 0, attempts: 2, firstAt: 5, notBefore: 6 };
    await makeInstallation(first.path, async ({ store, state }) => {
      await fillLog(store, 1_500);
      const put = (scope: string, key: string, value: unknown) => state.compareAndSet(scope, key, undefined, { value: typeof value === 'string' ? value : JSON.stringify(value) });
      await put(FOLLOWER_CHECKPOINTS, 'webhooks', toPosition(1_234));
      await put(FOLLOWER_CHECKPOINTS, 'beyond', toPosition(999_999));
      await put(FOLLOWER_CHECKPOINTS, 'beginning', toPosition(0));
      await put(LANES, 't/w/main', { ...lane, place: toPosition(7) });
      await put(LANES, 't/w/replay', { ...lane, place: null, upTo: toPosition(2_001) });
      await put(QUEUE, `t/w/${toPosition(12)}`, { ...waiting, eventPosition: toPosition(12) });
      await put(QUEUE, 't/w/e', { ...waiting, eventPosition: toPosition(13) });
      await put(SINKS, 't/s', '1');
      await put(MAIL_QUEUE, 't/m', { kind: 'invitation' });
      await put('idempotency', 'k', 'v');
    });
    const [source, node] = [await openDirectorySide(first.path, true), await openNodeSide()];
    await move({ source, destination: node });
    const places = (await all(node.log)).map(({ position }) => position);
    const at = (number: number): string => places[number - 1] ?? 'none';
    const read = (scope: string, key: string) => node.state.get(scope, key);
    expect(await read(FOLLOWER_CHECKPOINTS, 'webhooks')).to.equal(at(1_234));
    expect(await read(FOLLOWER_CHECKPOINTS, 'beyond')).to.equal(places.at(-1));
    expect(await read(FOLLOWER_CHECKPOINTS, 'beginning')).to.equal(toPosition(0));
    expect(await read(LANES, 't/w/main')).to.equal(JSON.stringify({ ...lane, place: at(7) }));
    expect(await read(LANES, 't/w/replay')).to.equal(JSON.stringify({ ...lane, place: null, upTo: at(2_001) }));
    expect(await read(QUEUE, `t/w/${at(12)}`)).to.equal(JSON.stringify({ ...waiting, eventPosition: at(12) }));
    expect(await read(QUEUE, 't/w/e')).to.equal(JSON.stringify({ ...waiting, eventPosition: at(13) }));
    expect([await read(SINKS, 't/s'), await read(MAIL_QUEUE, 't/m'), await read('idempotency', 'k')]).to.deep.equal(['1', '{"kind":"invitation"}', undefined]);
    await source.close();
    await node.close();
  }).timeout(60_000);
});

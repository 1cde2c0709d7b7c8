import { expect } from 'chai';
import type { FeedFilter, Logger } from '../../../application/kernel/ports.ts';
import { streamParts, type StreamId, type TenantId } from '../../../domain/kernel/ids.ts';
import type { Message } from '../../../domain/kernel/decider.ts';
import { systemClock } from '../../../infrastructure/runtime/clock.ts';
import { type Embedded, openEmbedded } from '../../../infrastructure/runtime/embedded.ts';
import type { AnyProjection } from '../../../projections/kernel/projection.ts';
import { createProjections, type Projections } from '../../../projections/kernel/projections.ts';
import { collect } from '../../support/collect.ts';
import { rejection } from '../../support/rejections.ts';
import { counted, noted, sampleCodec, someCause, someStream, someTenant } from '../../support/sample-events.ts';
import { tallies, type Tally, texts } from '../../support/sample-projections.ts';
import { failOnFatal, silentLogger } from '../../support/silent.ts';
import { temporaryDirectory, type TemporaryDirectory } from '../../support/temporary-directory.ts';

describe('projections', () => {
  let directory: TemporaryDirectory;
  let opened: Embedded;
  let running: Projections[];
  let tenant: TenantId;

  beforeEach(async () => {
    directory = temporaryDirectory();
    opened = await openEmbedded({ dataDir: directory.path, codec: sampleCodec, clock: systemClock, logger: silentLogger, onFatal: failOnFatal });
    running = [];
    tenant = someTenant();
  });

  afterEach(async () => {
    await Promise.all(running.map((projections) => projections.stop()));
    await opened.close();
    directory.remove();
  });

  const run = async (definitions: readonly AnyProjection[], logger: Logger = silentLogger, log = opened.log): Promise<Projections> => {
    const projections = createProjections({ clock: systemClock, log, store: opened.readModels, logger, definitions });
    running.push(projections);
    await projections.start();
    return projections;
  };

  const append = async (stream: StreamId, events: readonly Message[], projections?: Projections): Promise<void> => {
    const appended = await opened.store.append(stream, 'any', events, someCause);
    projections?.freshness.wrote(streamParts(stream).tenant, appended.position);
  };

  const tally = async (projections: Projections, stream: StreamId): Promise<Tally | undefined> =>
    (await projections.reader.open<Tally>(tenant, tallies)).get(stream);

  it('answer with what the tenant has just written', async () => {
    const projections = await run([tallies, texts]);
    const stream = someStream(tenant);
    for (let total = 1; total <= 20; total += 1) {
      await append(stream, [counted(1), noted(`note ${total}`)], projections);
      expect(await tally(projections, stream)).to.include({ total, notes: total, lastText: `note ${total}` });
    }
  });

  it('are ready once they have reached what was the head at the start', async () => {
    await append(someStream(tenant), Array.from({ length: 2_000 }, () => noted('x')));
    const projections = await run([tallies]);
    await projections.caughtUp();
    expect(projections.ready()).to.equal(true);
    const [status] = await projections.status();
    expect(status).to.deep.equal({ name: 'tallies', version: 1, serving: 1, position: '00000000000000002000', ready: true, lag: 0 });
    expect((await run([])).ready()).to.equal(true);
  });

  it('move on past events that they ignore, and remember it', async () => {
    const projections = await run([texts]);
    const stream = someStream(tenant);
    await append(stream, [counted(1), counted(2)], projections);
    await projections.freshness.settled('texts', tenant);
    await projections.stop();
    expect(await opened.readModels.checkpoint(texts)).to.equal('00000000000000000002');
  });

  it('remove documents, and make them again', async () => {
    const projections = await run([texts]);
    const stream = someStream(tenant);
    const times = async (): Promise<number | undefined> => (await (await projections.reader.open<{ times: number }>(tenant, texts)).get('t'))?.times;
    const seen: unknown[] = [];
    for (let index = 0; index < 4; index += 1) {
      await append(stream, [noted('t')], projections);
      seen.push(await times());
    }
    expect(seen).to.deep.equal([1, 2, undefined, 1]);
  });

  it('report an event that they cannot take, skip it, and apply the others of its batch', async () => {
    const errors: Record<string, unknown>[] = [];
    const logger: Logger = { ...silentLogger, error: (fields) => errors.push(fields as Record<string, unknown>) };
    const choosy: AnyProjection = {
      ...(tallies as AnyProjection),
      on: { ...tallies.on, Counted: (known, recorded) => {
        if ((recorded.data as { count: number }).count === 13) throw new Error('thirteen');
        return (tallies as AnyProjection).on['Counted']?.(known, recorded);
      } },
    };
    const poisoned: unknown[] = [];
    const projections = createProjections({
      clock: systemClock, log: opened.log, store: opened.readModels, logger, definitions: [choosy], onPoison: ({ name }, { position }) => poisoned.push([name, position]),
    });
    running.push(projections);
    const stream = someStream(tenant);
    await append(stream, [counted(1), counted(13), counted(2)]);
    await projections.start();
    await projections.caughtUp();
    expect(await tally(projections, stream)).to.include({ total: 3 });
    expect(errors).to.have.lengthOf(1);
    expect(errors[0]).to.include({ projection: 'tallies', position: '00000000000000000002', type: 'Counted' });
    expect(poisoned).to.deep.equal([['tallies', '00000000000000000002']]);
  });

  it('go on at their checkpoint after a restart, and apply nothing twice', async () => {
    const stream = someStream(tenant);
    for (let total = 1; total <= 5; total += 1) {
      const projections = await run([tallies]);
      await append(stream, [counted(1)], projections);
      expect(await tally(projections, stream)).to.include({ total });
      await projections.stop();
    }
  });

  it('answer after a restart with all that was written before it', async () => {
    const stream = someStream(tenant);
    const before = await run([tallies]);
    await append(stream, [counted(1)], before);
    expect(await tally(before, stream)).to.include({ total: 1 });
    await before.stop();
    // What a process has written and not yet folded when it ends.
    await append(stream, Array.from({ length: 500 }, () => counted(1)));
    expect(await tally(await run([tallies]), stream)).to.include({ total: 501 });
  });

  it('stay right when two of them run on one store', async () => {
    const [first, second] = [await run([tallies]), await run([tallies])];
    const streams = Array.from({ length: 20 }, () => someStream(tenant));
    for (const stream of streams) await append(stream, [counted(1), counted(2)], first);
    const head = await opened.log.head();
    await Promise.all([first, second].map(({ freshness }) => freshness.until('tallies', head as never)));
    const totals = (await collect(opened.readModels.scan(tallies))).map(({ document }) => (document as Tally).total);
    expect(totals).to.deep.equal(streams.map(() => 3));
  });

  it('are rebuilt beside the live model, which answers all the while', async () => {
    const streams = Array.from({ length: 50 }, () => someStream(tenant));
    for (const stream of streams) await append(stream, Array.from({ length: 400 }, () => counted(1)));
    // Who begins to read from now on waits: the rebuild is not over before there were answers.
    const answered = Promise.withResolvers<void>();
    let waits = false;
    const held = { ...opened.log, feed: (filter?: FeedFilter) => {
      const [feed, open] = [opened.log.feed(filter), waits ? answered.promise : undefined];
      return { pull: async (...asked: Parameters<typeof feed.pull>) => { await open; return feed.pull(...asked); } };
    } };
    const projections = await run([tallies], silentLogger, held);
    await projections.caughtUp();
    const before = await collect(opened.readModels.scan(tallies));
    waits = true;
    const rebuilt = new AbortController();
    const rebuilding = projections.rebuild('tallies').finally(() => rebuilt.abort());
    let answers = 0;
    for (let total = 401; !rebuilt.signal.aborted; total += 1) {
      await append(streams[0] as StreamId, [counted(1)], projections);
      expect(await tally(projections, streams[0] as StreamId)).to.include({ total });
      answers += 1;
      if (answers === 10) answered.resolve();
    }
    await rebuilding;
    expect(answers).to.be.at.least(10);
    const after = await collect(opened.readModels.scan(tallies));
    expect(after.filter(({ id }) => id !== streams[0])).to.deep.equal(before.filter(({ id }) => id !== streams[0]));
    expect(await opened.readModels.versions('tallies~rebuild')).to.deep.equal([]);
    expect((await rejection(projections.rebuild('nothing'))).code).to.equal('projections.unknown');
  });

  it('serve the older version until the new one has caught up, then remove it', async () => {
    const stream = someStream(tenant);
    await append(stream, [noted('a')]);
    const old = await run([tallies]);
    await old.caughtUp();
    await old.stop();
    await append(stream, [noted('b')]);
    const gate = Promise.withResolvers<void>();
    const doubled: AnyProjection = { ...(tallies as AnyProjection), version: 2, on: { Noted: (known, recorded) => ({ ...(tallies as AnyProjection).on['Noted']?.(known, recorded), doubled: true }) } };
    const gated = { ...opened.log, feed: (filter?: FeedFilter) => {
      const feed = opened.log.feed(filter);
      return { pull: async (...asked: Parameters<typeof feed.pull>) => gate.promise.then(() => feed.pull(...asked)) };
    } };
    const projections = createProjections({ clock: systemClock, log: gated, store: opened.readModels, logger: silentLogger, definitions: [doubled] });
    running.push(projections);
    await projections.start();
    expect(projections.ready()).to.equal(false);
    expect(await (await projections.reader.open(tenant, doubled)).get(stream)).to.deep.include({ notes: 1 });
    gate.resolve();
    await projections.caughtUp();
    expect(await (await projections.reader.open(tenant, doubled)).get(stream)).to.deep.include({ notes: 2, doubled: true });
    expect((await projections.status())[0]).to.include({ version: 2, serving: 2 });
    await projections.stop();
    expect((await opened.readModels.versions('tallies')).map(({ version }) => version)).to.deep.equal([2]);
  });
});

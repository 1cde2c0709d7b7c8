import { expect } from 'chai';
import { createReaction, defineReaction } from '../../../application/kernel/reactions.ts';
import { createRelay } from '../../../infrastructure/bus/relay.ts';
import { systemClock } from '../../../infrastructure/runtime/clock.ts';
import { type Embedded, openEmbedded } from '../../../infrastructure/runtime/embedded.ts';
import { rejection } from '../../support/rejections.ts';
import { counted, type Counted, noted, sampleCodec, someCause, someStream } from '../../support/sample-events.ts';
import { failOnFatal, silentLogger } from '../../support/silent.ts';
import { temporaryDirectory, type TemporaryDirectory } from '../../support/temporary-directory.ts';

describe('followers of the log', () => {
  let directory: TemporaryDirectory;
  let opened: Embedded;

  beforeEach(async () => {
    directory = temporaryDirectory();
    opened = await openEmbedded({ dataDir: directory.path, codec: sampleCodec, clock: systemClock, logger: silentLogger, onFatal: failOnFatal });
    await opened.store.append(someStream(), 'none', [counted(1), noted('no'), counted(2), counted(3)], someCause);
  });

  afterEach(async () => {
    await opened.close();
    directory.remove();
  });

  const counting = (onFailure: 'skip' | 'stop', effect: (count: number, stop: AbortController) => void) => {
    const stop = new AbortController();
    const reaction = defineReaction<Counted>({ name: 'counting', onFailure, on: { Counted: async ({ data }) => effect(data.count, stop) } });
    return createReaction(reaction, { ...opened, logger: silentLogger }).run(stop.signal);
  };

  it('a reaction sees each event once, in order, over restarts', async () => {
    const seen: number[] = [];
    await counting('stop', (count, stop) => { seen.push(count); if (count === 2) stop.abort(); });
    await counting('stop', (count, stop) => { seen.push(count); stop.abort(); });
    expect(seen).to.deep.equal([1, 2, 3]);
  });

  it('a failed effect is repeated, when the reaction stops at failures', async () => {
    const seen: number[] = [];
    const failing = (count: number): void => { seen.push(count); if (count === 2) throw new Error('no'); };
    expect(await counting('stop', failing).catch((error: unknown) => String(error))).to.equal('Error: no');
    await counting('stop', (count, stop) => { seen.push(count); if (count === 3) stop.abort(); });
    expect(seen).to.deep.equal([1, 2, 2, 3]);
  });

  it('a failed effect is passed over, when the reaction skips failures', async () => {
    const seen: number[] = [];
    await counting('skip', (count, stop) => {
      if (count === 3) stop.abort();
      if (count === 2) throw new Error('no');
      seen.push(count);
    });
    expect(seen).to.deep.equal([1, 3]);
  });

  it('passes over what is not for it without storing each step, and stores where it stands when it stops', async () => {
    const moves: unknown[] = [];
    const state: typeof opened.state = { ...opened.state, compareAndSet: (...move) => { moves.push(move); return opened.state.compareAndSet(...move); } };
    const stop = new AbortController();
    const relay = createRelay({ name: 'idle', ...opened, state, types: ['Noted'], messages: () => [] });
    const running = relay.run(stop.signal);
    const until = async (): Promise<void> => {
      const head = await opened.log.head();
      while ((await relay.position()) !== head) await new Promise((resolve) => { setImmediate(resolve); });
    };
    await until();
    for (let count = 0; count < 20; count += 1) {
      await opened.store.append(someStream(), 'none', [counted(count)], someCause);
      await until();
    }
    expect(moves).to.have.lengthOf(1);
    stop.abort();
    await running;
    expect(moves).to.have.lengthOf(2);
    expect(await opened.state.get('checkpoint:follower', 'relay:idle')).to.equal(await opened.log.head());
  });

  it('two followers of one name: one goes on, the other is told', async () => {
    const first = counting('stop', () => undefined);
    const second = counting('stop', () => undefined);
    expect((await rejection(Promise.race([first, second]))).code).to.equal('kernel.fenced');
    await opened.store.append(someStream(), 'none', [counted(9)], someCause);
    void first.catch(() => undefined);
    void second.catch(() => undefined);
  });

  it('the relay publishes what the log holds, and moves on only after the bus has it', async () => {
    const relayed = (bus: typeof opened.bus) =>
      createRelay({ name: 'test', ...opened, bus, types: ['Counted'], messages: ({ id, data }) => [{ topic: 't', key: 'k', id, body: JSON.stringify(data) }] });
    const broken = relayed({ ...opened.bus, publish: () => Promise.reject(new Error('no bus')) });
    expect(await broken.run(new AbortController().signal).catch((error: unknown) => String(error))).to.equal('Error: no bus');
    expect(await broken.position()).to.equal(undefined);
    const stop = new AbortController();
    const running = relayed(opened.bus).run(stop.signal);
    const seen: unknown[] = [];
    await opened.bus.consume({ name: 'c', topic: 't' }, async ({ body }) => { seen.push(JSON.parse(body)); if (seen.length === 3) stop.abort(); }, stop.signal);
    await running;
    expect(seen).to.deep.equal([1, 2, 3].map((count) => counted(count).data));
  });
});

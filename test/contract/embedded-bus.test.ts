import { expect } from 'chai';
import type { Bus } from '../../application/kernel/bus.ts';
import { createInProcessBus } from '../../infrastructure/bus/in-process-bus.ts';
import { systemClock } from '../../infrastructure/runtime/clock.ts';
import { openStateStore, type OpenStateStore } from '../../infrastructure/state/state-store.ts';
import { failOnFatal, silentLogger } from '../support/silent.ts';
import { temporaryDirectory, type TemporaryDirectory } from '../support/temporary-directory.ts';
import { busContract } from './bus.contract.ts';

describe('contract: in-process bus', () => {
  let directory: TemporaryDirectory;
  let opened: OpenStateStore;
  let bus: Bus;

  const open = async (): Promise<void> => {
    opened = await openStateStore({ path: `${directory.path}/state.db`, clock: systemClock, logger: silentLogger, onFatal: failOnFatal });
    bus = createInProcessBus(opened);
  };

  before(async () => {
    directory = temporaryDirectory();
    await open();
  });

  after(async () => {
    await opened.close();
    directory.remove();
  });

  busContract(() => bus);

  it('keeps messages and consumers over a restart', async () => {
    const messages = ['a', 'b'].map((id) => ({ topic: 'restart', key: 'k', id, body: '{}' }));
    await bus.publish(messages);
    const seen: string[] = [];
    const consumeOne = async (): Promise<void> => {
      const stop = new AbortController();
      await bus.consume({ name: 'c', topic: 'restart' }, async ({ id }) => { seen.push(id); stop.abort(); }, stop.signal);
    };
    await consumeOne();
    await opened.close();
    await open();
    await consumeOne();
    expect(seen).to.deep.equal(['a', 'b']);
  });

  it('lets go of messages that all consumers have', async () => {
    const many = Array.from({ length: 15_000 }, (_, index) => ({ topic: 'trimmed', key: 'k', id: String(index), body: '{}' }));
    await bus.publish(many);
    const stop = new AbortController();
    await bus.consume({ name: 'fast', topic: 'trimmed' }, async ({ id }) => { if (id === '199') stop.abort(); }, stop.signal);
    for (let index = 0; index < 1_000; index += 1) await bus.publish([{ topic: 'trimmed', key: 'k', id: 'more', body: '{}' }]);
    const left = opened.reader.prepare("SELECT count(*) AS n FROM messages WHERE topic = 'trimmed'").get()?.['n'];
    expect(left).to.be.within(15_800, 15_999);
  });
});

import { expect } from 'chai';
import { openStateStore, type OpenStateStore } from '../../infrastructure/state/state-store.ts';
import { failOnFatal, silentLogger } from '../support/silent.ts';
import { temporaryDirectory, type TemporaryDirectory } from '../support/temporary-directory.ts';
import { stateStoreContract } from './state-store.contract.ts';

describe('contract: embedded state store', () => {
  const clock = { time: 1_000_000, now: (): number => clock.time };
  let directory: TemporaryDirectory;
  let opened: OpenStateStore;
  const open = (): Promise<OpenStateStore> =>
    openStateStore({ path: `${directory.path}/state.db`, clock, logger: silentLogger, onFatal: failOnFatal });

  before(async () => {
    directory = temporaryDirectory();
    opened = await open();
  });

  after(async () => {
    await opened.close();
    directory.remove();
  });

  stateStoreContract(() => ({ state: opened.state, clock }));

  it('keeps entries, windows and totals over a restart', async () => {
    await opened.state.compareAndSet('restart', 'k', undefined, { value: 'kept' });
    await opened.state.hit('restart', 'k', { limit: 5, windowMs: 1_000, now: clock.time });
    opened.state.bump('restart', 'k', 77);
    await opened.close();
    opened = await open();
    expect(await opened.state.get('restart', 'k')).to.equal('kept');
    expect((await opened.state.hit('restart', 'k', { limit: 5, windowMs: 1_000, now: clock.time })).count).to.equal(2);
    expect((await opened.state.totals('restart', ['k'])).get('k')).to.deep.equal({ count: 1, lastAt: 77 });
  });
});

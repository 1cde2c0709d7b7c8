import { expect } from 'chai';
import { createLeases, createLoneLeases } from '../../../application/kernel/leases.ts';
import type { StateStore } from '../../../application/kernel/state.ts';
import { Rejection } from '../../../domain/kernel/rejection.ts';
import { randomIds } from '../../support/random-ids.ts';
import { rejection } from '../../support/rejections.ts';

type Entries = Pick<StateStore, 'get' | 'compareAndSet'>;

/** What leases need of a state store, in memory; `away` makes it answer nobody. */
const entries = () => {
  const kept = new Map<string, string>();
  const control = { away: false };
  const reachable = (): void => {
    if (control.away) throw new Error('away');
  };
  const store: Entries = {
    get: async (scope, key) => {
      reachable();
      return kept.get(`${scope} ${key}`);
    },
    compareAndSet: async (scope, key, expected, next) => {
      reachable();
      if (kept.get(`${scope} ${key}`) !== expected) return false;
      if (next === undefined) kept.delete(`${scope} ${key}`);
      else kept.set(`${scope} ${key}`, next.value);
      return true;
    },
  };
  return { store: store as StateStore, kept, control };
};

const turn = (): Promise<void> => new Promise((resolve) => { setImmediate(resolve); });
const turns = async (count: number): Promise<void> => {
  for (let done = 0; done < count; done += 1) await turn();
};

/** A process whose time can be stopped. */
const someProcess = (state: StateStore) => {
  let awake = Promise.withResolvers<void>();
  awake.resolve();
  const leases = createLeases({ state, ids: randomIds, pause: async () => { await turn(); await awake.promise; } });
  return { leases, sleep: () => { awake = Promise.withResolvers(); }, wake: () => awake.resolve() };
};

const untilFired = (signal: AbortSignal): Promise<void> => new Promise((resolve) => { signal.addEventListener('abort', () => resolve(), { once: true }); });

const stop = () => new AbortController();

describe('leases', () => {
  it('let one process at a time work, and the next one as soon as the first has ended', async () => {
    const { store } = entries();
    const [one, two] = [someProcess(store), someProcess(store)];
    const end = Promise.withResolvers<void>();
    const inside: string[] = [];
    const first = one.leases.hold('a', stop().signal, async () => { inside.push('one'); await end.promise; });
    await turns(3);
    const second = two.leases.hold('a', stop().signal, async () => { inside.push('two'); });
    await turns(40);
    expect(inside).to.deep.equal(['one']);
    end.resolve();
    await Promise.all([first, second]);
    expect(inside).to.deep.equal(['one', 'two']);
  });

  it('of different names hinder nobody', async () => {
    const { store } = entries();
    const ended = stop();
    const inside = Promise.withResolvers<void>();
    const first = someProcess(store).leases.hold('a', ended.signal, async (held) => { inside.resolve(); await untilFired(held); });
    await inside.promise;
    await someProcess(store).leases.hold('b', stop().signal, async () => undefined);
    ended.abort();
    await first;
  });

  it('pass on when their holder is gone, who is told when it wakes, and waits again', async () => {
    const { store } = entries();
    const [one, two] = [someProcess(store), someProcess(store)];
    const ended = stop();
    const held: AbortSignal[] = [];
    const first = one.leases.hold('a', ended.signal, async (signal) => { held.push(signal); await untilFired(signal); });
    await turns(3);
    one.sleep();
    const end = Promise.withResolvers<void>();
    const taken = Promise.withResolvers<void>();
    const second = two.leases.hold('a', stop().signal, async () => { taken.resolve(); await end.promise; });
    await taken.promise;
    one.wake();
    await untilFired(held[0] as AbortSignal);
    await turns(40);
    expect(held).to.have.length(1);
    end.resolve();
    await second;
    while (held.length < 2) await turn();
    ended.abort();
    await first;
  });

  it('stay with their holder while the state store is away', async () => {
    const { store, control } = entries();
    const [one, two] = [someProcess(store), someProcess(store)];
    const ended = stop();
    let begun = 0;
    const first = one.leases.hold('a', ended.signal, async (signal) => { begun += 1; await untilFired(signal); });
    await turns(3);
    control.away = true;
    const other = stop();
    let doubled = false;
    const second = two.leases.hold('a', other.signal, async () => { doubled = true; });
    await turns(40);
    control.away = false;
    await turns(40);
    expect([begun, doubled]).to.deep.equal([1, false]);
    other.abort();
    ended.abort();
    await Promise.all([first, second]);
  });

  it('are kept when a renewal was stored and its answer lost', async () => {
    const { store } = entries();
    let lose = false;
    const losing: StateStore = { ...store, compareAndSet: async (...asked) => {
      const stored = await store.compareAndSet(...asked);
      if (lose) {
        lose = false;
        throw new Error('the answer is lost');
      }
      return stored;
    } };
    const ended = stop();
    let fired = false;
    const holding = someProcess(losing).leases.hold('a', ended.signal, async (signal) => {
      signal.addEventListener('abort', () => { fired = true; });
      await turns(5);
      lose = true;
      await turns(40);
      expect([lose, fired]).to.deep.equal([false, false]);
    });
    await holding;
  });

  it('are given back when the work fails, which rejects', async () => {
    const { store, kept } = entries();
    const { code } = await rejection(someProcess(store).leases.hold('a', stop().signal, async () => { throw new Rejection('some.reason'); }));
    expect([code, kept.size]).to.deep.equal(['some.reason', 0]);
  });

  it('end without work when it is time to stop', async () => {
    const { store } = entries();
    const ended = stop();
    const first = someProcess(store).leases.hold('a', ended.signal, untilFired);
    await turns(3);
    const other = stop();
    let worked = false;
    const second = someProcess(store).leases.hold('a', other.signal, async () => { worked = true; });
    await turns(2);
    other.abort();
    await second;
    ended.abort();
    await first;
    expect(worked).to.equal(false);
  });

  it('of a process alone are its own at once', async () => {
    const signal = stop().signal;
    let given: AbortSignal | undefined;
    await createLoneLeases().hold('a', signal, async (held) => { given = held; });
    expect(given).to.equal(signal);
  });
});

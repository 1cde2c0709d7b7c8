import { expect } from 'chai';
import { createLeases, createLoneLeases } from '../../../application/kernel/leases.ts';
import type { StateStore } from '../../../application/kernel/state.ts';
import { Rejection } from '../../../domain/kernel/rejection.ts';
import { randomIds } from '../../support/random-ids.ts';
import { rejection } from '../../support/rejections.ts';

type Entries = Pick<StateStore, 'get' | 'compareAndSet' | 'list'>;

/** What leases need of a state store, in memory; `away` makes it answer nobody. */
const entries = () => {
  const kept = new Map<string, string>();
  const control = { away: false, asked: [] as string[] };
  const reachable = (): void => {
    if (control.away) throw new Error('away');
  };
  const store: Entries = {
    list: async function* list(scope) {
      control.asked.push('list');
      reachable();
      for (const [name, value] of kept) if (name.startsWith(`${scope} `)) yield { key: name.slice(scope.length + 1), value };
    },
    get: async (scope, key) => {
      control.asked.push('get');
      reachable();
      return kept.get(`${scope} ${key}`);
    },
    compareAndSet: async (scope, key, expected, next) => {
      control.asked.push('change');
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

/** A process whose time can be stopped, or goes slower. */
const someProcess = (state: StateStore, pace = { turns: 1 }) => {
  let awake = Promise.withResolvers<void>();
  awake.resolve();
  const leases = createLeases({ state, ids: randomIds, pause: async () => { await turns(pace.turns); await awake.promise; } });
  return { leases, sleep: () => { awake = Promise.withResolvers(); }, wake: () => awake.resolve() };
};

const untilFired = (signal: AbortSignal): Promise<void> => new Promise((resolve) => { signal.addEventListener('abort', () => resolve(), { once: true }); });

const stop = () => new AbortController();

const sizes = (...all: readonly Readonly<{ holds: ReadonlySet<string> }>[]): string => all.map(({ holds }) => holds.size).toSorted((one, other) => one - other).join(' ');

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

  it('cost a process one look and one change in each round, however many it holds or waits for', async () => {
    const { store, control } = entries();
    const [one, two] = [someProcess(store), someProcess(store)];
    const ended = stop();
    const names = Array.from({ length: 20 }, (_, index) => `lease ${index}`);
    let inside = 0;
    const hold = (process: typeof one) => names.map((name) => process.leases.hold(name, ended.signal, async (held) => { inside += 1; await untilFired(held); }));
    const holding = hold(one);
    while (inside < names.length) await turn();
    const waiting = hold(two);
    await turns(20);
    one.sleep();
    two.sleep();
    await turns(20);
    control.asked.length = 0;
    one.wake();
    two.wake();
    await turns(40);
    expect(inside).to.equal(names.length);
    const [lists, changes] = ['list', 'change'].map((kind) => control.asked.filter((asked) => asked === kind).length) as [number, number];
    expect(lists).to.be.within(10, 80);
    expect(Math.abs(changes - lists), `${changes} changes, ${lists} looks`).to.be.at.most(2);
    expect(control.asked).not.to.include('get');
    ended.abort();
    await Promise.all([...holding, ...waiting]);
  });

  it('that were stored without an answer for somebody who has gone since are given back by a process that goes on', async () => {
    const { store, kept } = entries();
    let lose = true;
    const losing: StateStore = { ...store, compareAndSet: async (...asked) => {
      const stored = await store.compareAndSet(...asked);
      if (!lose || asked[1] !== 'a') return stored;
      lose = false;
      over.abort();
      throw new Error('the answer is lost');
    } };
    const [over, ended] = [stop(), stop()];
    const { leases } = someProcess(losing);
    const going = leases.hold('b', ended.signal, untilFired);
    await leases.hold('a', over.signal, untilFired);
    expect([lose, kept.has('lease a')]).to.deep.equal([false, true]);
    let taken = false;
    await someProcess(store).leases.hold('a', stop().signal, async () => { taken = true; });
    expect(taken).to.equal(true);
    ended.abort();
    await going;
  });

  it('leave nothing behind of a process that was killed', async () => {
    const { store, kept } = entries();
    const [one, two] = [someProcess(store), someProcess(store)];
    const ended = stop();
    const first = one.leases.hold('a', ended.signal, untilFired);
    await turns(5);
    one.sleep();
    const second = two.leases.hold('b', ended.signal, untilFired);
    const holders = (): number => [...kept.keys()].filter((key) => key.startsWith('lease holder:')).length;
    while (holders() < 2) await turn();
    while (holders() === 2) await turn();
    expect(holders()).to.equal(1);
    ended.abort();
    one.wake();
    await Promise.all([first, second]);
    expect(kept.size).to.equal(0);
  });

  describe('of one share', () => {
    type Process = ReturnType<typeof someProcess>;

    /** Wants all of these for as long as `signal` lets it; answers what it holds at each moment, and when it has left. */
    const want = ({ leases }: Process, names: readonly string[], signal: AbortSignal) => {
      const holds = new Set<string>();
      let taken = 0;
      const left = Promise.all(names.map((name) => leases.hold(name, signal, async (held) => {
        holds.add(name);
        taken += 1;
        await untilFired(held);
        holds.delete(name);
      }, 'rows')));
      return { holds, left, taken: () => taken };
    };
    const names = ['a', 'b', 'c', 'd', 'e', 'f', 'g'];

    it('are divided evenly among those who are there, whoever came first, and lie still then', async () => {
      const { store } = entries();
      const [one, two, three] = [someProcess(store), someProcess(store), someProcess(store)];
      const ended = [stop(), stop(), stop()] as const;
      const first = want(one, names, ended[0].signal);
      while (sizes(first) !== '7') await turn();
      const second = want(two, names, ended[1].signal);
      while (sizes(first, second) !== '3 4') await turn();
      const third = want(three, names, ended[2].signal);
      await turns(200);
      expect(sizes(first, second, third)).to.equal('1 3 3');
      expect([...first.holds, ...second.holds, ...third.holds].toSorted()).to.deep.equal(names);
      const taken = first.taken() + second.taken() + third.taken();
      await turns(200);
      expect(first.taken() + second.taken() + third.taken()).to.equal(taken);
      ended[0].abort();
      await first.left;
      while (second.holds.size + third.holds.size < 7) await turn();
      expect(sizes(second, third)).to.equal('3 4');
      // Killed.
      two.sleep();
      while (sizes(third) !== '7') await turn();
      for (const end of ended) end.abort();
      two.wake();
      await Promise.all([second.left, third.left]);
    });

    it('lie with nobody for long, though not all want the same', async () => {
      const { store } = entries();
      const ended = stop();
      const [older, newer] = [want(someProcess(store), names, ended.signal), want(someProcess(store), [...names, 'new 1', 'new 2', 'new 3', 'new 4', 'new 5', 'new 6'], ended.signal)];
      while (older.holds.size + newer.holds.size < names.length + 6) await turn();
      await turns(400);
      const taken = older.taken() + newer.taken();
      await turns(400);
      expect([[...older.holds, ...newer.holds].toSorted(), older.taken() + newer.taken()]).to.deep.equal([[...names, 'new 1', 'new 2', 'new 3', 'new 4', 'new 5', 'new 6'], taken]);
      ended.abort();
      await Promise.all([older.left, newer.left]);
    });

    it('are not passed to and fro with a process that is too slow, which gets its part when it is so no more', async () => {
      const { store } = entries();
      const [ended, pace] = [stop(), { turns: 12 }];
      const quick = want(someProcess(store), names, ended.signal);
      const slow = want(someProcess(store, pace), names, ended.signal);
      await turns(400);
      const taken = quick.taken() + slow.taken();
      await turns(400);
      expect([sizes(quick, slow), quick.taken() + slow.taken()]).to.deep.equal(['0 7', taken]);
      pace.turns = 1;
      while (sizes(quick, slow) !== '3 4') await turn();
      ended.abort();
      await Promise.all([quick.left, slow.left]);
    });

    it('are no part of what others divide', async () => {
      const { store } = entries();
      const ended = stop();
      const first = want(someProcess(store), names, ended.signal);
      const other = someProcess(store).leases.hold('task', ended.signal, untilFired, 'tasks');
      const alone = someProcess(store).leases.hold('alone', ended.signal, untilFired);
      await turns(100);
      expect(first.holds.size).to.equal(7);
      ended.abort();
      await Promise.all([first.left, other, alone]);
    });
  });

  it('of a process alone are its own at once', async () => {
    const signal = stop().signal;
    let given: AbortSignal | undefined;
    await createLoneLeases().hold('a', signal, async (held) => { given = held; });
    expect(given).to.equal(signal);
  });
});

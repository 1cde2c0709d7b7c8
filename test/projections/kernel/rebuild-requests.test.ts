import { expect } from 'chai';
import type { StateStore } from '../../../application/kernel/state.ts';
import { createRebuildRequests } from '../../../projections/kernel/rebuild-requests.ts';
import { silentLogger } from '../../support/silent.ts';

/** What requests need of a state store, and how often it has been looked at. */
const someState = () => {
  const kept = new Map<string, string>();
  const told = { looks: 0 };
  const state: Pick<StateStore, 'get' | 'compareAndSet' | 'list'> = {
    get: async (_scope, key) => kept.get(key),
    compareAndSet: async (_scope, key, expected, next) => {
      if (kept.get(key) !== expected) return false;
      if (next === undefined) kept.delete(key);
      else kept.set(key, next.value);
      return true;
    },
    list: async function* list() {
      told.looks += 1;
      for (const [key, value] of kept) yield { key, value };
    },
  };
  return { state, kept, told };
};

describe('requests to fill read models anew', () => {
  it('are looked for once for all models that a process keeps; what fails is tried again', async () => {
    const { state, kept, told } = someState();
    const requests = createRebuildRequests({ state, logger: silentLogger });
    const over = new AbortController();
    const names = ['a', 'b', 'c', 'd'];
    const asked = ['b', 'c'].map((name) => requests.ask(name, over.signal));
    const rebuilt: string[] = [];
    const rebuild = (name: string) => async () => {
      rebuilt.push(name);
      if (name === 'c' && rebuilt.filter((one) => one === 'c').length === 1) throw new Error('the first time');
    };
    const serving = names.map((name) => requests.serve(name, rebuild(name), over.signal));
    await Promise.all(asked);
    expect(rebuilt.toSorted()).to.deep.equal(['b', 'c', 'c']);
    expect([told.looks <= 3, kept.size], `${told.looks} looks`).to.deep.equal([true, 0]);
    over.abort();
    await Promise.all(serving);
    const { looks } = told;
    await new Promise((resolve) => { setImmediate(resolve); });
    expect(told.looks).to.equal(looks);
  });
});

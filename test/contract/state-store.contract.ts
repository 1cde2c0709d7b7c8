/** What every state store keeps to. Each test uses scopes of its own. */
import { expect } from 'chai';
import * as fc from 'fast-check';
import { randomUUID } from 'node:crypto';
import type { StateStore } from '../../application/kernel/state.ts';
import { collect } from '../support/collect.ts';

/** `clock` is the one that the store reads; tests move it. */
export type StateStoreUnderTest = Readonly<{ state: StateStore; clock: { time: number } }>;

/** Fixed windows, as the port describes them. */
const modelHits = (times: readonly number[], limit: number, windowMs: number): readonly unknown[] => {
  let count = 0;
  let resetAt = 0;
  return times.map((now) => {
    if (now >= resetAt) [count, resetAt] = [0, now + windowMs];
    const exceeded = count >= limit;
    if (!exceeded) count += 1;
    return { count, exceeded, resetAt };
  });
};

export const stateStoreContract = (opened: () => StateStoreUnderTest): void => {
  const state = (): StateStore => opened().state;

  describe('entries', () => {
    it('stores, replaces and removes only over the value that was expected', async () => {
      const scope = randomUUID();
      expect(await state().get(scope, 'k')).to.equal(undefined);
      expect(await state().compareAndSet(scope, 'k', 'no', { value: 'a' })).to.equal(false);
      expect(await state().compareAndSet(scope, 'k', undefined, { value: 'a' })).to.equal(true);
      expect(await state().compareAndSet(scope, 'k', undefined, { value: 'b' })).to.equal(false);
      expect(await state().compareAndSet(scope, 'k', 'a', { value: 'b' })).to.equal(true);
      expect(await state().get(scope, 'k')).to.equal('b');
      expect(await state().compareAndSet(scope, 'k', 'b', undefined)).to.equal(true);
      expect(await state().get(scope, 'k')).to.equal(undefined);
    });

    it('lets one of many win', async () => {
      const scope = randomUUID();
      const won = await Promise.all(Array.from({ length: 30 }, (_, index) => state().compareAndSet(scope, 'k', undefined, { value: String(index) })));
      expect(won.filter(Boolean)).to.have.lengthOf(1);
      expect(await state().get(scope, 'k')).to.equal(String(won.indexOf(true)));
    });

    it('takes an expired entry for absent', async () => {
      const scope = randomUUID();
      const { clock } = opened();
      await state().compareAndSet(scope, 'k', undefined, { value: 'a', expiresAt: clock.time + 10 });
      clock.time += 9;
      expect(await state().get(scope, 'k')).to.equal('a');
      clock.time += 1;
      expect(await state().get(scope, 'k')).to.equal(undefined);
      expect(await collect(state().list(scope))).to.deep.equal([]);
      expect(await state().compareAndSet(scope, 'k', 'a', { value: 'b' })).to.equal(false);
      expect(await state().compareAndSet(scope, 'k', undefined, { value: 'b' })).to.equal(true);
    });

    it('lists a scope, over pages, and nothing else', async () => {
      const scope = randomUUID();
      const keys = Array.from({ length: 1_200 }, (_, index) => String(index).padStart(4, '0'));
      await Promise.all(keys.map((key) => state().compareAndSet(scope, key, undefined, { value: `v${key}` })));
      await state().compareAndSet(`${scope}x`, 'other', undefined, { value: 'no' });
      expect(await collect(state().list(scope))).to.deep.equal(keys.map((key) => ({ key, value: `v${key}` })));
    });
  });

  describe('fixed windows', () => {
    it('counts like the model, whatever the times', async () => {
      const gaps = fc.array(fc.integer({ min: 0, max: 40 }), { minLength: 1, maxLength: 40 });
      await fc.assert(
        fc.asyncProperty(gaps, fc.integer({ min: 1, max: 5 }), async (steps, limit) => {
          const scope = randomUUID();
          let now = 1_000;
          const times = steps.map((step) => (now += step));
          const hits = await Promise.all(times.map((time) => state().hit(scope, 'k', { limit, windowMs: 100, now: time })));
          expect(hits).to.deep.equal(modelHits(times, limit, 100));
        }),
        { numRuns: 100 },
      );
    });

    it('admits exactly the limit of any number at once', async () => {
      const scope = randomUUID();
      const hits = await Promise.all(Array.from({ length: 200 }, () => state().hit(scope, 'k', { limit: 60, windowMs: 60_000, now: 5 })));
      expect(hits.filter(({ exceeded }) => !exceeded)).to.have.lengthOf(60);
    });

    it('neither opens early nor stays open when the clock is set back', async () => {
      const scope = randomUUID();
      const rule = { limit: 1, windowMs: 1_000 };
      await state().hit(scope, 'k', { ...rule, now: 1_000_000 });
      expect(await state().hit(scope, 'k', { ...rule, now: 500 })).to.deep.equal({ count: 1, exceeded: true, resetAt: 1_500 });
      expect((await state().hit(scope, 'k', { ...rule, now: 1_500 })).exceeded).to.equal(false);
    });
  });

  it('adds up totals, and remembers the newest time', async () => {
    const scope = randomUUID();
    for (const at of [5, 9, 7]) state().bump(scope, 'a', at);
    expect(await state().totals(scope, ['a', 'none'])).to.deep.equal(new Map([['a', { count: 3, lastAt: 9 }]]));
    state().bump(scope, 'a', 8);
    state().bump(scope, 'b', 1);
    const totals = await state().totals(scope, ['a', 'b']);
    expect([totals.get('a'), totals.get('b')]).to.deep.equal([{ count: 4, lastAt: 9 }, { count: 1, lastAt: 1 }]);
  });
};

/** Slices: however many work at once, between two turns of the event loop there is one slice of work. */
import { setImmediate } from 'node:timers/promises';
import { expect } from 'chai';
import { createSlices } from '../../../projections/kernel/pause.ts';

describe('slices of work', () => {
  for (const workers of [1, 3, 40]) {
    it(`last as long as they may, shared by ${workers}`, async () => {
      const clock = { now: 0 };
      const { rest } = createSlices(10, () => clock.now);
      const turns: number[] = [];
      const over = new AbortController();
      // Counts the work that was done between two turns of the event loop.
      const others = (async () => { for (let last = 0; !over.signal.aborted; last = clock.now) { await setImmediate(); turns.push(clock.now - last); } })();
      await Promise.all(Array.from({ length: workers }, async () => {
        for (let step = 0; step < 50; step += 1) {
          clock.now += 1;
          await rest();
        }
      }));
      over.abort();
      await others;
      // A slice, and the step that each was in when it was over.
      expect(Math.max(...turns)).to.be.at.most(10 + workers);
      expect(turns.length).to.be.greaterThan((workers * 50) / (10 + workers) - 2);
    });
  }

  it('cost nothing while there is time', async () => {
    const { rest } = createSlices(10, () => 0);
    let turned = false;
    const turn = (async () => { await setImmediate(); turned = true; })();
    for (let step = 0; step < 1_000; step += 1) await rest();
    expect(turned).to.equal(false);
    await turn;
  });
});

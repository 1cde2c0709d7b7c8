/** Turns for long readers: how long everybody else waits for them, and they for one another. */
import { setImmediate } from 'node:timers/promises';
import { expect } from 'chai';
import { createFairTurns } from '../../../projections/kernel/fair-turns.ts';
import type { TenantId } from '../../../domain/kernel/ids.ts';

const [ONE, OTHER, THIRD] = ['one', 'other', 'third'] as [TenantId, TenantId, TenantId];

describe('fair turns', () => {
  for (const readers of [1, 3, 40]) {
    it(`have one slice and one piece in a turn of the event loop, with ${readers} readers of many tenants`, async () => {
      const clock = { now: 0 };
      const turns = createFairTurns(10, () => clock.now);
      const worked: number[] = [];
      const over = new AbortController();
      const others = (async () => { for (let last = 0; !over.signal.aborted; last = clock.now) { await setImmediate(); worked.push(clock.now - last); } })();
      await Promise.all(Array.from({ length: readers }, async (_, index) => {
        const rest = turns.join(`t${index % 7}` as TenantId);
        for (let piece = 0; piece < 20; piece += 1) {
          await rest();
          clock.now += 3;
        }
      }));
      over.abort();
      await others;
      expect(Math.max(...worked)).to.be.at.most(10 + 3);
      expect(worked.length).to.be.greaterThan((readers * 20 * 3) / 13 - 2);
    });
  }

  it('cost nothing while nobody else reads and there is time', async () => {
    const rest = createFairTurns(10, () => 0).join(ONE);
    let turned = false;
    const turn = (async () => { await setImmediate(); turned = true; })();
    for (let piece = 0; piece < 1_000; piece += 1) await rest();
    expect(turned).to.equal(false);
    await turn;
  });

  it('go from tenant to tenant, however many readers one of them has', async () => {
    const turns = createFairTurns(0);
    const order: string[] = [];
    const read = async (tenant: TenantId) => {
      await turns.join(tenant)();
      order.push(tenant);
    };
    await Promise.all([...Array.from({ length: 50 }, async () => read(ONE)), read(OTHER), read(THIRD)]);
    expect(order.slice(0, 6).toSorted()).to.deep.equal(['one', 'one', 'one', 'one', 'other', 'third']);
    expect(order).to.have.length(52);
  });

  it('pass over readers who gave up, who hear why', async () => {
    const turns = createFairTurns(0);
    const gone = new AbortController();
    await turns.join(OTHER)();
    const waiting = Array.from({ length: 500 }, async () => turns.join(ONE, gone.signal)().then(() => 'read', (error: Error) => error.name));
    let turned = 0;
    const last = turns.join(ONE)();
    gone.abort();
    const watch = (async () => { for (; turned < 600; turned += 1) await setImmediate(); })();
    await last;
    expect(turned, 'turns of the event loop').to.be.at.most(3);
    expect(new Set(await Promise.all(waiting))).to.deep.equal(new Set(['AbortError']));
    expect(await turns.join(ONE, gone.signal)().then(() => 'read', (error: Error) => error.name)).to.equal('AbortError');
    await watch;
  });
});

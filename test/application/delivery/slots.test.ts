/** Places to call receivers from: how many there are, who goes first, and what becomes of calls that take long. */
import { expect } from 'chai';
import { createSlots, SLOT_SIZES, type Caller, type Held, type SlotSizes } from '../../../application/delivery/slots.ts';
import type { TenantId } from '../../../domain/kernel/ids.ts';

const STAYING = new AbortController().signal;
const tenantOf = (n: number): TenantId => `0198c0de-0000-7000-8000-${String(n).padStart(12, '0')}` as TenantId;
const caller = (tenant: number, endpoint: number, ailing = false): Caller => ({ tenant: tenantOf(tenant), endpoint: `${tenant}/${endpoint}`, ailing });

/** Whether a promise has resolved by the time that everything ready has run. */
const isSettled = (promise: Promise<unknown>): Promise<boolean> => {
  const turn = new Promise((resolve) => { setImmediate(resolve); });
  return Promise.race([promise.then(() => true), turn.then(() => false)]);
};

/** Time passes when it is told to. */
const createTime = () => {
  const waiting = new Set<() => void>();
  return {
    pause: (_ms: number, signal: AbortSignal): Promise<void> =>
      new Promise((resolve) => {
        const go = (): void => { waiting.delete(go); resolve(); };
        waiting.add(go);
        signal.addEventListener('abort', go, { once: true });
      }),
    /** All calls that are under way have taken long from now on. */
    pass: async (): Promise<void> => {
      for (const go of waiting) go();
      await new Promise((resolve) => { setImmediate(resolve); });
    },
    waiting: (): number => waiting.size,
  };
};

const open = (sizes: Partial<SlotSizes> = {}) => {
  const time = createTime();
  const slots = createSlots(time.pause, { ...SLOT_SIZES, ...sizes });
  const enter = (one: Caller, signal = STAYING): Promise<Held | undefined> => slots.enter(one, signal);
  return { time, enter };
};

describe('places to call receivers from', () => {
  it('are no more than there are; those that fail have others', async () => {
    const { enter } = open({ sound: { all: 2, each: 2 }, ailing: { all: 1, each: 1 } });
    const held = await enter(caller(1, 1));
    await enter(caller(1, 2));
    const third = enter(caller(1, 3));
    expect(await isSettled(third)).to.equal(false);
    expect(await isSettled(enter(caller(1, 4, true)))).to.equal(true);
    held?.leave();
    held?.leave();
    expect(await isSettled(third)).to.equal(true);
    expect(await isSettled(enter(caller(1, 5))), 'leaving twice is leaving once').to.equal(false);
  });

  it('are not all held by one tenant', async () => {
    const { enter } = open({ sound: { all: 3, each: 2 } });
    const held = await enter(caller(1, 1));
    await enter(caller(1, 2));
    const own = enter(caller(1, 3));
    expect(await isSettled(own)).to.equal(false);
    expect(await isSettled(enter(caller(2, 1))), 'whoever comes later goes before').to.equal(true);
    held?.leave();
    expect(await isSettled(own)).to.equal(true);
  });

  it('are waited for no longer than somebody wants one, and go to who still waits', async () => {
    const { enter } = open({ sound: { all: 1, each: 1 } });
    const leaving = new AbortController();
    const held = await enter(caller(1, 1));
    const [gone, next] = [enter(caller(1, 2), leaving.signal), enter(caller(1, 3))];
    leaving.abort();
    expect(await gone).to.equal(undefined);
    held?.leave();
    expect(await isSettled(next)).to.equal(true);
    expect(await enter(caller(1, 2), leaving.signal)).to.equal(undefined);
  });

  it('are given up by calls that take long, which go on', async () => {
    const { enter, time } = open({ sound: { all: 1, each: 1 } });
    const held = await enter(caller(1, 1));
    const next = enter(caller(1, 2));
    expect(await isSettled(next)).to.equal(false);
    await time.pass();
    expect(await isSettled(next)).to.equal(true);
    expect(held?.givenUp.aborted).to.equal(false);
    const third = enter(caller(1, 3));
    held?.leave();
    expect(await isSettled(third), 'there was no place any more to leave').to.equal(false);
  });

  it('leave nothing behind that waits', async () => {
    const { enter, time } = open();
    (await enter(caller(1, 1)))?.leave();
    expect(time.waiting()).to.equal(0);
  });

  it('go first to who has the least under way, by tenant and then by endpoint', async () => {
    const { enter, time } = open({ sound: { all: 3, each: 3 } });
    for (const endpoint of [1, 1, 2]) await enter(caller(1, endpoint));
    await time.pass();
    const [first] = [await enter(caller(3, 1)), await enter(caller(3, 2)), await enter(caller(3, 3))];
    const order: string[] = [];
    const wait = async (name: string, who: Caller): Promise<void> => {
      const held = await enter(who);
      order.push(name);
      held?.leave();
    };
    const all = [wait('many at this endpoint', caller(1, 1)), wait('one at this', caller(1, 2)), wait('none at this', caller(1, 3)), wait('another tenant', caller(2, 1))];
    first?.leave();
    await Promise.all(all);
    expect(order).to.deep.equal(['another tenant', 'none at this', 'one at this', 'many at this endpoint']);
  });

  it('take turns between tenants that have as much as each other', async () => {
    const { enter } = open({ sound: { all: 1, each: 1 } });
    const held = await enter(caller(9, 1));
    const order: number[] = [];
    const wait = async (tenant: number, endpoint: number): Promise<void> => {
      const mine = await enter(caller(tenant, endpoint));
      order.push(tenant);
      mine?.leave();
    };
    const all = [wait(1, 1), wait(1, 2), wait(1, 3), wait(2, 1), wait(3, 1)];
    held?.leave();
    await Promise.all(all);
    expect(order).to.deep.equal([1, 2, 3, 1, 1]);
  });

  it('end calls that have waited longest where too many wait, of whoever has most of them', async () => {
    const { enter, time } = open({ slow: 3 });
    const held = [];
    for (const who of [caller(1, 1), caller(2, 1), caller(2, 2), caller(2, 3)]) {
      held.push(await enter(who));
      await time.pass();
    }
    expect(held.map((one) => one?.givenUp.aborted)).to.deep.equal([false, true, false, false]);
    held[2]?.leave();
    held.push(await enter(caller(3, 1)));
    await time.pass();
    expect(held.map((one) => one?.givenUp.aborted)).to.deep.equal([false, true, false, false, false]);
  });

  it('keep nobody new waiting for longer than a call is quick, whatever hangs', async () => {
    const { enter, time } = open();
    for (let tenant = 1; tenant <= 20; tenant += 1) for (let endpoint = 1; endpoint <= 50; endpoint += 1) void enter(caller(tenant, endpoint));
    const fresh = enter(caller(99, 1));
    expect(await isSettled(fresh)).to.equal(false);
    await time.pass();
    expect(await isSettled(fresh)).to.equal(true);
  });
});

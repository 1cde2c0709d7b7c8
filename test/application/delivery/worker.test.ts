/** What a worker asks for, and when: as little as deliveries need. */
import { expect } from 'chai';
import type { Attempted } from '../../../application/delivery/attempt.ts';
import { openShelves, type Waiting } from '../../../application/delivery/shelves.ts';
import { createWorker, type WorkerDeps } from '../../../application/delivery/worker.ts';
import type { Webhook } from '../../../domain/delivery/webhooks-state.ts';
import { Rejection } from '../../../domain/kernel/rejection.ts';
import { pause } from '../../../projections/kernel/pause.ts';
import { createMemoryState, TENANT } from '../../api/kernel/support.ts';
import { freeSlots } from '../../support/free-slots.ts';
import { silentLogger } from '../../support/silent.ts';
import { until } from '../../support/until.ts';

const [HERE, ELSEWHERE] = [{ tenantKey: 1, box: 'here' }, { tenantKey: 1, box: 'elsewhere' }];
const DELIVERED: Attempted = { outcome: 'delivered' };
const waiting = (index: number): Waiting => ({ eventId: `e-${index}`, eventType: 'a', eventStream: 's', eventRevision: index, eventPosition: String(index).padStart(20, '0'), attempts: 0, firstAt: null, notBefore: 0 });

/** A worker with so many that wait; `outcome`: what becomes of each attempt. */
const begin = async (count: number, outcome: () => Attempted | Promise<Attempted> = () => DELIVERED, seen: (stop: AbortSignal) => void = () => undefined, replayFinished: WorkerDeps['webhooks']['replayFinished'] = async () => undefined) => {
  const shelf = (await openShelves(createMemoryState(() => 0))).of({ tenant: TENANT, webhookId: 'w-1' });
  for (let index = 0; index < count; index += 1) await shelf.set(waiting(index));
  const asked = { finds: 0, looks: 0, attempts: 0 };
  let disabled: Webhook['disabled'] = null;
  let room = false;
  const worker = createWorker({
    shelf, slots: freeSlots, clock: { now: () => 0 }, pause, logger: silentLogger,
    attempt: async (_endpoint, _waiting, { stop, calling }) => {
      asked.attempts += 1;
      calling(HERE);
      seen(stop);
      return outcome();
    },
    takeUp: { look: async () => { asked.looks += 1; return { more: false, over: shelf.lanes().map(([id]) => id) }; }, hasRoom: () => room, store: async () => undefined },
    webhooks: { find: async () => { asked.finds += 1; return { disabled } as Webhook; }, replayFinished },
  });
  const running = worker.run();
  return {
    shelf, worker, asked,
    disable: () => { disabled = 'manual' as Webhook['disabled']; },
    makeRoom: () => { room = true; },
    end: async () => {
      await worker.stop();
      await running;
    },
  };
};

const settled = async (): Promise<void> => { for (let turn = 0; turn < 50; turn += 1) await new Promise((resolve) => { setImmediate(resolve); }); };

describe('a worker', () => {
  it('asks for the endpoint and the log once for any number of deliveries that are taken', async () => {
    const { shelf, asked, end } = await begin(200);
    await until('all of them', () => (shelf.size === 0 ? true : undefined));
    await settled();
    expect(asked).to.deep.equal({ finds: 1, looks: 1, attempts: 200 });
    await end();
  });

  it('looks again as soon as it is woken, and when what had no room finds some', async () => {
    const { worker, asked, shelf, end, makeRoom } = await begin(0);
    await until('the first look', () => (asked.looks === 1 ? true : undefined));
    worker.wake();
    await until('the second', () => (asked.looks === 2 ? true : undefined));
    await shelf.set(waiting(1));
    makeRoom();
    worker.wake();
    await until('the delivery', () => (shelf.size === 0 ? true : undefined));
    await until('the look after it', () => (asked.looks >= 4 ? true : undefined));
    await end();
  });

  it('looks at the endpoint again when a call was stopped, and stands still where it is disabled', async () => {
    const first = Promise.withResolvers<Attempted>();
    const { asked, disable, end, shelf } = await begin(3, () => first.promise);
    await until('a call', () => (asked.attempts === 1 ? true : undefined));
    disable();
    first.resolve({ outcome: 'stopped' });
    await until('the question', () => (asked.finds === 2 ? true : undefined));
    await settled();
    expect(asked).to.deep.equal({ finds: 2, looks: 1, attempts: 1 });
    expect(shelf.size, 'everything waits').to.equal(3);
    await end();
  });

  it('begins anew with what failed at the address before, also where that is recorded late', async () => {
    const [first, times] = [Promise.withResolvers<Attempted>(), [] as number[]];
    const { asked, end, shelf, worker } = await begin(1, () => (times.push(0) === 1 ? first.promise : DELIVERED));
    await until('a call', () => (asked.attempts === 1 ? true : undefined));
    await worker.renew(ELSEWHERE);
    first.resolve({ outcome: 'failed', next: { ...waiting(0), attempts: 1, firstAt: 0, notBefore: 3_600_000 }, leaveAloneUntil: 3_600_000 });
    await until('the next, at once', () => (shelf.size === 0 ? true : undefined), 15_000);
    expect(asked.attempts).to.equal(2);
    await end();
  });

  it('leaves a call alone that began at the new address before it was told of it, or at one that is called again', async () => {
    const first = Promise.withResolvers<Attempted>();
    let stopped = false;
    const { asked, end, shelf, worker } = await begin(1, () => first.promise, (stop) => stop.addEventListener('abort', () => { stopped = true; }));
    await until('a call', () => (asked.attempts === 1 ? true : undefined));
    await worker.renew(HERE);
    await worker.renew();
    first.resolve(DELIVERED);
    await until('its end', () => (shelf.size === 0 ? true : undefined));
    expect([asked.attempts, stopped]).to.deep.equal([1, false]);
    await end();
  });

  for (const [why, code] of [['the endpoint was deleted meanwhile', 'delivery.webhook_not_found'], ['others changed endpoints all the time', 'kernel.busy']] as const) {
    it(`goes on where the end of a replay could not be recorded because ${why}`, async () => {
      let tries = 0;
      const { shelf, worker, asked, end } = await begin(0, undefined, undefined, async () => { tries += 1; if (tries === 1) throw new Rejection(code); });
      await until('the first look', () => (asked.looks === 1 ? true : undefined));
      await settled();
      await worker.openLane('r-1', { place: '2', upTo: '2', since: null, until: null, types: null });
      await until('the end of the replay', () => (tries === 1 ? true : undefined));
      await settled();
      expect(shelf.lanes(), 'what is left of it').to.have.length(1);
      worker.wake();
      await until('another look', () => (shelf.lanes().length === 0 ? true : undefined));
      expect([tries, asked.looks]).to.deep.equal([2, 3]);
      await end();
    });
  }

  for (const [which, next] of [['one', { ...waiting(0), attempts: 1, firstAt: 0, notBefore: 3_600_000 }], ['the last one', undefined]] as const) {
    it(`makes another attempt, at once, that somebody asked for while ${which} was under way that failed`, async () => {
      const first = Promise.withResolvers<Attempted>();
      const { asked, end, shelf, worker } = await begin(1, () => (asked.attempts === 1 ? first.promise : DELIVERED));
      await until('a call', () => (asked.attempts === 1 ? true : undefined));
      expect(await worker.again({ ...waiting(0), attempts: 9 })).to.equal(true);
      expect(shelf.at('e-0'), 'what a crash leaves').to.include({ firstAt: null, notBefore: 0 });
      first.resolve({ outcome: 'failed', next, leaveAloneUntil: undefined });
      await until('the next, at once', () => (shelf.size === 0 ? true : undefined));
      expect(asked.attempts).to.equal(2);
      await end();
    });
  }

  it('makes no other attempt that somebody asked for while one was under way that was taken', async () => {
    const first = Promise.withResolvers<Attempted>();
    const { asked, end, shelf, worker } = await begin(1, () => first.promise);
    await until('a call', () => (asked.attempts === 1 ? true : undefined));
    await worker.again(waiting(0));
    first.resolve(DELIVERED);
    await until('its end', () => (shelf.size === 0 ? true : undefined));
    await settled();
    expect(asked.attempts).to.equal(1);
    await end();
  });

  it('begins anew with what the program itself could not send', async () => {
    const { asked, end, shelf, worker } = await begin(1, () => { if (asked.attempts === 1) throw new Error('no'); return DELIVERED; });
    await until('a call', () => (shelf.at('e-0')?.notBefore === 30_000 ? true : undefined));
    await settled();
    expect(asked.attempts).to.equal(1);
    await worker.renew();
    await until('the next, at once', () => (shelf.size === 0 ? true : undefined), 15_000);
    await end();
  });

  it('tries one of those that wait, and not each of them, while what the endpoint is sent with cannot be opened', async () => {
    const { asked, end, shelf, worker } = await begin(3, () => { if (asked.attempts < 3) throw new Rejection(asked.attempts === 1 ? 'kernel.seal_broken' : 'some.other'); return DELIVERED; });
    await until('a call', () => (shelf.at('e-0')?.notBefore === 30_000 ? true : undefined));
    await settled();
    expect(asked.attempts).to.equal(1);
    await worker.renew();
    await until('all of them, once it can: one that fails otherwise holds up nobody', () => (shelf.size === 1 ? true : undefined));
    expect(asked.attempts).to.equal(4);
    await end();
  });

  it('stands still when a call ends well after nothing was to go there any more', async () => {
    const first = Promise.withResolvers<Attempted>();
    const { asked, disable, end, shelf, worker } = await begin(3, () => first.promise);
    await until('a call', () => (asked.attempts === 1 ? true : undefined));
    disable();
    worker.cut();
    await until('the question', () => (asked.finds === 2 ? true : undefined));
    first.resolve(DELIVERED);
    await until('its end', () => (shelf.size === 2 ? true : undefined));
    await settled();
    expect(asked).to.deep.equal({ finds: 2, looks: 1, attempts: 1 });
    await end();
  });
});

/** Deliveries at work, over the real stores and the real way out: what stops them, what does not make a storm of them, and who may make them. */
import { expect } from 'chai';
import { getEventListeners } from 'node:events';
import { createDispatcher } from '../../../application/delivery/dispatcher.ts';
import { deliveriesStream } from '../../../application/delivery/streams.ts';
import type { DeliveryEvent, WebhookRetryRequested } from '../../../domain/delivery/delivery.events.ts';
import type { TenantId } from '../../../domain/kernel/ids.ts';
import { Rejection } from '../../../domain/kernel/rejection.ts';
import { pause } from '../../../projections/kernel/pause.ts';
import { createVirtualTime, openDeliveries, type Deliveries, type Program, type VirtualTime } from '../../support/deliveries.ts';
import { startReceiver, type Receiver, type Reply } from '../../support/receiver.ts';
import { rejection } from '../../support/rejections.ts';
import { noted, someCause, someStream, someTenant } from '../../support/sample-events.ts';
import { until } from '../../support/until.ts';

const START = Date.parse('2026-03-09T14:00:00.000Z');
const DAY_MS = 86_400_000;
const NEVER = new AbortController().signal;
const rest = (ms = 20): Promise<void> => pause(ms, NEVER);

/** Resolves when nothing more is going on. */
const quiet = async (program: Program): Promise<void> => {
  for (let [seen, same] = [-1, 0]; same < 5; same = program.calls() === 0 && seen === program.activity() ? same + 1 : 0) {
    seen = program.activity();
    await rest(5);
  }
};

describe('the dispatcher of webhooks', function suite() {
  this.timeout(20_000);
  let [ground, receiver, time, tenant]: [Deliveries, Receiver, VirtualTime, TenantId] = [] as never;
  let reply: Reply = 204;

  beforeEach(async () => {
    reply = 204;
    receiver = await startReceiver(() => reply);
    time = createVirtualTime(START);
    ground = await openDeliveries(time, [receiver.host]);
    tenant = someTenant();
  });
  afterEach(async () => {
    await ground.close();
    await receiver.close();
  });

  const hook = async ({ webhooks }: Program, name = 'a'): Promise<string> => {
    const settings = { url: `http://${receiver.host}/${name}`, types: ['sample.noted'], description: null, format: 'json' } as const;
    return (await webhooks.create(tenant, { settings, start: {} }, { ...someCause, commandId: `hook-${name}` })).webhook.webhookId;
  };
  const happen = (count = 1): Promise<unknown> => ground.store.append(someStream(tenant), 'any', Array.from({ length: count }, (_, index) => noted(`${index}`)), someCause);
  const stored = async (): Promise<readonly string[]> => {
    const keys: string[] = [];
    for (const scope of ['checkpoint:webhook-lanes', 'checkpoint:webhook-queue']) for await (const { key } of ground.state.list(scope)) keys.push(key);
    return keys;
  };

  it('breaks off a call under way when its endpoint is deleted, and makes no other', async () => {
    const program = ground.start({ timeoutMs: 15_000 });
    const id = await hook(program);
    reply = 'hang';
    await happen(5);
    await receiver.until((received) => received.length > 0);
    const began = performance.now();
    await program.webhooks.remove(tenant, id, someCause);
    while (program.calls() > 0) await rest(5);
    expect(performance.now() - began).to.be.lessThan(1_000);
    const calls = receiver.received.length;
    time.advance(2 * DAY_MS);
    await quiet(program);
    expect(receiver.received.length).to.equal(calls);
    await program.stop();
    expect(await stored(), 'nothing of it is kept').to.deep.equal([]);
  });

  it('waits for nobody when an endpoint ends, whatever keeps it', async () => {
    const stuck = Promise.withResolvers<void>();
    const program = ground.start({
      state: (state) => ({
        ...state,
        compareAndSet: async (scope, key, expected, next) => {
          if (next === undefined && key.includes('hook-a')) await stuck.promise;
          return state.compareAndSet(scope, key, expected, next);
        },
      }),
    });
    const id = await hook(program);
    await happen();
    await receiver.until((received) => received.length === 1);
    await program.webhooks.remove(tenant, id, someCause);
    await hook(program, 'b');
    await happen();
    await receiver.until((received) => received.some(({ path }) => path === '/b'));
    stuck.resolve();
    await program.stop();
    expect(await stored()).to.be.an('array').that.satisfies((keys: readonly string[]) => keys.every((key) => key.includes('hook-b')));
  });

  it('clears at its start what a crash has kept from being cleared', async () => {
    await ground.state.compareAndSet('checkpoint:webhook-lanes', `${tenant}/hook-gone/main`, undefined, { value: JSON.stringify({ place: null, upTo: null, since: null, until: null, types: null }) });
    const program = ground.start();
    await quiet(program);
    await program.stop();
    expect(await stored()).to.deep.equal([]);
  });

  it('leaves nothing behind where what is stored cannot be read', async () => {
    const state = { list: () => { throw new Rejection('storage.unavailable'); } };
    const { signal } = new AbortController();
    expect((await rejection(createDispatcher({ state } as never).run(signal))).code).to.equal('storage.unavailable');
    expect(getEventListeners(signal, 'abort')).to.have.length(0);
  });

  it('gives way where another one delivers', async () => {
    const first = ground.start();
    await hook(first);
    const second = ground.start();
    await happen(50);
    await quiet(first);
    await quiet(second);
    const ends = await Promise.all([first.stop(), second.stop()]);
    expect(ends.map((end) => (end as { code?: string } | undefined)?.code)).to.include('kernel.fenced');
    const third = ground.start();
    await receiver.until((received) => new Set(received.map(({ id }) => id)).size === 50);
    await third.stop();
  });

  it('makes no storm of a clock that jumps, and keeps nothing back for as long as it was set back', async () => {
    const program = ground.start();
    await hook(program);
    reply = 500;
    await happen(10);
    await receiver.until((received) => received.length === 10);
    await quiet(program);
    time.set(10 * 365 * DAY_MS);
    time.advance(60_000);
    await quiet(program);
    expect(receiver.received.length, 'one more each, ten years later').to.equal(20);
    await happen(1);
    await receiver.until((received) => received.length === 21);
    await quiet(program);
    reply = 204;
    time.set(-10 * 365 * DAY_MS);
    time.advance(60_000);
    await receiver.until((received) => received.length === 22);
    await quiet(program);
    expect(receiver.received.length).to.equal(22);
    await program.stop();
  });

  it('leaves a receiver alone that asks for it, with everything there is for it', async () => {
    const program = ground.start();
    await hook(program);
    reply = { status: 429, headers: { 'retry-after': '120' } };
    await happen(20);
    await receiver.until((received) => received.length > 0);
    await quiet(program);
    const asked = receiver.received.length;
    expect(asked).to.be.at.most(4);
    time.advance(100_000);
    await quiet(program);
    expect(receiver.received.length).to.equal(asked);
    reply = 204;
    time.advance(30_000);
    await receiver.until((received) => new Set(received.map(({ id }) => id)).size === 20);
    await program.stop();
  });

  it('takes so many wishes for another attempt and no more, and says what becomes of the others', async () => {
    const program = ground.start();
    const id = await hook(program);
    await program.webhooks.change(tenant, id, { settings: {}, enabled: false }, someCause);
    const asked = (index: number): WebhookRetryRequested => {
      const eventPosition = String(index).padStart(20, '0');
      return { type: 'WebhookRetryRequested', data: { webhookId: id, deliveryId: `msg_${index}`, eventId: `e-${index}`, eventType: 'sample.noted', eventStream: 's', eventRevision: 0, eventPosition, attempts: 10, requestedAt: new Date(START).toISOString() } };
    };
    await ground.store.append(deliveriesStream(tenant, new Date(START).toISOString()), 'any', Array.from({ length: 1_003 }, (_, index) => asked(index)), someCause);
    const declined: unknown[] = [];
    while (declined.length < 3) {
      declined.length = 0;
      for await (const { type, data } of ground.store.read<DeliveryEvent>(deliveriesStream(tenant, new Date(START).toISOString()))) if (type === 'WebhookDeadLettered') declined.push(data.eventId);
      await rest();
    }
    expect(declined).to.deep.equal(['e-1000', 'e-1001', 'e-1002']);
    await program.stop();
    expect((await stored()).length, 'and the place in the log').to.equal(1_001);
  });

  it('takes a success for one, though its body never ends', async () => {
    const program = ground.start({ timeoutMs: 15_000 });
    await hook(program);
    reply = 'drip';
    await happen(2);
    await receiver.until((received) => received.length === 2);
    await quiet(program);
    time.advance(2 * DAY_MS);
    await quiet(program);
    expect(receiver.received.length).to.equal(2);
    await program.stop();
  });

  it('sends to an address that was changed at once what waited for the one before, and begins a day of attempts there', async () => {
    const program = ground.start();
    const id = await hook(program);
    reply = 500;
    await happen();
    const before = 3;
    for (const tries of [1, 2]) {
      await receiver.until((received) => received.length === tries);
      await quiet(program);
      if (tries === 2) reply = { status: 429, headers: { 'retry-after': '3600' } };
      time.advance(tries * 3_600_000);
    }
    await receiver.until((received) => received.length === before);
    await quiet(program);
    await program.webhooks.change(tenant, id, { settings: { description: 'another word for it' } }, someCause);
    await quiet(program);
    expect(receiver.received.length, 'the address is the same').to.equal(before);
    reply = 500;
    await program.webhooks.change(tenant, id, { settings: { url: `http://${receiver.host}/elsewhere` } }, someCause);
    await receiver.until((received) => received.length > before);
    await quiet(program);
    expect(receiver.received.slice(before).map(({ path }) => path)).to.deep.equal(['/elsewhere']);
    reply = 204;
    while (receiver.received.length === before + 1) {
      time.advance(6_000);
      await rest();
    }
    expect(new Set(receiver.received.map(({ id: delivery }) => delivery)).size).to.equal(1);
    await program.stop();
    expect((await stored()).length, 'the place in the log').to.equal(1);
  });

  for (const [when, byMs] of [['', 0], [' by a clock that is behind', -60_000]] as const) it(`breaks off what hangs at an address that was changed${when}`, async () => {
    const program = ground.start({ timeoutMs: 15_000 });
    const id = await hook(program);
    reply = 'hang';
    await happen(2);
    await receiver.until((received) => received.length === 1);
    reply = 204;
    time.set(byMs);
    await program.webhooks.change(tenant, id, { settings: { url: `http://${receiver.host}/elsewhere` } }, someCause);
    await receiver.until((received) => received.length === 3);
    expect(receiver.received.map(({ path }) => path)).to.deep.equal(['/a', '/elsewhere', '/elsewhere']);
    await program.stop();
  });

  it('tries at once what waits for an endpoint that is enabled again', async () => {
    const program = ground.start();
    const id = await hook(program);
    reply = 500;
    await happen();
    await receiver.until((received) => received.length === 1);
    await quiet(program);
    time.advance(3_600_000);
    await quiet(program);
    reply = 410;
    time.advance(2 * 3_600_000);
    await until('the end of it', async () => ((await program.webhooks.find(tenant, id))?.disabled === 'gone' ? true : undefined));
    await quiet(program);
    const before = receiver.received.length;
    reply = 204;
    await program.webhooks.change(tenant, id, { settings: {}, enabled: true }, someCause);
    await receiver.until((received) => received.length === before + 1);
    await program.stop();
  });
});

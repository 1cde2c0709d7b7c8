/**
 * Promise 12: what happens arrives at every webhook at least once, signed, or becomes a dead letter that the log knows of, whatever receivers answer
 * and however often the program is killed. Promise 7, for deliveries: what has been taken up is on record before the place in the log moves on.
 */
import { expect } from 'chai';
import type { DeliveryEvent } from '../../domain/delivery/delivery.events.ts';
import type { Recorded } from '../../application/kernel/ports.ts';
import type { StateStore } from '../../application/kernel/state.ts';
import { QUEUE } from '../../application/delivery/shelves.ts';
import { deliveryIdOf } from '../../application/delivery/streams.ts';
import type { TenantId } from '../../domain/kernel/ids.ts';
import { pause } from '../../projections/kernel/pause.ts';
import { createVirtualTime, openDeliveries, type Deliveries, type Program, type Tampering, type VirtualTime } from '../support/deliveries.ts';
import { startReceiver, verifies, type Received, type Receiver, type Reply } from '../support/receiver.ts';
import { counted, noted, someCause, someStream, someTenant } from '../support/sample-events.ts';
import { seeded } from '../support/seeded.ts';
import { soonest } from '../support/soonest.ts';

const EVENTS = Number(process.env['CHANCERY_WEBHOOK_EVENTS'] ?? 250);
const KILLS = Number(process.env['CHANCERY_WEBHOOK_KILLS'] ?? 30);
const START = Date.parse('2026-03-09T14:00:00.000Z');
const DAY_MS = 86_400_000;
/** An endpoint keeps at most a thousand events waiting, so that the last of many begin their day when the first have ended theirs; no run takes longer. */
const LONGEST = 30 * DAY_MS;
const NEVER = new AbortController().signal;
const CHANGE = { ...someCause, commandId: '' };
const settings = (url: string, types: readonly string[] | null = ['sample.noted']) => ({ url, types, description: null, format: 'json' }) as const;

/** A run of its own, whose figures are wanted. */
const SOAK = process.env['CHANCERY_WEBHOOK_EVENTS'] !== undefined;

const report = ({ events, received, took }: Readonly<{ events: readonly Recorded[]; received: readonly Received[]; took: ReadonlySet<string> }>): void => {
  const many = (type: DeliveryEvent['type']): number => events.filter((event) => event.type === type).length;
  const figures = { calls: received.length, delivered: many('WebhookDelivered'), failed: many('WebhookAttemptFailed'), deadLetters: many('WebhookDeadLettered'), taken: took.size };
  process.stdout.write(`    ${JSON.stringify(figures)}\n`);
};

type Hook = Readonly<{ webhookId: string; path: string; secret: string }>;

const show = (secret: Uint8Array): string => `whsec_${Buffer.from(secret).toString('base64')}`;

/** Half of the time something goes wrong, in every way that it can. */
const halfFailing = (random: ReturnType<typeof seeded>): (() => Reply) => {
  const wrong: readonly Reply[] = [500, 503, 429, 404, 301, 'reset', { status: 503, headers: { 'retry-after': '20' } }, { status: 307, headers: { location: 'http://127.0.0.1:1/' } }];
  return () => {
    if (random.chance(0.5)) return random.chance(0.02) ? 410 : 204;
    return random.chance(0.05) ? 'hang' : random.pick(wrong);
  };
};

const hookOf = async ({ webhooks }: Program, tenant: TenantId, receiver: Receiver, { name, types }: Readonly<{ name: string; types?: readonly string[] }>): Promise<Hook> => {
  const url = `http://${receiver.host}/${name}`;
  const made = await webhooks.create(tenant, { settings: settings(url, types), start: {} }, { ...CHANGE, commandId: `hook-${name}` });
  return { webhookId: made.webhook.webhookId, path: `/${name}`, secret: show(made.secret) };
};

const readLog = async ({ log }: Deliveries): Promise<readonly Recorded[]> => {
  const [head, events] = [await log.head(), [] as Recorded[]];
  const feed = log.feed();
  for (let at: Awaited<typeof head>; at !== head; ) {
    const page = await feed.pull(at, 500, NEVER);
    events.push(...page.events);
    at = page.scannedTo;
  }
  return events;
};

/** Events that an endpoint never took and that are no dead letters either. */
const lostOf = async (ground: Deliveries, hook: Hook, took: ReadonlySet<string>, type: string): Promise<readonly string[]> => {
  const events = await readLog(ground);
  const facts = (kind: DeliveryEvent['type']): ReadonlySet<string> =>
    new Set(events.flatMap((event) => (event.type === kind ? [(event as unknown as Recorded<DeliveryEvent>).data.deliveryId] : [])));
  const [delivered, dead] = [facts('WebhookDelivered'), facts('WebhookDeadLettered')];
  return events.filter((event) => event.type === type).map(({ id }) => deliveryIdOf(id, hook.webhookId)).filter((id) => !dead.has(id) && !(took.has(id) && delivered.has(id)));
};

/** Whether nothing waits for an attempt. */
const isSettled = async ({ state }: Deliveries): Promise<boolean> => {
  for await (const _ of state.list(QUEUE)) return false;
  return true;
};

type Run = Readonly<{ ground: Deliveries; time: VirtualTime; tenant: TenantId; append: (count: number) => Promise<void> }>;

/** The leap over what nobody waits for: the longer, the longer nothing has been sent. */
const LEAST_LEAP_MS = 20_000;
const LONGEST_LEAP_MS = 1_200_000;

/** Enables an endpoint that its receiver called gone. */
const revive = async ({ webhooks }: Program, tenant: TenantId, { webhookId }: Hook): Promise<void> => {
  if ((await webhooks.find(tenant, webhookId))?.disabled === 'gone') await webhooks.change(tenant, webhookId, { settings: {}, enabled: true }, someCause);
};

/** Lets time pass, in leaps over what nobody waits for, until `over`; every so often the program is killed and another one begins. */
const live = async ({ ground, time, tenant }: Run, tampering: Tampering, plan: Readonly<{ kills: number; everyMs: number; first: Program; hooks: readonly Hook[]; /** Asked with the number of kills so far. */ over: (kills: number) => boolean | Promise<boolean> }>): Promise<Program> => {
  let program = plan.first;
  let [kills, seen, since] = [0, -1, performance.now()];
  let [sent, leap] = [-1, LEAST_LEAP_MS];
  while (!(await plan.over(kills))) {
    await pause(2, NEVER);
    if (kills < plan.kills && performance.now() - since > plan.everyMs) {
      await program.kill();
      program = ground.start(tampering);
      [kills, since] = [kills + 1, performance.now()];
    }
    const quiet = program.calls() === 0 && program.activity() === seen;
    seen = program.activity();
    if (!quiet) continue;
    for (const hook of plan.hooks) await revive(program, tenant, hook);
    leap = program.sent() === sent ? Math.min(leap * 2, LONGEST_LEAP_MS) : LEAST_LEAP_MS;
    sent = program.sent();
    time.skip(leap);
  }
  return program;
};

/** Forgets, of one scope, what a program before has stored. */
const forgetting = (scope: string) => (state: StateStore): StateStore => ({
  ...state,
  list: async function* list(asked) {
    for await (const entry of state.list(asked)) {
      if (asked !== scope) yield entry;
      else await state.compareAndSet(scope, entry.key, entry.value, undefined);
    }
  },
});

/** Stores the place at once, and what was taken up only a while later: too late for a program that is killed. */
const placeFirst = (state: StateStore): StateStore => ({
  ...state,
  compareAndSet: async (scope, key, expected, next) => {
    if (scope !== QUEUE || expected !== undefined) return state.compareAndSet(scope, key, expected, next);
    return true;
  },
});

const begin = async (allow: readonly string[]): Promise<Run> => {
  const time = createVirtualTime(START);
  const ground = await openDeliveries(time, allow);
  const tenant = someTenant();
  const append = async (count: number): Promise<void> => {
    for (let index = 0; index < count; index += 50) {
      const some = Array.from({ length: Math.min(50, count - index) }, (_, place) => noted(`event ${index + place}`));
      await ground.store.append(someStream(tenant), 'any', some, someCause);
    }
  };
  return { ground, time, tenant, append };
};

/** The longest that an event took to a receiver that answers, beside one that hangs, in milliseconds. */
const longestDelay = async (tampering: Tampering): Promise<number> => {
  const sent = new Map<string, number>();
  const delays: number[] = [];
  const receiver = await startReceiver(({ path, event }: Received) => {
    if (path === '/hangs') return 'hang';
    delays.push(performance.now() - (sent.get(String(event.data['text'])) ?? 0));
    return 204;
  });
  const time = { now: () => Math.floor(performance.timeOrigin + performance.now()), pause };
  const ground = await openDeliveries(time, [receiver.host]);
  const [tenant, program] = [someTenant(), ground.start({ timeoutMs: 2_500, pause, ...tampering })];
  await hookOf(program, tenant, receiver, { name: 'hangs' });
  await hookOf(program, tenant, receiver, { name: 'answers' });
  for (let index = 0; index < 40; index += 1) {
    sent.set(`event ${index}`, performance.now());
    await ground.store.append(someStream(tenant), 'any', [noted(`event ${index}`)], someCause);
    await pause(10, NEVER);
  }
  await receiver.until(() => delays.length >= 40 || delays.some((delay) => delay > 1_000));
  await program.stop();
  await ground.close();
  await receiver.close();
  return Math.max(...delays);
};

/** Whether a short life with kills loses anything, under what is put in its way. */
const losses = async (tampering: Tampering): Promise<number> => {
  const random = seeded(11);
  const took = new Set<string>();
  const receiver = await startReceiver(({ id }) => {
    if (random.chance(0.5)) return 500;
    took.add(id);
    return 204;
  });
  const run = await begin([receiver.host]);
  const first = run.ground.start(tampering);
  const hook = await hookOf(first, run.tenant, receiver, { name: 'a' });
  await run.append(100);
  const program = await live(run, tampering, { first, kills: 6, everyMs: 60, hooks: [], over: () => run.time.now() > START + 1.5 * DAY_MS });
  await program.stop();
  const lost = await lostOf(run.ground, hook, took, 'Noted');
  await run.ground.close();
  await receiver.close();
  return lost.length;
};

describe('promise 12: webhooks', function suite() {
  this.timeout(60_000 + EVENTS * 80);

  it(`${EVENTS} events for 4 receivers that fail half of the time arrive, or become dead letters, over ${KILLS} kills and the day that each has`, async () => {
    const random = seeded(7);
    const reply = halfFailing(random);
    const [took, seen] = [new Set<string>(), new Set<string>()];
    const receiver = await startReceiver(({ path, id }) => {
      seen.add(id);
      const answer = path === '/never' ? 500 : reply();
      if (answer === 204) took.add(id);
      return answer;
    });
    const run = await begin([receiver.host]);
    const { ground, time, tenant } = run;
    const first = ground.start({ timeoutMs: 40 });
    const hooks: Hook[] = [];
    for (const name of ['a', 'b', 'c', 'd']) hooks.push(await hookOf(first, tenant, receiver, { name }));
    const never = await hookOf(first, tenant, receiver, { name: 'never', types: ['sample.counted'] });
    await ground.store.append(someStream(tenant), 'any', Array.from({ length: 10 }, (_, index) => counted(index)), someCause);
    await run.append(EVENTS);
    const program = await live(run, { timeoutMs: 40 }, { first, kills: KILLS, everyMs: 150, hooks, over: async (kills) => kills === KILLS && (time.now() > START + LONGEST || (seen.size === EVENTS * 4 + 10 && await isSettled(ground))) });
    await program.stop();

    expect(time.now(), 'something still waits').to.be.lessThan(START + LONGEST);
    for (const hook of hooks) expect((await lostOf(ground, hook, took, 'Noted')).slice(0, 20), hook.path).to.deep.equal([]);
    expect(await lostOf(ground, never, took, 'Counted'), 'what never was taken is a dead letter').to.deep.equal([]);
    const events = await readLog(ground);
    expect(events.filter(({ type }) => type === 'WebhookDeadLettered').length).to.be.at.least(10);
    const secretOf = new Map([...hooks, never].map(({ path, secret }) => [path, secret]));
    expect(receiver.received.filter((one) => !verifies(secretOf.get(one.path) as string, one)), 'signatures').to.deep.equal([]);
    const ids = new Map(receiver.received.map(({ path, id, event }) => [`${path} ${event.id}`, id]));
    expect(receiver.received.filter(({ path, id, event }) => ids.get(`${path} ${event.id}`) !== id), 'the same id each time').to.deep.equal([]);
    expect(new Set(ids.values()).size).to.equal(EVENTS * 4 + 10);
    expect(receiver.received.length, 'some came more than once').to.be.greaterThan(EVENTS * 4 * 1.4);
    if (SOAK) report({ events, received: receiver.received, took });
    await ground.close();
    await receiver.close();
  });

  it('loses nothing in a short life either', async () => expect(await losses({})).to.equal(0));
  it('goes red when the queue is lost on restart', async () => expect(await losses({ state: forgetting(QUEUE) })).to.be.greaterThan(0));
  it('goes red when the place in the log is stored before what was taken up (promise 7)', async () => expect(await losses({ state: placeFirst })).to.be.greaterThan(0));

  it('never signs with the old secret after a rotation without overlap, whatever is waiting', async () => {
    const random = seeded(5);
    const receiver = await startReceiver(() => (random.chance(0.5) ? 500 : 204));
    const run = await begin([receiver.host]);
    const { ground, time, tenant } = run;
    const first = ground.start();
    const hook = await hookOf(first, tenant, receiver, { name: 'a' });
    await run.append(200);
    await receiver.until((received) => received.length > 50);
    time.advance(2_000);
    const { secret } = await first.webhooks.rotate(tenant, hook.webhookId, 0, { ...CHANGE, commandId: 'rotation' });
    const rotated = receiver.received.length;
    const since = Math.floor(time.now() / 1_000) + 1;
    time.advance(2_000);
    const program = await live(run, {}, { first, kills: 2, everyMs: 100, hooks: [], over: () => time.now() > START + DAY_MS });
    await program.stop();
    const after = receiver.received.filter(({ timestamp }) => timestamp >= since);
    expect(after.length).to.be.greaterThan(100);
    expect(receiver.received.length - rotated - after.length, 'calls under way at the rotation').to.be.at.most(4);
    expect(after.filter((one) => verifies(hook.secret, one) || !verifies(show(secret), one))).to.deep.equal([]);
    expect(receiver.received.filter((one) => one.timestamp < since && !verifies(hook.secret, one) && !verifies(show(secret), one))).to.deep.equal([]);
    await ground.close();
    await receiver.close();
  });

  it('lets a dead receiver keep no other waiting for a second', async () => expect(await soonest(1_000, () => longestDelay({}))).to.be.lessThan(1_000));
  it('goes red where all receivers share one place', async () => {
    let tail = Promise.resolve();
    const slots = {
      enter: async () => {
        const before = tail;
        const mine = Promise.withResolvers<void>();
        tail = mine.promise;
        await before;
        return { givenUp: new AbortController().signal, leave: mine.resolve };
      },
    };
    expect(await longestDelay({ slots })).to.be.greaterThan(1_000);
  });
});

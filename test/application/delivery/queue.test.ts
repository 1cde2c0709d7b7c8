/** What bounds deliveries: what may wait, and how large a body may be. */
import { expect } from 'chai';
import { createCalls } from '../../../application/delivery/calls.ts';
import { bodyOf, LARGEST_BODY } from '../../../application/delivery/send-webhook.ts';
import { openShelves, QUEUE, type Shelf, type Waiting } from '../../../application/delivery/shelves.ts';
import { createTakeUp, MOST_REPLAYED, MOST_WAITING } from '../../../application/delivery/take-up.ts';
import type { Recorded } from '../../../application/kernel/ports.ts';
import type { Webhook } from '../../../domain/delivery/webhooks-state.ts';
import type { Position } from '../../../domain/kernel/ids.ts';
import { createMemoryState, TENANT } from '../../api/kernel/support.ts';
import { samplePublic } from '../../support/deliveries.ts';
import { freeSlots } from '../../support/free-slots.ts';
import { silentLogger } from '../../support/silent.ts';
import { until } from '../../support/until.ts';

const ENDPOINT = { tenant: TENANT, webhookId: 'w-1' };
const waiting = (position: string, more: Partial<Waiting> = {}): Waiting => ({
  eventId: `e-${position}`, eventType: 'a', eventStream: 's', eventRevision: 0, eventPosition: position, attempts: 0, firstAt: null, notBefore: 0, ...more,
});

describe('shelves', () => {
  it('are found as they were left', async () => {
    const state = createMemoryState(() => 0);
    const shelf = (await openShelves(state)).of(ENDPOINT);
    await shelf.openLane('main', { place: '1', upTo: null, since: null, until: null, types: null });
    await shelf.set(waiting('2'));
    await shelf.set(waiting('3'));
    await shelf.set(waiting('2', { attempts: 1, firstAt: 5, notBefore: 9 }));
    await shelf.remove('e-3');
    const [found] = (await openShelves(state)).all();
    expect(found?.endpoint).to.deep.equal(ENDPOINT);
    expect(found?.lanes().map(([id, { place }]) => [id, place])).to.deep.equal([['main', '1']]);
    expect([...(found?.waiting() ?? [])]).to.deep.equal([waiting('2', { attempts: 1, firstAt: 5, notBefore: 9 })]);
    await found?.clear();
    expect((await openShelves(state)).all()).to.deep.equal([]);
  });
  it('are put away when they have been cleared, and found again by whoever asks for them then', async () => {
    const shelves = await openShelves(createMemoryState(() => 0));
    const before = shelves.of(ENDPOINT);
    await before.set(waiting('2'));
    expect(shelves.all()).to.deep.equal([before]);
    await before.clear();
    expect(shelves.all(), 'one for each endpoint that ever was').to.deep.equal([]);
    await shelves.of(ENDPOINT).set(waiting('3'));
    expect(shelves.all().map(({ size }) => size)).to.deep.equal([1]);
  });

  it('tell events apart that stand, or once stood, at the same position', async () => {
    const shelf = (await openShelves(createMemoryState(() => 0))).of(ENDPOINT);
    await shelf.set(waiting('2'));
    await shelf.set(waiting('2', { eventId: 'of-another-engine' }));
    expect(shelf.size).to.equal(2);
  });
  it('go on with what an earlier release has stored by position, in the order of the log', async () => {
    const state = createMemoryState(() => 0);
    const put = (name: string, entry: Waiting) => state.compareAndSet(QUEUE, `${TENANT}/w-1/${name}`, undefined, { value: JSON.stringify(entry) });
    await put('4', waiting('4'));
    await put('e-2', waiting('2'));
    await put('3', waiting('3'));
    const shelf = (await openShelves(state)).of(ENDPOINT);
    expect([...shelf.waiting()].map(({ eventPosition }) => eventPosition)).to.deep.equal(['2', '3', '4']);
    await shelf.set(waiting('3', { attempts: 1 }));
    await shelf.remove('e-4');
    const again = (await openShelves(state)).of(ENDPOINT);
    expect([...again.waiting()]).to.deep.equal([waiting('2'), waiting('3', { attempts: 1 })]);
  });
  it('store what is put and taken away at once in that order, whichever the store would do first', async () => {
    const state = createMemoryState(() => 0);
    const gate = Promise.withResolvers<void>();
    const late: typeof state = { ...state, compareAndSet: async (scope, key, expected, next) => {
      if (expected === undefined) await gate.promise;
      return state.compareAndSet(scope, key, expected, next);
    } };
    const shelf = (await openShelves(late)).of(ENDPOINT);
    const changes = [shelf.set(waiting('2')), shelf.set(waiting('2', { attempts: 1 })), shelf.remove('e-2'), shelf.set(waiting('3'))];
    gate.resolve();
    await Promise.all(changes);
    expect([...(await openShelves(state)).of(ENDPOINT).waiting()]).to.deep.equal([waiting('3')]);
  });
  it('notice when somebody else has changed what is stored', async () => {
    const state = createMemoryState(() => 0);
    const [one, other] = [(await openShelves(state)).of(ENDPOINT), (await openShelves(state)).of(ENDPOINT)];
    await one.set(waiting('2'));
    const error = await other.set(waiting('2')).catch((caught: unknown) => caught);
    expect(error).to.have.property('code', 'kernel.fenced');
  });
});

const events = (from: number, count: number): readonly Recorded[] =>
  Array.from({ length: count }, (_, index) => {
    const position = String(from + index).padStart(20, '0') as Position;
    return { type: 'Noted', data: { text: 'x' }, id: `e-${position}`, stream: 'sample.thing-1', tenant: TENANT, revision: 0, position, time: '2026-03-09T14:00:00.000Z', cause: {} } as unknown as Recorded;
  });

describe('taking up', () => {
  const webhook = { settings: { types: null } } as unknown as Webhook;
  it('stops at a thousand that wait, and goes on when there is room', async () => {
    const state = createMemoryState(() => 0);
    const shelf = (await openShelves(state)).of(ENDPOINT);
    await shelf.openLane('main', { place: null, upTo: null, since: null, until: null, types: null });
    const all = events(1, 3_000);
    const feed = {
      pull: async (after: Position | undefined, limit: number) => {
        const page = all.filter(({ position }) => after === undefined || position > after).slice(0, limit);
        return { events: page, scannedTo: page.at(-1)?.position ?? after };
      },
    };
    const takeUp = createTakeUp({ shelf, feed, events: samplePublic, bodies: { note: () => undefined }, watched: () => undefined, now: () => 0, logger: silentLogger });
    while ((await takeUp.look(webhook, () => undefined)).more);
    expect(shelf.size).to.equal(MOST_WAITING);
    expect(takeUp.hasRoom(), 'room').to.equal(false);
    let stored = 0;
    for await (const _entry of state.list(QUEUE)) stored += 1;
    expect(stored).to.equal(MOST_WAITING);
    for (const { eventId } of [...shelf.waiting()].slice(0, 300)) await shelf.remove(eventId);
    expect(takeUp.hasRoom(), 'room').to.equal(true);
    while ((await takeUp.look(webhook, () => undefined)).more);
    expect(shelf.size).to.be.within(MOST_WAITING - 200, MOST_WAITING);
  });
});

const at = (n: number): string => String(n).padStart(20, '0');

describe('a look at the log', () => {
  const webhook = { settings: { types: null } } as unknown as Webhook;
  const page = events(1, 5);
  const feed = { pull: async () => ({ events: page, scannedTo: page.at(-1)?.position }) };
  const lookOn = async ({ upTo = null, watched, onTaken = () => undefined }: Readonly<{ upTo?: string | null; watched?: string; onTaken?: (shelf: Shelf) => void }>) => {
    const state = createMemoryState(() => 0);
    const shelf = (await openShelves(state)).of(ENDPOINT);
    await shelf.openLane('lane', { place: null, upTo, since: null, until: null, types: null });
    const takeUp = createTakeUp({ shelf, feed, events: samplePublic, bodies: { note: () => undefined }, watched: () => watched as Position | undefined, now: () => 0, logger: silentLogger });
    const { more } = await takeUp.look(webhook, () => onTaken(shelf));
    return { more, place: (await openShelves(state)).of(ENDPOINT).lanes()[0]?.[1].place };
  };

  it('lets what it found begin before its place is stored, and not before it waits', async () => {
    let seen: unknown;
    const { place } = await lookOn({ onTaken: (shelf) => { seen = [shelf.size, shelf.lanes()[0]?.[1].place]; } });
    expect(seen).to.deep.equal([5, null]);
    expect(place).to.equal(at(5));
  });

  it('asks for another only where nobody will tell of what follows', async () => {
    expect((await lookOn({ watched: at(5) })).more, 'everything that was watched has been looked at').to.equal(false);
    expect((await lookOn({ watched: at(6) })).more).to.equal(true);
    expect((await lookOn({})).more, 'nobody watches yet').to.equal(true);
    expect((await lookOn({ watched: at(5), upTo: at(9) })).more, 'nobody tells a replay').to.equal(true);
  });
});

describe('a replay', () => {
  const webhook = { settings: { types: null } } as unknown as Webhook;
  const all = events(1, 3_000);
  const feed = {
    pull: async (after: Position | undefined, limit: number) => {
      const page = all.filter(({ position }) => after === undefined || position > after).slice(0, limit);
      return { events: page, scannedTo: page.at(-1)?.position ?? after };
    },
  };
  const open = async () => {
    const state = createMemoryState(() => 0);
    const shelf = (await openShelves(state)).of(ENDPOINT);
    const takeUp = createTakeUp({ shelf, feed, events: samplePublic, bodies: { note: () => undefined }, watched: () => undefined, now: () => 0, logger: silentLogger });
    return { state, shelf, takeUp };
  };

  it('takes nothing of the room of what is new, and has little itself', async () => {
    const { state, shelf, takeUp } = await open();
    await shelf.openLane('replay', { place: null, upTo: at(2_900), since: null, until: null, types: null });
    while ((await takeUp.look(webhook, () => undefined)).more);
    expect([shelf.size, shelf.again]).to.deep.equal([MOST_REPLAYED, MOST_REPLAYED]);
    await shelf.openLane('main', { place: at(1_500), upTo: null, since: null, until: null, types: null });
    while ((await takeUp.look(webhook, () => undefined)).more);
    expect([shelf.size, shelf.again]).to.deep.equal([MOST_REPLAYED + MOST_WAITING, MOST_REPLAYED]);
    const [found] = (await openShelves(state)).all();
    expect([found?.size, found?.again], 'over a restart').to.deep.equal([MOST_REPLAYED + MOST_WAITING, MOST_REPLAYED]);
  });

  it('makes nothing wait that is new', async () => {
    const { shelf, takeUp } = await open();
    await shelf.set({ ...waiting(at(2_990)), again: true });
    await shelf.openLane('main', { place: at(2_980), upTo: null, since: null, until: null, types: null });
    while ((await takeUp.look(webhook, () => undefined)).more);
    expect(shelf.again).to.equal(0);
  });
});

const again = (position: string): Waiting => ({ ...waiting(position), again: true });

const openCalls = async (queue: readonly Waiting[]) => {
  const shelf = (await openShelves(createMemoryState(() => 0))).of(ENDPOINT);
  for (const one of queue) await shelf.set(one);
  const begun: string[] = [];
  const free = new Map<string, () => void>();
  let ended = 0;
  const calls = createCalls({
    shelf, slots: freeSlots, clock: { now: () => 0 }, logger: silentLogger, onEnd: () => { ended += 1; },
    attempt: (_endpoint, { eventPosition }) => new Promise((resolve) => {
      begun.push(eventPosition);
      free.set(eventPosition, () => resolve({ outcome: 'delivered' }));
    }),
  });
  const settle = async (position: string): Promise<void> => {
    const ends = ended;
    free.get(position)?.();
    await until('its end', () => (ended > ends ? true : undefined));
  };
  const launch = async (): Promise<void> => {
    calls.launch();
    await new Promise((resolve) => { setImmediate(resolve); });
  };
  return { shelf, calls, begun, settle, launch };
};

describe('calls of a receiver', () => {

  it('leave room for what is new, whatever comes again', async () => {
    const { shelf, calls, begun, settle, launch } = await openCalls([again('1'), again('2'), again('3'), again('4'), again('5'), waiting('6')]);
    await launch();
    expect(begun, 'one at first, and what is new before all else').to.deep.equal(['6']);
    await settle('6');
    await launch();
    expect(begun).to.deep.equal(['6', '1', '2']);
    expect(calls.idleFor(), 'nothing that could begin').to.equal(60_000);
    await shelf.set(waiting('7'));
    await shelf.set(waiting('8'));
    await launch();
    expect(begun).to.deep.equal(['6', '1', '2', '7', '8']);
    await settle('1');
    await launch();
    expect(begun).to.deep.equal(['6', '1', '2', '7', '8', '3']);
  });
});

const event = (text: string) => ({ specversion: '1.0', id: 'e', source: '/s', type: 't', time: 'now', data: { text } }) as const;

const link = async (): Promise<string> => 'https://chancery.example/there';

describe('bodies of deliveries', () => {
  it('carry what happened', async () => expect(JSON.parse(await bodyOf(event('short'), link))).to.deep.equal(event('short')));
  it('say where it is when it is too large, in octets', async () => {
    const body = await bodyOf(event('é'.repeat(LARGEST_BODY / 2)), link);
    expect(Buffer.byteLength(body)).to.be.lessThan(LARGEST_BODY);
    expect(JSON.parse(body)).to.include({ id: 'e', dataref: 'https://chancery.example/there' }).and.not.have.property('data');
  });
});

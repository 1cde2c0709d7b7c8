import { expect } from 'chai';
import { createAggregate } from '../../../application/kernel/command-handler.ts';
import type { AppendOptions, Cause, KeyRecord } from '../../../application/kernel/ports.ts';
import type { Decider, Message } from '../../../domain/kernel/decider.ts';
import { streamId, type TenantId } from '../../../domain/kernel/ids.ts';
import { reject, Rejection } from '../../../domain/kernel/rejection.ts';
import { rejection } from '../../support/rejections.ts';
import { createScriptedStore } from '../../support/scripted-store.ts';

type Taken = Message<'Taken', { seat: number }>;
type Take = Message<'Take', { seat: number }>;

const SEATS = 3;

/** Seats, each of them once; the same seat again is no news. */
const seats: Decider<readonly number[], Take, Taken> = {
  initialState: [],
  evolve: (taken, { data }) => [...taken, data.seat],
  decide: ({ data }, taken) => {
    if (taken.includes(data.seat)) return [];
    return taken.length < SEATS ? [{ type: 'Taken', data }] : reject('seats.full');
  },
};

const stream = streamId('test.seats', 'tenant' as TenantId, 'hall');
const take = (seat: number): Take => ({ type: 'Take', data: { seat } });
const by = (id: string): Cause => ({ actor: { kind: 'person', id }, correlation: `request of ${id}` });

const withKey = (id: string): Cause & AppendOptions => ({ ...by(id), keys: [{ id: `key of ${id}` } as KeyRecord] });

const setUp = () => {
  const store = createScriptedStore();
  let appends = 0;
  const counting = { ...store, append: (...given: Parameters<typeof store.append>) => ((appends += 1), store.append(...given)) };
  return { store, aggregate: createAggregate(counting, seats), appends: () => appends };
};

const outcomeOf = (result: PromiseSettledResult<unknown>): unknown => (result.status === 'fulfilled' ? 'ok' : (result.reason as Rejection).code);

describe('commands on one stream', () => {
  it('are decided in their order, each on what those before it led to, whatever arrives meanwhile', async () => {
    const { store, aggregate } = setUp();
    const results = await Promise.allSettled([1, 2, 2, 3, 4, 1].map((seat, index) => aggregate.execute(stream, take(seat), by(`p${index}`))));
    expect(results.map(outcomeOf)).to.deep.equal(['ok', 'ok', 'ok', 'ok', 'seats.full', 'ok']);
    expect(store.log.map(({ data }) => (data as Taken['data']).seat)).to.deep.equal([1, 2, 3]);
  });

  it('are appended together while an append is on its way, each event with the cause of its command', async () => {
    const { store, aggregate, appends } = setUp();
    const outcomes = await Promise.all([1, 2, 2, 3].map((seat, index) => aggregate.execute(stream, take(seat), by(`p${index}`))));
    expect(appends()).to.equal(2);
    expect(store.log.map(({ cause }) => cause)).to.deep.equal([by('p0'), by('p1'), by('p3')]);
    expect(outcomes.map(({ events, state, revision, position }) => ({ events: events.length, state, revision, told: position !== undefined }))).to.deep.equal([
      { events: 1, state: [1], revision: 0, told: true },
      { events: 1, state: [1, 2], revision: 1, told: true },
      { events: 0, state: [1, 2], revision: 1, told: false },
      { events: 1, state: [1, 2, 3], revision: 2, told: true },
    ]);
    expect((await aggregate.load(stream)).state).to.deep.equal([1, 2, 3]);
  });

  it('are told nothing that was decided on events that are not stored', async () => {
    const { store, aggregate } = setUp();
    store.plan.push('ok', new Rejection('storage.unavailable'), new Rejection('storage.unavailable'), 'ok');
    const results = await Promise.allSettled([1, 2, 2].map((seat) => aggregate.execute(stream, take(seat), by('p'))));
    // The second failed for itself too; the third, which would have had nothing to do after it, then takes the seat.
    expect(results.map(outcomeOf)).to.deep.equal(['ok', 'storage.unavailable', 'ok']);
    expect(store.log.map(({ data }) => (data as Taken['data']).seat)).to.deep.equal([1, 2]);
  });

  it('are all decided again when another process was first', async () => {
    const { store, aggregate } = setUp();
    const first = aggregate.execute(stream, take(1), by('p'));
    const others = [2, 3].map((seat) => aggregate.execute(stream, take(seat), by('p')));
    await first;
    await store.append(stream, 0, [{ type: 'Taken', data: { seat: 2 } }], by('another'));
    const results = await Promise.all(others);
    expect(results.map(({ events }) => events.length)).to.deep.equal([0, 1]);
    expect(store.log.map(({ data }) => (data as Taken['data']).seat)).to.deep.equal([1, 2, 3]);
  });

  it('that bring ids of their own are appended alone', async () => {
    const { aggregate, appends } = setUp();
    const alone = { ...by('p'), ids: ['019aa5c4-6f00-7000-8000-000000000001'] };
    await Promise.all([aggregate.execute(stream, take(1), by('p')), aggregate.execute(stream, take(2), alone), aggregate.execute(stream, take(3), by('p'))]);
    expect(appends()).to.equal(3);
  });

  it('that bring keys are appended together with all their keys, but for those of commands that were refused', async () => {
    const { store } = setUp();
    const keys: (readonly string[])[] = [];
    const noting = { ...store, append: (...given: Parameters<typeof store.append>) => (keys.push((given[3].keys ?? []).map(({ id }) => id)), store.append(...given)) };
    const noted = createAggregate(noting, seats);
    const results = await Promise.allSettled([1, 2, 2, 3, 4].map((seat, index) => noted.execute(stream, take(seat), withKey(`p${index}`))));
    expect(results.map(outcomeOf)).to.deep.equal(['ok', 'ok', 'ok', 'ok', 'seats.full']);
    expect(keys).to.deep.equal([['key of p0'], ['key of p1', 'key of p3']]);
  });

  it('give up after ten lost races', async () => {
    const { store, aggregate } = setUp();
    store.plan.push(...Array.from({ length: 10 }, () => new Rejection('kernel.wrong_revision')));
    expect(await rejection(aggregate.execute(stream, take(1), by('p')))).to.include({ code: 'kernel.busy' });
  });
});

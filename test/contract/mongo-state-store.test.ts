import { expect } from 'chai';
import { randomUUID } from 'node:crypto';
import type { Db } from 'mongodb';
import type { StateStore } from '../../application/kernel/state.ts';
import { Rejection } from '../../domain/kernel/rejection.ts';
import { openMongoState, type OpenMongoState } from '../../infrastructure/mongodb/state-store.ts';
import { openOwnMongo, type OwnMongo } from '../support/own-mongo.ts';
import { rejection } from '../support/rejections.ts';
import { silentLogger } from '../support/silent.ts';
import { stateStoreContract } from './state-store.contract.ts';

describe('contract: state store in MongoDB', function suite() {
  this.timeout(60_000);
  const clock = { time: 1_000_000, now: (): number => clock.time };
  let mongo: OwnMongo;
  let db: Db;
  let opened: readonly OpenMongoState[];
  const open = async (): Promise<OpenMongoState> => {
    const { db: same, guarded: asking } = await mongo.open();
    return openMongoState({ db: same, asking, clock, logger: silentLogger });
  };
  /** Two processes that share nothing but the server. */
  const each = (index: number): StateStore => (opened[index % 2] as OpenMongoState).state;

  before(async function connect() {
    mongo = openOwnMongo(this);
    ({ db } = await mongo.open());
    opened = [await open(), await open()];
  });

  after(async () => {
    await Promise.all((opened ?? []).map(({ close }) => close()));
    await mongo?.close();
  });

  stateStoreContract(() => ({ state: each(0), clock }));

  describe('of two processes', () => {
    it('admits exactly the limit, window after window, and the counts are each given once', async () => {
      const scope = randomUUID();
      for (const now of [5, 70_000, 140_000]) {
        const hits = await Promise.all(Array.from({ length: 300 }, (_, index) => each(index).hit(scope, 'k', { limit: 60, windowMs: 60_000, now })));
        const admitted = hits.filter(({ exceeded }) => !exceeded).map(({ count }) => count);
        expect(admitted.toSorted((one, other) => one - other)).to.deep.equal(Array.from({ length: 60 }, (_, index) => index + 1));
        expect(new Set(hits.map(({ resetAt }) => resetAt))).to.deep.equal(new Set([now + 60_000]));
      }
    });

    it('counts each by its own limit, where they differ, in one window', async () => {
      const scope = randomUUID();
      const hits = await Promise.all(Array.from({ length: 200 }, (_, index) => each(index).hit(scope, 'k', { limit: index % 2 === 0 ? 10 : 50, windowMs: 60_000, now: 5 })));
      expect(hits.filter(({ exceeded }) => !exceeded)).to.have.lengthOf(50);
    });

    it('lets one of many win, set after set', async () => {
      const scope = randomUUID();
      let value: string | undefined;
      for (let round = 0; round < 4; round += 1) {
        const won = await Promise.all(Array.from({ length: 20 }, (_, index) => each(index).compareAndSet(scope, 'k', value, { value: `${round} ${index}` })));
        expect(won.filter(Boolean)).to.have.lengthOf(1);
        value = `${round} ${won.indexOf(true)}`;
        expect(await each(round).get(scope, 'k')).to.equal(value);
      }
      const removed = await Promise.all(Array.from({ length: 20 }, (_, index) => each(index).compareAndSet(scope, 'k', value, undefined)));
      expect(removed.filter(Boolean)).to.have.lengthOf(1);
    });

    it('lets one of many follow on what has expired', async () => {
      const scope = randomUUID();
      await each(0).compareAndSet(scope, 'k', undefined, { value: 'old', expiresAt: clock.time + 1 });
      clock.time += 1;
      const won = await Promise.all(Array.from({ length: 20 }, (_, index) => each(index).compareAndSet(scope, 'k', undefined, { value: String(index) })));
      expect(won.filter(Boolean)).to.have.lengthOf(1);
    });

    it('adds up totals of both', async () => {
      const scope = randomUUID();
      for (let index = 0; index < 40; index += 1) each(index).bump(scope, 'k', index);
      await Promise.all([0, 1].map((index) => each(index).totals(scope, ['k'])));
      expect((await each(0).totals(scope, ['k'])).get('k')).to.deep.equal({ count: 40, lastAt: 39 });
    });
  });

  it('counts on from what it knows while the server is away, and adds that when it is back', async () => {
    const scope = randomUUID();
    let isAway = false;
    const { db: same, guarded } = await mongo.open();
    const asking: typeof guarded = (work) => (isAway ? Promise.reject(new Rejection('storage.unavailable', { retryAfter: 1 })) : guarded(work));
    const third = await openMongoState({ db: same, asking, clock, logger: silentLogger });
    const hit = (state: StateStore) => state.hit(scope, 'k', { limit: 6, windowMs: 1_000, now: clock.time });
    const counts = async (state: StateStore, times: number): Promise<readonly unknown[]> => {
      const answers = [];
      for (let time = 0; time < times; time += 1) answers.push(await hit(state));
      return answers.map(({ count, exceeded }) => (exceeded ? 'exceeded' : count));
    };
    expect(await counts(third.state, 2)).to.deep.equal([1, 2]);
    isAway = true;
    expect(await counts(third.state, 2)).to.deep.equal([3, 4]);
    expect(await counts(each(0), 1), 'another one, which reaches the server').to.deep.equal([3]);
    isAway = false;
    expect(await counts(third.state, 2)).to.deep.equal([6, 'exceeded']);
    expect(await counts(each(0), 1)).to.deep.equal(['exceeded']);
    isAway = true;
    clock.time += 1_000;
    expect(await counts(third.state, 7), 'the next window').to.deep.equal([1, 2, 3, 4, 5, 6, 'exceeded']);
    expect((await rejection(third.state.get(scope, 'k'))).code).to.equal('storage.unavailable');
    await third.close();
  });

  it('sweeps away what has expired, and nothing else', async () => {
    const scope = randomUUID();
    await each(0).compareAndSet(scope, 'gone', undefined, { value: 'a', expiresAt: clock.time + 5 });
    await each(0).compareAndSet(scope, 'stays', undefined, { value: 'b', expiresAt: clock.time + 6 });
    await each(0).compareAndSet(scope, 'for ever', undefined, { value: 'c' });
    await each(0).hit(scope, 'gone', { limit: 1, windowMs: 5, now: clock.time });
    await each(0).hit(scope, 'stays', { limit: 1, windowMs: 6, now: clock.time });
    clock.time += 5;
    await opened[1]?.sweep();
    const left = async (collection: string): Promise<readonly unknown[]> => (await db.collection(collection).find({}).toArray()).map(({ _id }) => _id).filter((id) => String(id).startsWith(scope));
    expect(await left('state_entries')).to.have.members([`${scope}\nstays`, `${scope}\nfor ever`]);
    expect(await left('state_windows')).to.deep.equal([`${scope}\nstays`]);
  });
});

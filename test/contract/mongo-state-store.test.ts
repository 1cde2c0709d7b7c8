import { expect } from 'chai';
import { randomUUID } from 'node:crypto';
import type { Db } from 'mongodb';
import type { StateStore } from '../../application/kernel/state.ts';
import { openMongoState, type OpenMongoState } from '../../infrastructure/mongodb/state-store.ts';
import { openOwnMongo, type OwnMongo } from '../support/own-mongo.ts';
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

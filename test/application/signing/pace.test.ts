/** The person's streams: cut by day, and exact across the cuts and under changes of the policy. */
import { expect } from 'chai';
import type { EventStore } from '../../../application/kernel/ports.ts';
import { createPace, type Paces, type RecentSignings } from '../../../application/signing/pace.ts';
import { createScriptedStore } from '../../support/scripted-store.ts';
import { rejection } from '../../support/rejections.ts';
import { tenantView, USER } from '../../support/signing.ts';

const MIDNIGHT = Date.parse('2026-03-10T00:00:00.000Z');
const WHO: Paces = { tenant: tenantView().id, userId: USER, revision: 0, count: 3, windowSeconds: 60 };
const CAUSE = { actor: { kind: 'person', id: USER }, correlation: 'test' } as const;

const asking = (operationId: string, at: number) => ({ operationId, at, cause: CAUSE });

const setUp = (recent: RecentSignings = async () => []) => {
  const store = createScriptedStore();
  const pace = createPace({ store, recent });
  return {
    store,
    take: (operationId: string, at: number, who: Paces = WHO) => pace.take(who, asking(operationId, at)),
    look: (at: number, who: Paces = WHO) => pace.look(who, asking('look', at)),
    streams: () => [...new Set(store.log.map(({ stream }) => stream))],
  };
};

describe('pace of a person', () => {
  it('is exact for 64 at the same moment', async () => {
    const { take } = setUp();
    const outcomes = await Promise.allSettled(Array.from({ length: 64 }, (_, index) => take(`op-${index}`, MIDNIGHT + 5_000)));
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).to.have.length(3);
  });

  it('is exact for 64 around midnight, with two programs on a store that takes its time', async () => {
    const store = createScriptedStore();
    const slow: EventStore = {
      ...store,
      append: async (...given) => {
        await new Promise((done) => { setImmediate(done); });
        return store.append(...given);
      },
    };
    const [one, other] = [createPace({ store: slow, recent: async () => [] }), createPace({ store: slow, recent: async () => [] })];
    const outcomes = await Promise.allSettled(
      Array.from({ length: 64 }, (_, index) => {
        const at = MIDNIGHT + (index % 2 === 0 ? -20 : 20);
        return (index % 4 < 2 ? one : other).take(WHO, asking(`op-${index}`, at));
      }),
    );
    const failed = outcomes.filter((outcome) => outcome.status === 'rejected').map(({ reason }) => (reason as { code: string }).code);
    expect(new Set(failed)).to.deep.equal(new Set(['signing.policy_user_rate']));
    expect(outcomes.length - failed.length).to.equal(3);
  });

  it('goes on over midnight with what is still in the window', async () => {
    const { take, look, streams } = setUp();
    await take('a', MIDNIGHT - 50_000);
    await take('b', MIDNIGHT - 10_000);
    expect(await look(MIDNIGHT)).to.deep.include({ signedInWindow: 2 });
    expect(await look(MIDNIGHT + 10_000)).to.deep.include({ signedInWindow: 1 });
    await take('c', MIDNIGHT + 11_000);
    expect(await look(MIDNIGHT + 12_000)).to.deep.include({ signedInWindow: 2 });
    expect(streams().map((stream) => stream.slice(-10))).to.deep.equal(['2026-03-08', '2026-03-09', '2026-03-10']);
  });

  it('takes a request that comes late into the day that is open', async () => {
    const { take, look } = setUp();
    await take('a', MIDNIGHT + 1_000);
    await take('b', MIDNIGHT - 1_000);
    expect(await look(MIDNIGHT + 2_000)).to.deep.include({ signedInWindow: 2 });
  });

  it('starts from the signings that were there before', async () => {
    const asked: unknown[][] = [];
    const { look, take } = setUp(async (...given) => {
      asked.push(given);
      return [{ operationId: 'x', at: new Date(MIDNIGHT + 1_000).toISOString() }, { operationId: 'y', at: new Date(MIDNIGHT + 2_000).toISOString() }];
    });
    await take('a', MIDNIGHT + 30_000);
    expect((await rejection(take('b', MIDNIGHT + 31_000))).details).to.deep.equal({ retryAfter: 30 });
    expect(await look(MIDNIGHT + 61_000)).to.deep.include({ signedInWindow: 2 });
    expect(asked).to.deep.equal([[WHO, '2026-03-09T23:59:30.000Z', 3]]);
  });

  it('adds them to its own when the policy has changed: they may go further back, and lack the newest', async () => {
    const { take, look } = setUp(async (_who, since) => [{ operationId: 'x', at: new Date(Date.parse(since) + 1).toISOString() }]);
    await take('a', MIDNIGHT + 1_000);
    expect(await look(MIDNIGHT + 1_000, { ...WHO, revision: 1, windowSeconds: 3_600 })).to.deep.include({ signedInWindow: 2 });
  });

  it('counts under a new policy what was taken under the one before, also what no read model shows yet', async () => {
    const { take } = setUp();
    await take('a', MIDNIGHT + 1_000);
    await take('b', MIDNIGHT + 1_000);
    await take('c', MIDNIGHT + 1_000, { ...WHO, revision: 1 });
    expect((await rejection(take('d', MIDNIGHT + 1_000, { ...WHO, revision: 1 }))).code).to.equal('signing.policy_user_rate');
    await take('d', MIDNIGHT + 1_000, { ...WHO, revision: 2, count: 4 });
  });

  it('asks again about an operation under a new policy; who is refused makes room for the next', async () => {
    const { take } = setUp();
    for (const id of ['a', 'b', 'c']) await take(id, MIDNIGHT + 1_000);
    const lower = { ...WHO, revision: 1, count: 2 };
    expect((await rejection(take('a', MIDNIGHT + 1_000, lower))).code).to.equal('signing.policy_user_rate');
    await take('b', MIDNIGHT + 1_000, lower);
    await take('b', MIDNIGHT + 1_000, lower);
    await take('c', MIDNIGHT + 1_000, lower);
    expect((await rejection(take('a', MIDNIGHT + 1_000, lower))).code).to.equal('signing.policy_user_rate');
  });

  it('refuses who was judged by a policy that is in force no more', async () => {
    const { take } = setUp();
    await take('a', MIDNIGHT + 1_000, { ...WHO, revision: 1 });
    expect((await rejection(take('b', MIDNIGHT + 1_000))).code).to.equal('signing.pace_superseded');
  });

  it('is exact for 64 around a midnight at which the policy changes again and again', async () => {
    const { take } = setUp();
    const outcomes = await Promise.allSettled(Array.from({ length: 64 }, async (_, index) => {
      const at = MIDNIGHT + (index % 2 === 0 ? -20 : 20);
      for (let revision = index % 5; ; revision += 1) {
        try {
          return await take(`op-${index}`, at, { ...WHO, revision });
        } catch (error) {
          if ((error as { code: string }).code !== 'signing.pace_superseded') throw error;
        }
      }
    }));
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).to.have.length(3);
  });

  it('gives back, also what another day has taken over', async () => {
    const { take, look } = setUp();
    const undo = await take('a', MIDNIGHT - 5_000);
    await take('b', MIDNIGHT + 5_000);
    expect(await look(MIDNIGHT + 6_000)).to.deep.include({ signedInWindow: 2 });
    await undo();
    expect(await look(MIDNIGHT + 6_000)).to.deep.include({ signedInWindow: 1 });
    await undo();
    expect(await look(MIDNIGHT + 6_000)).to.deep.include({ signedInWindow: 1 });
  });

  it('is not widened by a clock that goes back', async () => {
    const { take } = setUp();
    for (const id of ['a', 'b', 'c']) await take(id, MIDNIGHT + 30_000);
    expect((await rejection(take('d', MIDNIGHT + 1_000))).code).to.equal('signing.policy_user_rate');
  });

  it('is each person\'s and each tenant\'s own', async () => {
    const { take } = setUp();
    for (const id of ['a', 'b', 'c']) await take(id, MIDNIGHT);
    await take('d', MIDNIGHT, { ...WHO, userId: '019aa5c4-6f00-7000-8000-00000000000c' });
    await take('e', MIDNIGHT, { ...WHO, tenant: '019aa5c4-6f00-7000-8000-0000000000f1' as Paces['tenant'] });
    expect((await rejection(take('f', MIDNIGHT))).code).to.equal('signing.policy_user_rate');
  });
});

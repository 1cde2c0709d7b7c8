/** What places in the signing step keep to. Each test is an organization of its own. */
import { expect } from 'chai';
import { randomUUID } from 'node:crypto';
import type { SigningPlaces } from '../../application/signing/ports.ts';
import type { TenantId } from '../../domain/kernel/ids.ts';
import type { PlacesOptions } from '../../infrastructure/signing/in-process-places.ts';
import { rejection } from '../support/rejections.ts';
import { until } from '../support/until.ts';

export const someOrganization = (): TenantId => randomUUID() as TenantId;

/** Those of an organization who have entered, in order, and leave by their names. */
export const createVisits = (places: SigningPlaces, tenant = someOrganization()) => {
  const entered: string[] = [];
  const leaving = new Map<string, () => void>();
  return {
    tenant,
    entered,
    enter: async (name: string, limit = 1, signal?: AbortSignal): Promise<void> => {
      leaving.set(name, await places.take(tenant, limit, signal));
      entered.push(name);
    },
    leave: (name: string): void => leaving.get(name)?.(),
    inside: (name: string): Promise<true> => until(`${name} inside`, () => entered.includes(name) || undefined),
  };
};

/** `one` and `other`: as two processes have them, where an adapter is for several. */
export type OpenPlaces = (options?: Pick<PlacesOptions, 'waitMs' | 'mostWaiting'>) => Readonly<{ one: SigningPlaces; other: SigningPlaces }>;

const visitsIn = (open: OpenPlaces, options?: Parameters<OpenPlaces>[0]) => createVisits(open(options).one);

const takesTurns = (open: OpenPlaces): void => {
  it('lets in as many as there are places, and the others in the order in which they came', async () => {
    const { enter, entered, leave, inside } = visitsIn(open);
    const all = ['a', 'b', 'c', 'd'].map((name) => enter(name, 2));
    await Promise.all([inside('a'), inside('b')]);
    expect(entered).to.deep.equal(['a', 'b']);
    leave('b');
    await inside('c');
    expect(entered).to.deep.equal(['a', 'b', 'c']);
    leave('a');
    await Promise.all(all);
    expect(entered).to.deep.equal(['a', 'b', 'c', 'd']);
  });

  it('keeps to the limit whoever asks where, and lets everybody in at last', async () => {
    const { one, other } = open();
    const tenant = someOrganization();
    let [inside, most, served] = [0, 0, 0];
    const visit = async (places: SigningPlaces): Promise<void> => {
      const leave = await places.take(tenant, 3);
      inside += 1;
      most = Math.max(most, inside);
      await new Promise((resolve) => { setImmediate(resolve); });
      inside -= 1;
      served += 1;
      leave();
    };
    await Promise.all(Array.from({ length: 60 }, (_, index) => visit(index % 2 === 0 ? one : other)));
    expect(served).to.equal(60);
    expect(most).to.be.within(1, 3);
  });

  it('leaves once, however often it is said', async () => {
    const { one } = open();
    const { enter, entered, leave, inside } = createVisits(one);
    const all = ['a', 'b', 'c'].map((name) => enter(name));
    await inside('a');
    leave('a');
    leave('a');
    await inside('b');
    (await one.take(someOrganization(), 1))();
    expect(entered).to.deep.equal(['a', 'b']);
    leave('b');
    await Promise.all(all);
  });

  it('keeps organizations apart', async () => {
    const { one } = open();
    const [first, second] = [createVisits(one), createVisits(one)];
    await first.enter('a');
    await second.enter('b');
  });

  it('follows a limit that is raised or lowered meanwhile', async () => {
    const { enter, entered, leave, inside } = visitsIn(open);
    const all = ['a', 'b', 'c'].map((name) => enter(name));
    await inside('a');
    all.push(enter('d', 3));
    await inside('c');
    expect(entered).to.deep.equal(['a', 'b', 'c']);
    all.push(enter('e', 1));
    for (const [gone, next] of [['c', undefined], ['b', undefined], ['a', 'd'], ['d', 'e']] as const) {
      leave(gone);
      if (next !== undefined) await inside(next);
    }
    await Promise.all(all);
    expect(entered).to.deep.equal(['a', 'b', 'c', 'd', 'e']);
  });
};

const turnsAway = (open: OpenPlaces): void => {
  it('turns away who has waited too long, and forgets them', async () => {
    const { enter, entered, leave } = visitsIn(open, { waitMs: 300 });
    await enter('a');
    expect(await rejection(enter('b'))).to.deep.equal({ code: 'signing.queue_timeout', details: { retryAfter: 5 } });
    leave('a');
    await enter('c');
    expect(entered).to.deep.equal(['a', 'c']);
  });

  it('turns away at once when too many wait', async () => {
    const { enter, entered, leave, inside } = visitsIn(open, { mostWaiting: 2 });
    const all = ['a', 'b', 'c'].map((name) => enter(name));
    expect((await rejection(enter('d'))).code).to.equal('signing.queue_timeout');
    for (const name of ['a', 'b', 'c']) {
      await inside(name);
      leave(name);
    }
    await Promise.all(all);
    expect(entered).to.deep.equal(['a', 'b', 'c']);
  });

  it('makes room when a client that waits has gone', async () => {
    const { enter, entered, leave } = visitsIn(open, { mostWaiting: 1 });
    await enter('a');
    const gone = new AbortController();
    const waiting = rejection(enter('b', 1, gone.signal));
    gone.abort();
    expect((await waiting).code).to.equal('request.timeout');
    const next = enter('c');
    leave('a');
    await next;
    expect(entered).to.deep.equal(['a', 'c']);
  });

  it('does not even queue a client that has gone already', async () => {
    const { enter } = visitsIn(open);
    expect((await rejection(enter('a', 1, AbortSignal.abort()))).code).to.equal('request.timeout');
    await enter('b');
  });

  it('a client that goes while inside keeps the place until it leaves', async () => {
    const { enter, entered, leave } = visitsIn(open, { waitMs: 300 });
    const gone = new AbortController();
    await enter('a', 1, gone.signal);
    gone.abort();
    expect((await rejection(enter('b'))).code).to.equal('signing.queue_timeout');
    leave('a');
    await enter('c');
    expect(entered).to.deep.equal(['a', 'c']);
  });
};

export const signingPlacesContract = (open: OpenPlaces): void => {
  takesTurns(open);
  turnsAway(open);
};

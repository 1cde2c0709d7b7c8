import { expect } from 'chai';
import type { TenantId } from '../../../domain/kernel/ids.ts';
import { createInProcessPlaces, type After, type PlacesOptions } from '../../../infrastructure/signing/in-process-places.ts';
import { rejection } from '../../support/rejections.ts';

const ACME = 'acme' as TenantId;
const OTHER = 'other' as TenantId;

/** Timers that go off when a test says so. */
const createTimers = () => {
  const set = new Set<() => void>();
  const after: After = (_milliseconds, run) => {
    set.add(run);
    return () => set.delete(run);
  };
  return { after, count: () => set.size, goOff: () => [...set].forEach((run) => run()) };
};

const setUp = (options: Omit<PlacesOptions, 'after'> = {}) => {
  const timers = createTimers();
  const places = createInProcessPlaces({ ...options, after: timers.after });
  const entered: string[] = [];
  const leave = new Map<string, () => void>();
  const enter = async (name: string, limit = 1, tenant = ACME, signal?: AbortSignal): Promise<void> => {
    leave.set(name, await places.take(tenant, limit, signal));
    entered.push(name);
  };
  return { timers, places, entered, enter, leave: (name: string) => leave.get(name)?.() };
};

const settled = () => new Promise<void>((resolve) => { setImmediate(resolve); });

describe('places in the signing step', () => {
  it('lets in as many as there are places, and the others in the order in which they came', async () => {
    const { enter, entered, leave } = setUp();
    const all = ['a', 'b', 'c', 'd'].map(async (name) => enter(name, 2));
    await settled();
    expect(entered).to.deep.equal(['a', 'b']);
    leave('b');
    await settled();
    expect(entered).to.deep.equal(['a', 'b', 'c']);
    leave('a');
    await Promise.all(all);
    expect(entered).to.deep.equal(['a', 'b', 'c', 'd']);
  });

  it('leaves once, however often it is said', async () => {
    const { enter, entered, leave } = setUp();
    const all = ['a', 'b', 'c'].map(async (name) => enter(name));
    await settled();
    leave('a');
    leave('a');
    await settled();
    expect(entered).to.deep.equal(['a', 'b']);
    leave('b');
    await Promise.all(all);
  });

  it('keeps organizations apart', async () => {
    const { enter, entered } = setUp();
    await enter('a');
    await enter('b', 1, OTHER);
    expect(entered).to.deep.equal(['a', 'b']);
  });

  it('turns away who has waited too long, and forgets them', async () => {
    const { enter, entered, leave, timers } = setUp();
    await enter('a');
    const late = rejection(enter('b'));
    await settled();
    timers.goOff();
    expect(await late).to.deep.equal({ code: 'signing.queue_timeout', details: { retryAfter: 5 } });
    leave('a');
    await enter('c');
    expect(entered).to.deep.equal(['a', 'c']);
    expect(timers.count()).to.equal(0);
  });

  it('turns away at once when too many wait', async () => {
    const { enter, entered, leave } = setUp({ mostWaiting: 2 });
    const all = ['a', 'b', 'c'].map(async (name) => enter(name));
    expect((await rejection(enter('d'))).code).to.equal('signing.queue_timeout');
    for (const name of ['a', 'b', 'c']) {
      leave(name);
      await settled();
    }
    await Promise.all(all);
    expect(entered).to.deep.equal(['a', 'b', 'c']);
  });

  it('makes room when a client that waits has gone', async () => {
    const { enter, entered, leave, timers } = setUp({ mostWaiting: 1 });
    await enter('a');
    const gone = new AbortController();
    const waiting = rejection(enter('b', 1, ACME, gone.signal));
    gone.abort();
    expect((await waiting).code).to.equal('request.timeout');
    const next = enter('c');
    leave('a');
    await next;
    expect(entered).to.deep.equal(['a', 'c']);
    expect(timers.count()).to.equal(0);
  });

  it('does not even queue a client that has gone already', async () => {
    const { enter } = setUp();
    expect((await rejection(enter('a', 1, ACME, AbortSignal.abort()))).code).to.equal('request.timeout');
    await enter('b');
  });

  it('a client that goes while inside keeps the place until it leaves', async () => {
    const { enter, entered, leave } = setUp();
    const gone = new AbortController();
    await enter('a', 1, ACME, gone.signal);
    gone.abort();
    const next = enter('b');
    await settled();
    expect(entered).to.deep.equal(['a']);
    leave('a');
    await next;
  });

  it('follows a limit that is raised or lowered meanwhile', async () => {
    const { enter, entered, leave } = setUp();
    const all = ['a', 'b', 'c'].map(async (name) => enter(name));
    all.push(enter('d', 3));
    await settled();
    expect(entered).to.deep.equal(['a', 'b', 'c']);
    all.push(enter('e', 1));
    leave('a');
    leave('b');
    await settled();
    expect(entered, 'one is inside, as many as there may be').to.deep.equal(['a', 'b', 'c']);
    leave('c');
    await settled();
    leave('d');
    await Promise.all(all);
    expect(entered).to.deep.equal(['a', 'b', 'c', 'd', 'e']);
  });

  it('waits by the machine\'s own timer unless given another', async () => {
    const places = createInProcessPlaces({ waitMs: 5 });
    await places.take(ACME, 1);
    expect((await rejection(places.take(ACME, 1))).code).to.equal('signing.queue_timeout');
  });
});

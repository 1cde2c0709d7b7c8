import { expect } from 'chai';
import { Subject } from 'rxjs';
import { streamId, type Position, type TenantId } from '../../../domain/kernel/ids.ts';
import type { EventFeed, EventLog, FeedFilter, Recorded } from '../../../application/kernel/ports.ts';
import { createEventStreams, type EventStream, type StreamRequest } from '../../../projections/fanout/stream.ts';
import { rejection } from '../../support/rejections.ts';

const TENANT = '019aa5c4-6f00-7000-8000-000000000001' as TenantId;
const OTHER = '019aa5c4-6f00-7000-8000-000000000002' as TenantId;
const THIRD = '019aa5c4-6f00-7000-8000-000000000003' as TenantId;
const at = (number: number): Position => String(number).padStart(20, '0') as Position;

const passes = ({ tenant, types }: FeedFilter, event: Recorded): boolean => (tenant === undefined || event.tenant === tenant) && (types?.includes(event.type) ?? true);

/** A log in memory: one event a position. */
const createLog = () => {
  const events: Recorded[] = [];
  const waiting = new Set<() => void>();
  const moved = (signal: AbortSignal): Promise<void> =>
    new Promise((resolve) => {
      waiting.add(resolve);
      signal.addEventListener('abort', () => resolve(), { once: true });
    });
  const feed = (filter: FeedFilter = {}): EventFeed => ({
    pull: async (after, limit, signal) => {
      const from = Number(after ?? 0);
      if (events.length <= from && !signal.aborted) await moved(signal);
      const page = events.slice(from).filter((event) => passes(filter, event)).slice(0, limit);
      const head = events.length === 0 ? after : at(events.length);
      return { events: page, scannedTo: page.length === limit ? page.at(-1)?.position : head };
    },
  });
  return {
    log: { feed, head: async () => (events.length === 0 ? undefined : at(events.length)) } satisfies Pick<EventLog, 'feed' | 'head'>,
    add: (type: string, tenant: TenantId = TENANT, text = ''): void => {
      const number = events.length + 1;
      events.push({ type, data: { text }, tenant, position: at(number), stream: streamId('test.things', tenant, 'a'), id: `e${number}`, revision: number, time: '2026-03-09T14:23:42.100Z', cause: { actor: { kind: 'system', id: 's' }, correlation: 'c' } });
      for (const wake of waiting) wake();
      waiting.clear();
    },
  };
};

const show = ({ type, data, id }: Recorded) => (type === 'Inside' ? undefined : { type: `test.${type.toLowerCase()}`, json: JSON.stringify({ id, ...data }) });

const setUp = (limits = { total: 10, tenant: 5 }) => {
  const { log, add } = createLog();
  const ticks = new Subject<void>();
  const shown: string[] = [];
  const streams = createEventStreams({ log, show: (recorded) => (shown.push(recorded.id), show(recorded)), ticks, limits });
  const gone = new AbortController();
  const open = (over: Partial<StreamRequest> = {}): EventStream => streams.open({ after: undefined, filter: { tenant: TENANT }, authorised: async () => true, tenant: TENANT, signal: gone.signal, ...over });
  return { add, ticks, open, shown, gone };
};

const reader = ({ frames }: EventStream) => {
  const iterator = frames[Symbol.asyncIterator]();
  const next = async (): Promise<string> => String((await iterator.next()).value);
  return { next, raw: () => iterator.next(), leave: () => iterator.return?.() };
};

/** Lets what was resolved go on. */
const turns = async (many = 20): Promise<void> => {
  for (let n = 0; n < many; n += 1) await Promise.resolve();
};

const idsIn = (text: string): readonly string[] => [...text.matchAll(/^id: (\d{20})$/gmu)].map(([, id]) => String(Number(id)));

describe('the log as Server-Sent Events', () => {
  it('is sent from a place on, and goes on with what happens', async () => {
    const { add, open } = setUp();
    for (const type of ['One', 'Two', 'Three']) add(type);
    const { next } = reader(open({ after: at(1) }));
    expect(await next()).to.equal('retry: 1000\n\n');
    expect(await next()).to.equal(`id: ${at(2)}\nevent: test.two\ndata: {"id":"e2","text":""}\n\nid: ${at(3)}\nevent: test.three\ndata: {"id":"e3","text":""}\n\n`);
    const live = next();
    add('Four');
    expect(idsIn(await live)).to.deep.equal(['4']);
  });

  it('shows nobody what is another tenant\'s, and nobody what is inside', async () => {
    const { add, open } = setUp();
    add('One', OTHER);
    add('Inside');
    add('Two');
    const { next } = reader(open());
    await next();
    expect(idsIn(await next())).to.deep.equal(['3']);
    const all = reader(open({ filter: {}, tenant: undefined }));
    await all.next();
    expect(idsIn(await all.next())).to.deep.equal(['1', '3']);
  });

  it('is written out once for all who follow it', async () => {
    const { add, open, shown } = setUp();
    const readers = [1, 2, 3].map(() => reader(open()));
    for (const { next } of readers) await next();
    const waiting = readers.map(({ next }) => next());
    add('One');
    for (const text of await Promise.all(waiting)) expect(idsIn(text)).to.deep.equal(['1']);
    expect(shown).to.deep.equal(['e1']);
  });

  it('has no gap and nothing twice for who comes back with the last id, whenever they were cut off', async () => {
    const { add, open } = setUp({ total: 1_000, tenant: 1_000 });
    for (let n = 0; n < 170; n += 1) add(n % 3 === 0 ? 'Inside' : 'One');
    const got: string[] = [];
    for (let last: string | undefined; got.at(-1) !== '170'; last = got.at(-1)) {
      const { next, leave } = reader(open({ after: last === undefined ? undefined : at(Number(last)) }));
      await next();
      got.push(...idsIn(await next()).slice(0, 7));
      await leave();
    }
    expect(got).to.deep.equal(Array.from({ length: 170 }, (_, n) => n + 1).filter((n) => (n - 1) % 3 !== 0).map(String));
  });

  it('shows that it is alive after fifteen quiet seconds', async () => {
    const { add, open, ticks } = setUp();
    const { next } = reader(open());
    await next();
    const waiting = next();
    for (let n = 0; n < 29; n += 1) { ticks.next(); await turns(); }
    add('Inside');
    await turns();
    ticks.next();
    expect(await waiting).to.equal(': hb\n\n');
    const after = next();
    add('One');
    expect(idsIn(await after)).to.have.length(1);
  });

  it('ends at the next tick once who follows it may not any more', async () => {
    const { open, ticks, add } = setUp();
    let allowed = true;
    const { next, raw } = reader(open({ authorised: async () => allowed || Promise.reject(new Error('revoked')) }));
    await next();
    const waiting = raw();
    ticks.next();
    await turns();
    allowed = false;
    ticks.next();
    expect((await waiting).done).to.equal(true);
    add('One');
    expect((await raw()).done).to.equal(true);
  });

  it('is cut at the next tick for who may not follow it any more and does not read, either', async () => {
    const { open, ticks } = setUp();
    let allowed = true;
    const stream = open({ authorised: async () => allowed });
    const { next } = reader(stream);
    await next();
    ticks.next();
    await turns();
    expect(stream.cut.aborted).to.equal(false);
    allowed = false;
    ticks.next();
    await turns();
    expect(stream.cut.aborted).to.equal(true);
  });

  it('is cut for who has stopped reading when a mebibyte has happened, and only then', async () => {
    const { open, ticks, add } = setUp();
    const [slow, quick] = [open(), open()];
    const [stalled, other] = [reader(slow), reader(quick)];
    await Promise.all([stalled.next(), other.next()]);
    const long = 'x'.repeat(60_000);
    add('One');
    await Promise.all([stalled.next(), other.next()]);
    for (let n = 0; n < 17; n += 1) {
      const waiting = other.next();
      add('One', TENANT, long);
      await waiting;
    }
    void other.next();
    for (let n = 0; n < 5; n += 1) { ticks.next(); await turns(100); }
    expect(slow.cut.aborted, '17 × 60,000 octets').to.equal(false);
    add('One', TENANT, long);
    for (let n = 0; n < 2; n += 1) { ticks.next(); await turns(100); }
    expect([slow.cut.aborted, quick.cut.aborted]).to.deep.equal([true, false]);
  });

  it('is there for so many and no more, and has room again for everybody who goes, also without having read', async () => {
    const { open, gone } = setUp({ total: 3, tenant: 2 });
    const first = open();
    open();
    expect(await rejection((async () => open())())).to.deep.equal({ code: 'request.rate_limited', details: { retryAfter: 5 } });
    open({ tenant: OTHER });
    expect((await rejection((async () => open({ tenant: THIRD }))())).code).to.equal('request.rate_limited');
    for (let n = 0; n < 3; n += 1) open({ tenant: undefined });
    expect((await rejection((async () => open({ tenant: undefined }))())).code, 'the operator has as many of their own').to.equal('request.rate_limited');
    await first.frames[Symbol.asyncIterator]().return?.();
    open();
    gone.abort();
    for (const tenant of [TENANT, TENANT, OTHER]) open({ tenant, signal: new AbortController().signal });
  });
});

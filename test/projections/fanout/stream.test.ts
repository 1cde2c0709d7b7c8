import { expect } from 'chai';
import { Subject } from 'rxjs';
import { streamId, type Position, type TenantId } from '../../../domain/kernel/ids.ts';
import type { EventFeed, EventLog, FeedFilter, Recorded } from '../../../application/kernel/ports.ts';
import { createEventStreams, type EventStream, type StreamRequest } from '../../../projections/fanout/stream.ts';
import { yieldToOthers } from '../../../projections/kernel/pause.ts';
import { rejection } from '../../support/rejections.ts';
import { seeded } from '../../support/seeded.ts';

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
      // Who has stopped gets nothing, also where there is something.
      if (signal.aborted) return { events: [], scannedTo: after };
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
  const open = (over: Partial<StreamRequest> = {}): EventStream => streams.open({ after: undefined, filter: { tenant: TENANT }, authorised: async () => true, tenant: TENANT, ...over });
  return { add, ticks, open, shown, streams };
};

/** A connection that has room for so many octets which its client has not taken. */
const reader = (stream: EventStream, room = Infinity) => {
  const written: string[] = [];
  let waiting: (() => void) | undefined;
  let size = 0;
  const state: { how: 'open' | 'ended' | 'cut' } = { how: 'open' };
  const over = (as: 'ended' | 'cut'): void => {
    state.how = as;
    waiting?.();
    stream.over();
  };
  stream.begin({
    write: (bytes) => {
      expect(state.how, 'written to').to.equal('open');
      written.push(Buffer.from(bytes).toString());
      size += bytes.length;
      waiting?.();
      return size <= room;
    },
    end: () => over('ended'),
    cut: () => over('cut'),
  });
  /** What is written next; undefined at the end. */
  const next = async (): Promise<string> => {
    while (written.length === 0 && state.how === 'open') await new Promise<void>((resolve) => { waiting = resolve; });
    return written.shift() ?? '';
  };
  const drain = (): string => {
    size = 0;
    stream.drained();
    return written.splice(0).join('');
  };
  return { next, drain, leave: stream.over, how: () => state.how, written };
};

/** Lets what is ready go on. */
const turns = async (many = 4): Promise<void> => {
  for (let n = 0; n < many; n += 1) await yieldToOthers();
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
    await turns();
    add('One');
    for (const { next } of readers) expect(idsIn(await next())).to.deep.equal(['1']);
    expect(shown).to.deep.equal(['e1']);
  });

  it('goes to each who asked for its type, and in one piece when much happens at once', async () => {
    const { add, open } = setUp();
    const [all, some, none] = [open(), open({ filter: { tenant: TENANT, types: ['Two', 'Three'] } }), open({ filter: { types: ['Four'] }, tenant: undefined })].map((stream) => reader(stream));
    await turns();
    for (const type of ['One', 'Two', 'Three']) add(type);
    await turns();
    expect([all, some, none].map((each) => each?.written.slice(1).map(idsIn))).to.deep.equal([[['1', '2', '3']], [['2', '3']], []]);
  });

  it('has no gap and nothing twice for who comes back with the last id, whenever they were cut off', async () => {
    const { add, open } = setUp({ total: 1_000, tenant: 1_000 });
    for (let n = 0; n < 170; n += 1) add(n % 3 === 0 ? 'Inside' : 'One');
    const got: string[] = [];
    for (let last: string | undefined; got.at(-1) !== '170'; last = got.at(-1)) {
      const { next, leave } = reader(open({ after: last === undefined ? undefined : at(Number(last)) }));
      await next();
      got.push(...idsIn(await next()).slice(0, 7));
      leave();
    }
    expect(got).to.deep.equal(Array.from({ length: 170 }, (_, n) => n + 1).filter((n) => (n - 1) % 3 !== 0).map(String));
  });

  it('has no gap and nothing twice for who falls behind and catches up, join as they may, while it goes on', async () => {
    const random = seeded(3);
    const { add, open } = setUp({ total: 1_000, tenant: 1_000 });
    let happened = 0;
    const joined = (room: number) => ({ from: happened, got: [] as string[], ...reader(open({ after: happened === 0 ? undefined : at(happened) }), room) });
    const readers = [Infinity, 1, 100, 400, 5_000].map(joined);
    const drain = (each: (typeof readers)[number]): unknown => each.got.push(...idsIn(each.drain()));
    while (happened < 2_000) {
      for (let n = random.below(9); n > 0; n -= 1, happened += 1) add('One', TENANT, 'x'.repeat(random.below(200)));
      if (random.chance(0.02)) readers.push(joined(random.below(2_000)));
      readers.filter(() => random.chance(0.3)).forEach(drain);
      await turns(random.below(3));
    }
    for (let n = 0; n < 2_200; n += 1) {
      await turns(1);
      readers.forEach(drain);
    }
    expect(readers.length).to.be.greaterThan(10);
    for (const { got, from } of readers) expect(got).to.deep.equal(Array.from({ length: happened - from }, (_, n) => String(from + n + 1)));
  });

  it('ends for everybody, with the reason, when the log cannot be read, and is there for who comes after that', async () => {
    const { log, add } = createLog();
    let broken = true;
    const feed: EventLog['feed'] = (filter) => ({ pull: async (...asked) => {
      const page = await log.feed(filter).pull(...asked);
      if (broken && page.events.length > 0) throw new Error('disk');
      return page;
    } });
    const streams = createEventStreams({ log: { ...log, feed }, show, ticks: new Subject<void>() });
    const place = { after: undefined, filter: {}, authorised: async () => true, tenant: undefined };
    const first = streams.open(place);
    const reasons: unknown[] = [];
    first.begin({ write: () => true, end: () => undefined, cut: (why) => { reasons.push(why); first.over(); } });
    await turns();
    add('One');
    await turns();
    expect(reasons.map(String)).to.deep.equal(['Error: disk']);
    broken = false;
    const { next } = reader(streams.open(place));
    await next();
    expect(idsIn(await next())).to.deep.equal(['1']);
  });

  it('ends, with the reason, for who does not read while the log cannot be read to see how far behind they are', async () => {
    const { log, add } = createLog();
    const [ticks, reasons] = [new Subject<void>(), [] as unknown[]];
    let broken = false;
    const feed: EventLog['feed'] = (filter) => ({ pull: async (...asked) => (broken ? Promise.reject(new Error('away')) : log.feed(filter).pull(...asked)) });
    const streams = createEventStreams({ log: { ...log, feed }, show, ticks });
    const stalled = streams.open({ after: undefined, filter: {}, authorised: async () => true, tenant: undefined });
    stalled.begin({ write: () => false, end: () => undefined, cut: (why) => { reasons.push(why); stalled.over(); } });
    await turns();
    add('One');
    await turns();
    broken = true;
    for (let n = 0; n < 4; n += 1) { ticks.next(); await turns(); }
    expect([reasons.map(String), streams.count()]).to.deep.equal([['Error: away'], 0]);
  });

  it('shows that it is alive after fifteen quiet seconds', async () => {
    const { add, open, ticks } = setUp();
    const { next, written } = reader(open());
    await next();
    for (let n = 0; n < 29; n += 1) { ticks.next(); await turns(1); }
    add('Inside');
    await turns();
    expect(written).to.deep.equal([]);
    ticks.next();
    expect(await next()).to.equal(': hb\n\n');
    add('One');
    expect(idsIn(await next())).to.have.length(1);
  });

  it('ends at the next tick once who follows it may not any more', async () => {
    const { open, ticks, add, streams } = setUp();
    let allowed = true;
    const { next, how } = reader(open({ authorised: async () => allowed || Promise.reject(new Error('revoked')) }));
    await next();
    ticks.next();
    await turns();
    expect(how()).to.equal('open');
    allowed = false;
    ticks.next();
    await turns();
    expect([how(), streams.count()]).to.deep.equal(['ended', 0]);
    add('One');
    await turns();
  });

  it('is cut at the next tick for who may not follow it any more and does not read, either', async () => {
    const { open, ticks } = setUp();
    let allowed = true;
    const { how } = reader(open({ authorised: async () => allowed }), 0);
    await turns();
    ticks.next();
    await turns();
    expect(how()).to.equal('open');
    allowed = false;
    ticks.next();
    await turns();
    expect(how()).to.equal('cut');
  });

  it('is cut a second after its end was sent to who does not take that', async () => {
    const { open, ticks, streams } = setUp();
    const stream = open({ authorised: async () => false });
    const done: string[] = [];
    stream.begin({ write: () => true, end: () => { done.push('end'); }, cut: () => { done.push('cut'); stream.over(); } });
    for (let n = 0; n < 5; n += 1) { ticks.next(); await turns(1); }
    expect([done, streams.count()]).to.deep.equal([['end', 'cut'], 0]);
  });

  it('is cut for who has stopped reading when a mebibyte has happened, and only then', async () => {
    const { open, ticks, add } = setUp();
    const [stalled, other] = [reader(open(), 100), reader(open())];
    await turns();
    const long = 'x'.repeat(60_000);
    for (let n = 0; n < 17; n += 1) add('One', TENANT, long);
    await turns();
    for (let n = 0; n < 5; n += 1) { ticks.next(); await turns(); }
    expect(stalled.how(), '17 × 60,000 octets').to.equal('open');
    add('One', TENANT, long);
    for (let n = 0; n < 2; n += 1) { ticks.next(); await turns(); }
    expect([stalled.how(), other.how()]).to.deep.equal(['cut', 'open']);
    expect(stalled.written.join('').length, 'what waited for it').to.be.lessThan(130_000);
  });

  it('is cut for who has taken nothing for half a minute, however little it is', async () => {
    const { open, ticks, add } = setUp();
    const { how } = reader(open(), 20);
    add('One');
    await turns();
    for (let n = 0; n < 59; n += 1) { ticks.next(); await turns(1); }
    expect(how()).to.equal('open');
    ticks.next();
    await turns();
    expect(how()).to.equal('cut');
  });

  it('is there for so many and no more, and has room again for everybody who goes, also without having read', async () => {
    const { open } = setUp({ total: 3, tenant: 2 });
    const opened = [open(), open()];
    expect(await rejection((async () => open())())).to.deep.equal({ code: 'request.rate_limited', details: { retryAfter: 5 } });
    opened.push(open({ tenant: OTHER }));
    expect((await rejection((async () => open({ tenant: THIRD }))())).code).to.equal('request.rate_limited');
    for (let n = 0; n < 3; n += 1) opened.push(open({ tenant: undefined }));
    expect((await rejection((async () => open({ tenant: undefined }))())).code, 'the operator has as many of their own').to.equal('request.rate_limited');
    opened[0]?.over();
    opened.push(open());
    for (const stream of opened) stream.over();
    for (const tenant of [TENANT, TENANT, OTHER]) open({ tenant }).over();
  });
});

/** What every event store keeps to. Each test uses streams of its own, so that stores with a past pass too. */
import { expect } from 'chai';
import * as fc from 'fast-check';
import { randomUUIDv7 } from 'node:crypto';
import type { EventFeed, EventLog, EventStore, FeedFilter, KeyRecord, KeyVault, Recorded } from '../../application/kernel/ports.ts';
import type { Message } from '../../domain/kernel/decider.ts';
import type { Position, StreamId, TenantId } from '../../domain/kernel/ids.ts';
import { collect } from '../support/collect.ts';
import { rejection } from '../support/rejections.ts';
import { counted, noted, someCause, someStream, someTenant } from '../support/sample-events.ts';

export type EventStoreUnderTest = Readonly<{ store: EventStore; log: EventLog; vault: KeyVault }>;

const subject = (tenant = someTenant()): KeyRecord => ({
  id: randomUUIDv7(), tenant, kind: 'subject', version: 1, wrappedBy: 1, wrapped: Buffer.from('wrapped'), lookup: randomUUIDv7(),
});

const readAll = async (store: EventStore, stream: StreamId, from?: number): Promise<readonly Recorded[]> => collect(store.read(stream, from));

const texts = (events: readonly Recorded[]): readonly unknown[] => events.map(({ data }) => (data as { text?: string }).text);

/** `opened` gives the store that the surrounding suite has opened. */
export const eventStoreContract = (opened: () => EventStoreUnderTest): void => {
  const store = (): EventStore => opened().store;

  describe('appending and reading one stream', () => {
    it('gives back what was appended, in order, with its envelope', async () => {
      const tenant = someTenant();
      const stream = someStream(tenant);
      const cause = { ...someCause, causation: randomUUIDv7() };
      const appended = await store().append(stream, 'none', [noted('a'), counted(2, 'crate')], cause);
      const events = await readAll(store(), stream);
      expect(events.map(({ type, data }) => ({ type, data }))).to.deep.equal([noted('a'), counted(2, 'crate')]);
      expect(events.map(({ revision }) => revision)).to.deep.equal([0, 1]);
      expect(events[1]).to.include({ stream, tenant, revision: appended.revision, position: appended.position });
      expect(events[0]?.cause).to.deep.equal(cause);
      expect(events[0]?.time).to.match(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
      expect((events[0]?.position ?? '') < (events[1]?.position ?? '')).to.equal(true);
    });

    it('keeps the cause of each event where they differ', async () => {
      const stream = someStream();
      const causes = ['one', 'other'].map((correlation) => ({ ...someCause, correlation }));
      await store().append(stream, 'none', [noted('a'), noted('b')], { ...someCause, causes });
      expect((await readAll(store(), stream)).map(({ cause }) => cause)).to.deep.equal(causes);
    });

    it('reads from a revision on, over pages', async () => {
      const stream = someStream();
      const many: Message[] = Array.from({ length: 700 }, (_, index) => noted(String(index)));
      await store().append(stream, 'none', many, someCause);
      expect(texts(await readAll(store(), stream, 250))).to.deep.equal(many.slice(250).map(({ data }) => (data as { text: string }).text));
      expect(await readAll(store(), stream, 700)).to.deep.equal([]);
    });

    it('knows the head of a stream, and -1 of one that is not there', async () => {
      const stream = someStream();
      expect(await store().head(stream)).to.equal(-1);
      await store().append(stream, 'none', [noted('a'), noted('b')], someCause);
      expect(await store().head(stream)).to.equal(1);
      expect(await readAll(store(), someStream())).to.deep.equal([]);
    });

    it('keeps any text as it is', async () => {
      await fc.assert(
        fc.asyncProperty(fc.string({ unit: 'grapheme', maxLength: 50 }), async (text) => {
          const stream = someStream();
          await store().append(stream, 'none', [noted(text)], someCause);
          expect(texts(await readAll(store(), stream))).to.deep.equal([text]);
        }),
        { numRuns: 50 },
      );
    });
  });

  describe('expected revisions', () => {
    it('refuses a stream that has moved on, and says where it is', async () => {
      const stream = someStream();
      await store().append(stream, 'none', [noted('a'), noted('b')], someCause);
      for (const expected of ['none', 0, 5] as const) {
        const refused = await rejection(store().append(stream, expected, [noted('x')], someCause));
        expect(refused.code).to.equal('kernel.wrong_revision');
        expect(refused.details['actual']).to.equal(1);
      }
      await store().append(stream, 1, [noted('c')], someCause);
      await store().append(stream, 'any', [noted('d')], someCause);
      expect(texts(await readAll(store(), stream))).to.deep.equal(['a', 'b', 'c', 'd']);
    });

    it('lets one of many concurrent appends win, and harms no neighbour', async () => {
      const contested = someStream();
      const quiet = Array.from({ length: 20 }, () => someStream());
      const race = Array.from({ length: 20 }, (_, index) => store().append(contested, 'none', [noted(String(index))], someCause));
      const calm = quiet.map((stream) => store().append(stream, 'none', [noted('calm')], someCause));
      const settled = await Promise.allSettled(race);
      expect(settled.filter(({ status }) => status === 'fulfilled')).to.have.lengthOf(1);
      await Promise.all(calm);
      for (const stream of [contested, ...quiet]) expect(await readAll(store(), stream)).to.have.lengthOf(1);
    });
  });

  describe('idempotency by event id', () => {
    it('answers the same to the same ids, and stores nothing twice', async () => {
      const stream = someStream();
      const ids = [randomUUIDv7(), randomUUIDv7()];
      const how = { ...someCause, ids };
      const first = await store().append(stream, 'none', [noted('a'), noted('b')], how);
      await store().append(stream, 1, [noted('c')], someCause);
      expect(await store().append(stream, 'none', [noted('a'), noted('b')], how)).to.deep.equal(first);
      expect(texts(await readAll(store(), stream))).to.deep.equal(['a', 'b', 'c']);
      expect(await store().head(stream)).to.equal(2);
      expect((await readAll(store(), stream)).slice(0, 2).map(({ id }) => id)).to.deep.equal(ids);
    });

    it('refuses ids that are only partly there, or given twice', async () => {
      const here = someStream();
      const [known, fresh] = [randomUUIDv7(), randomUUIDv7()];
      await store().append(here, 'none', [noted('a')], { ...someCause, ids: [known] });
      const refused = async (ids: readonly string[]): Promise<string> =>
        (await rejection(store().append(here, 'any', ids.map(() => noted('x')), { ...someCause, ids }))).code;
      expect(await refused([known, fresh])).to.equal('kernel.event_id_conflict');
      expect(await refused([fresh, fresh])).to.equal('kernel.event_id_conflict');
      expect(await store().head(here)).to.equal(0);
    });

    it('takes two concurrent appends of one id for one', async () => {
      const stream = someStream();
      const how = { ...someCause, ids: [randomUUIDv7()] };
      const answers = await Promise.all([1, 2, 3].map(() => store().append(stream, 'none', [noted('once')], how)));
      expect(new Set(answers.map(({ position }) => position)).size).to.equal(1);
      expect(await readAll(store(), stream)).to.have.lengthOf(1);
    });
  });

  describe('the log', () => {
    const endless = new AbortController().signal;

    /** What a feed gives behind a position, up to where the log ends now at least: an engine may write into its log too, and give what it knows first. */
    const pullAll = async (feed: EventFeed, from: Position | undefined, limit = 10): Promise<readonly Recorded[]> => {
      const head = (await opened().log.head()) ?? '';
      const events: Recorded[] = [];
      for (let after = from; (after ?? '') < head; ) {
        const page = await feed.pull(after, limit, endless);
        events.push(...page.events);
        after = page.scannedTo;
      }
      return events;
    };

    it('gives what there is to whoever does not wait, and nothing at its end', async () => {
      const { log } = opened();
      const tenant = someTenant();
      const begin = await log.head();
      const { position } = await store().append(someStream(tenant), 'none', [noted('a'), noted('b')], someCause);
      for (const feed of [log.feed(), log.feed({ tenant })]) {
        const seen: unknown[] = [];
        let after = begin;
        while ((after ?? '') < position) {
          const page = await feed.pull(after, 1, AbortSignal.abort());
          expect(page.scannedTo, 'it goes on').to.not.equal(after);
          seen.push(...page.events.map(({ data }) => data));
          after = page.scannedTo;
        }
        expect(seen).to.deep.equal([{ text: 'a' }, { text: 'b' }]);
        const head = await log.head();
        expect((await feed.pull(head, 1, AbortSignal.abort())).scannedTo).to.equal(head);
      }
    });

    it('knows what stands before each of its positions, and which are none', async () => {
      const { log } = opened();
      const stream = someStream();
      const appended: Position[] = [];
      for (const text of ['a', 'b', 'c']) appended.push((await store().append(stream, 'any', [noted(text)], someCause)).position);
      for (const position of appended) {
        const before = await log.before(position);
        const [first] = await pullAll(log.feed(), before?.at);
        expect(first?.position).to.equal(position);
      }
      const behind = String(BigInt((appended.at(-1) ?? '').slice(0, 20)) + 1n).padStart(20, '0');
      for (const none of [behind, `000${'9'.repeat(17)}`, 'somewhere', '']) expect(await log.before(none as Position), none).to.equal(undefined);
    });

    it('holds every event once, in the order of positions', async () => {
      const before = await opened().log.head();
      const streams = Array.from({ length: 30 }, () => someStream());
      await Promise.all(streams.map((stream) => store().append(stream, 'none', [noted('x'), counted(1)], someCause)));
      const feed = opened().log.feed();
      const seen: Recorded[] = [];
      for (let after = before; seen.length < 60; ) {
        const page = await feed.pull(after, 7, endless);
        expect(page.events.length).to.be.lessThanOrEqual(7);
        seen.push(...page.events);
        after = page.scannedTo;
      }
      const positions = seen.map(({ position }) => position);
      expect(positions).to.deep.equal(positions.toSorted());
      expect(new Set(seen.map(({ id }) => id)).size).to.equal(60);
      expect((await opened().log.head()) ?? '').to.satisfy((head: string) => head >= (positions.at(-1) as string));
    });

    it('gives a filtered feed only its types, and moves past the others', async () => {
      const before = await opened().log.head();
      const stream = someStream();
      await store().append(stream, 'none', [noted('a'), counted(1), noted('b')], someCause);
      const events = await pullAll(opened().log.feed({ types: ['Counted'] }), before);
      expect(events.map(({ type }) => type)).to.deep.equal(['Counted']);
    });

    it('gives a feed of one tenant only its events, of the types it asks for, also when it is new to the log', async () => {
      const before = await opened().log.head();
      const [mine, other] = [someTenant(), someTenant()];
      const pull = async (filter: FeedFilter) => pullAll(opened().log.feed(filter), before);
      const early = opened().log.feed({ tenant: mine });
      await store().append(someStream(other), 'none', [noted('a')], someCause);
      expect(await pullAll(early, before), 'passes over what is not its own').to.deep.equal([]);
      await store().append(someStream(mine), 'none', [noted('b'), counted(1)], someCause);
      await store().append(someStream(other), 'none', [counted(2), noted('c')], someCause);
      expect((await pullAll(early, before)).map(({ tenant }) => tenant)).to.deep.equal([mine, mine]);
      expect((await pull({ tenant: mine, types: ['Noted'] })).map(({ data }) => data)).to.deep.equal([{ text: 'b' }]);
      expect((await pull({ tenant: other, types: ['Counted'] })).map(({ tenant }) => tenant)).to.deep.equal([other]);
      expect(await pull({ tenant: someTenant() })).to.deep.equal([]);
      const first = await opened().log.feed({ tenant: mine }).pull(before, 1, endless);
      expect(first.scannedTo).to.equal(first.events[0]?.position);
      expect(await pullAll(opened().log.feed({ tenant: mine }), before, 1)).to.have.lengthOf(2);
    });

    it('gives followers of any pace and filter the same events in the same order', async () => {
      const [tenant, begin] = [someTenant(), await opened().log.head()];
      const owner = (round: number): TenantId => (round % 3 === 0 ? tenant : someTenant());
      const followers = [
        { feed: opened().log.feed(), limit: 1_000 },
        { feed: opened().log.feed(), limit: 90 },
        { feed: opened().log.feed({ types: ['Counted'] }), limit: 1_000 },
        { feed: opened().log.feed({ types: ['Counted'] }), limit: 7 },
        { feed: opened().log.feed({ tenant }), limit: 40 },
        { feed: opened().log.feed({ tenant, types: ['Counted'] }), limit: 3 },
      ].map((follower) => ({ ...follower, after: begin, seen: [] as string[] }));
      const step = async (follower: (typeof followers)[number]): Promise<void> => {
        const page = await follower.feed.pull(follower.after, follower.limit, endless);
        follower.after = page.scannedTo;
        follower.seen.push(...page.events.filter(({ type }) => type === 'Counted').map(({ position, data }) => `${position} ${JSON.stringify(data)}`));
      };
      const isBehind = ({ after }: (typeof followers)[number], end: Position | undefined): boolean => (after ?? '') < (end ?? '');
      // More than any store keeps at hand, so that the slow ones fall behind it while the quick ones do not.
      for (let round = 0; round < 60; round += 1) {
        const events = Array.from({ length: 100 }, (_, index) => (index % 10 === 0 ? counted(round * 100 + index) : noted('x')));
        await store().append(someStream(owner(round)), 'none', events, someCause);
        for (const follower of followers) if (isBehind(follower, await opened().log.head())) await step(follower);
      }
      const head = await opened().log.head();
      for (const follower of followers) while (isBehind(follower, head)) await step(follower);
      const [first, ...others] = followers.map(({ seen }) => seen) as [string[], ...string[][]];
      expect(first).to.have.length(600);
      const ofTenant = first.filter((line) => Math.floor((JSON.parse(line.slice(line.indexOf('{'))) as { count: number }).count / 100) % 3 === 0);
      expect(ofTenant).to.have.length(200);
      expect(others).to.deep.equal([first, first, first, ofTenant, ofTenant]);
    });

    it('gives whoever follows closely the very events that whoever reads later gets', async () => {
      const feed = opened().log.feed();
      const followed: Recorded[] = [];
      let after = await opened().log.head();
      const follow = async (): Promise<void> => {
        const page = await feed.pull(after, 1_000, endless);
        followed.push(...page.events);
        after = page.scannedTo;
      };
      const [one, two, other] = [someStream(), someStream(), someStream()];
      const ids = [randomUUIDv7(), randomUUIDv7()];
      const causes = [someCause, { ...someCause, causation: randomUUIDv7() }];
      await store().append(one, 'none', [noted('before anybody follows')], someCause);
      await follow();
      await store().append(one, 0, [noted('a'), counted(1)], { ...someCause, causation: randomUUIDv7() });
      await follow();
      await Promise.all([
        store().append(one, 2, [counted(2), counted(3, 'crate')], { ...someCause, causes }),
        store().append(two, 'none', [noted('b'), noted('c')], { ...someCause, ids }),
        store().append(other, 'none', [counted(4)], someCause),
      ]);
      await store().append(two, 'none', [noted('b'), noted('c')], { ...someCause, ids });
      await store().append(other, 0, [counted(5)], someCause);
      const isBehind = async (): Promise<boolean> => (after ?? '') < ((await opened().log.head()) ?? '');
      while (await isBehind()) await follow();
      const later = (await Promise.all([one, two, other].map((stream) => readAll(store(), stream)))).flat();
      expect(followed).to.deep.equal(later.toSorted((left, right) => (left.position < right.position ? -1 : 1)));
      expect(JSON.stringify(followed)).to.equal(JSON.stringify(later.toSorted((left, right) => (left.position < right.position ? -1 : 1))));
    });

    it('waits for the log to move', async () => {
      const before = await opened().log.head();
      const feed = opened().log.feed();
      const pulled = feed.pull(before, 10, endless);
      const stream = someStream();
      await store().append(stream, 'none', [noted('new')], someCause);
      const { events, scannedTo } = await pulled;
      const later = events.length > 0 ? events : await pullAll(feed, scannedTo);
      expect(later.map((event) => event.stream)).to.deep.equal([stream]);
    });

    it('stops waiting when told to', async () => {
      const stop = new AbortController();
      const before = await opened().log.head();
      const pulled = opened().log.feed().pull(before, 10, stop.signal);
      stop.abort();
      expect((await pulled).events).to.deep.equal([]);
      expect(await opened().log.feed().pull(before, 10, stop.signal)).to.deep.equal({ events: [], scannedTo: before });
    });
  });

  describe('keys in the same commit', () => {
    it('stores events and keys together, or neither', async () => {
      const [key, stream] = [subject(), someStream()];
      await store().append(stream, 'none', [noted('a')], { ...someCause, keys: [key] });
      expect((await opened().vault.get(key.id))?.lookup).to.equal(key.lookup);
      const other = { ...subject(), tenant: key.tenant, lookup: key.lookup as string };
      const refused = await rejection(store().append(stream, 0, [noted('b')], { ...someCause, keys: [other] }));
      expect(refused.code).to.equal('kernel.key_exists');
      const late = subject();
      expect((await rejection(store().append(stream, 'none', [noted('c')], { ...someCause, keys: [late] }))).code).to.equal('kernel.wrong_revision');
      expect(await opened().vault.get(late.id)).to.equal(undefined);
      expect(texts(await readAll(store(), stream))).to.deep.equal(['a']);
    });

    it('takes the very same key a second time for the same key', async () => {
      const key = subject();
      const how = { ...someCause, keys: [key] };
      await store().append(someStream(), 'none', [noted('a')], how);
      await store().append(someStream(), 'none', [noted('b')], how);
      expect(await opened().vault.find(key.lookup as string)).to.have.lengthOf(1);
    });
  });
};

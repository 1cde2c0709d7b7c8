/**
 * What the real client sees of a node: of the small one of these tests, and of a real one. Streams are each test's own, so that a log with a
 * past passes too; what the node writes by itself stands in between.
 */
import { binaryEvent, END, jsonEvent, START, type AppendResult, type EventStoreDBClient, type JSONRecordedEvent, type ResolvedEvent } from '@eventstore/db-client';
import { expect } from 'chai';
import { randomUUID } from 'node:crypto';
import { collect } from '../collect.ts';

export const someStream = (): string => `probe-${randomUUID()}`;

export const made = (n: number, id: string = randomUUID()): ReturnType<typeof jsonEvent> => jsonEvent({ id, type: 'Made', data: { n }, metadata: { by: 'test' } });

const many = (count: number, from = 0): ReturnType<typeof made>[] => Array.from({ length: count }, (_, index) => made(from + index));

/** The numbers of the events that `made` made. */
export const numbers = (events: readonly ResolvedEvent[]): readonly unknown[] => events.map(({ event }) => ((event as JSONRecordedEvent).data as { n?: number }).n);

/** What it was refused with. */
export const refusal = async (work: Promise<unknown>): Promise<Readonly<Record<string, unknown>>> =>
  work.then(() => { throw new Error('it was taken'); }, (error: unknown) => error as Record<string, unknown>);

/** Calls with credentials of their own are not batched; without TLS the client leaves them out. */
const SINGLY = { credentials: { username: 'admin', password: 'changeit' } } as const;

export const streamsContract = (client: () => EventStoreDBClient): void => {
  const stored = async (stream: string, options = {}): Promise<readonly ResolvedEvent[]> => collect(client().readStream(stream, options));

  for (const [how, call] of [['in batches', {}], ['singly', SINGLY]] as const) {
    describe(`appending ${how}`, () => {
      it('stores events as they are', async () => {
        const stream = someStream();
        const event = made(1);
        const { success, nextExpectedRevision, position } = await client().appendToStream(stream, [event, made(2)], { expectedRevision: 'no_stream', ...call });
        expect([success, nextExpectedRevision]).to.deep.equal([true, 1n]);
        const [first, second] = await stored(stream);
        expect(first?.event).to.include({ id: event.id, type: 'Made', streamId: stream, revision: 0n, isJson: true });
        expect(first?.event).to.deep.include({ data: { n: 1 }, metadata: { by: 'test' } });
        expect(Math.abs((first?.event?.created.getTime() ?? 0) - new Date().getTime())).to.be.lessThan(3_600_000);
        expect(second?.event?.position, 'the position of an append is that of its last event').to.deep.equal(position);
      });

      it('refuses what expects another revision, and says which there is', async () => {
        const stream = someStream();
        const append = (expectedRevision: bigint | 'no_stream' | 'stream_exists'): Promise<AppendResult> => client().appendToStream(stream, [made(0)], { expectedRevision, ...call });
        for (const expected of [0n, 'stream_exists'] as const) {
          expect(await refusal(append(expected))).to.deep.include({ type: 'wrong-expected-version', streamName: stream, expectedVersion: expected, actualVersion: 'no_stream' });
        }
        await append('no_stream');
        await append('stream_exists');
        for (const expected of ['no_stream', 0n, 2n] as const) {
          expect(await refusal(append(expected))).to.deep.include({ type: 'wrong-expected-version', streamName: stream, expectedVersion: expected, actualVersion: 1n });
        }
        expect((await append(1n)).nextExpectedRevision).to.equal(2n);
      });

      it('takes the same write a second time for the same write, whatever came after it', async () => {
        const stream = someStream();
        const [before, write] = [[made(0)], many(3, 1)];
        await client().appendToStream(stream, before, { expectedRevision: 'no_stream', ...call });
        const first = await client().appendToStream(stream, write, { expectedRevision: 0n, ...call });
        await client().appendToStream(stream, [made(4)], { expectedRevision: 3n, ...call });
        const again = await client().appendToStream(stream, write, { expectedRevision: 0n, ...call });
        expect(again.nextExpectedRevision).to.equal(first.nextExpectedRevision);
        expect((await client().appendToStream(stream, before, { expectedRevision: 'no_stream', ...call })).nextExpectedRevision).to.equal(0n);
        expect(numbers(await stored(stream))).to.deep.equal([0, 1, 2, 3, 4]);
      });

      it('refuses a write that was stored in part only', async () => {
        const stream = someStream();
        const [one, two, other] = [made(1), made(2), made(3)];
        await client().appendToStream(stream, [one, two], { expectedRevision: 'no_stream', ...call });
        for (const write of [[one, other], [other, two], [one, two, other]]) {
          expect((await refusal(client().appendToStream(stream, write, { expectedRevision: 'no_stream', ...call })))['type']).to.equal('wrong-expected-version');
        }
        expect(await stored(stream)).to.have.length(2);
      });

      it('takes a repeated id for the same write where any revision will do, and in its own stream only', async () => {
        const [stream, elsewhere] = [someStream(), someStream()];
        const event = made(1);
        const first = await client().appendToStream(stream, [event], { expectedRevision: 'any', ...call });
        expect((await client().appendToStream(stream, [event], { expectedRevision: 'any', ...call })).nextExpectedRevision).to.equal(first.nextExpectedRevision);
        await client().appendToStream(elsewhere, [event], { expectedRevision: 'any', ...call });
        expect([await stored(stream), await stored(elsewhere)].map(({ length }) => length)).to.deep.equal([1, 1]);
      });

      it('stores an id once more where it is expected behind itself: only a repeated expectation makes a write the same', async () => {
        const stream = someStream();
        const event = made(1);
        await client().appendToStream(stream, [event], { expectedRevision: 'no_stream', ...call });
        expect((await client().appendToStream(stream, [event], { expectedRevision: 0n, ...call })).nextExpectedRevision).to.equal(1n);
      });

      it('refuses more than it takes at once', async () => {
        const large = Array.from({ length: 3 }, () => jsonEvent({ type: 'Large', data: { text: 'x'.repeat(400_000) } }));
        const refused = await refusal(client().appendToStream(someStream(), large, { expectedRevision: 'no_stream', ...call }));
        expect(refused['type']).to.equal('maximum-append-size-exceeded');
      });
    });
  }

  describe('appending', () => {
    it('lets one of many concurrent writes win', async () => {
      const stream = someStream();
      const race = Array.from({ length: 20 }, (_, n) => client().appendToStream(stream, [made(n)], { expectedRevision: 'no_stream' }));
      expect((await Promise.allSettled(race)).filter(({ status }) => status === 'fulfilled')).to.have.length(1);
      expect(await stored(stream)).to.have.length(1);
    });

    it('puts together a write that comes in parts, and keeps bytes', async () => {
      const stream = someStream();
      const bytes = Uint8Array.from({ length: 256 }, (_, index) => index);
      await client().appendToStream(stream, [...many(50), binaryEvent({ type: 'Bytes', data: bytes })], { expectedRevision: 'no_stream', batchAppendSize: 500 });
      const events = await stored(stream);
      expect(numbers(events.slice(0, 50))).to.deep.equal(Array.from({ length: 50 }, (_, index) => index));
      expect(events[50]?.event?.isJson).to.equal(false);
      expect(Buffer.from(events[50]?.event?.data as Uint8Array).equals(bytes)).to.equal(true);
    });
  });

  describe('reading a stream', () => {
    const stream = someStream();
    before(async () => void (await client().appendToStream(stream, many(10), { expectedRevision: 'no_stream' })));

    const ways = [
      [{}, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]],
      [{ fromRevision: 7n }, [7, 8, 9]],
      [{ fromRevision: 3n, maxCount: 2 }, [3, 4]],
      [{ fromRevision: 10n }, []],
      [{ direction: 'backwards', fromRevision: END, maxCount: 2 }, [9, 8]],
      [{ direction: 'backwards', fromRevision: 2n }, [2, 1, 0]],
      [{ direction: 'backwards', fromRevision: START }, [0]],
    ] as const;
    for (const [options, expected] of ways) {
      it(`gives ${JSON.stringify(expected)} for ${JSON.stringify(options, (_, value: unknown) => (typeof value === 'bigint' ? `${value}n` : value))}`, async () => {
        expect(numbers(await stored(stream, options))).to.deep.equal(expected);
      });
    }

    it('says that there is no such stream', async () => {
      const missing = someStream();
      expect(await refusal(stored(missing))).to.include({ type: 'stream-not-found', streamName: missing });
    });
  });

  describe('reading $all', () => {
    const [one, other] = [someStream(), someStream()];
    const ours = (events: readonly ResolvedEvent[]): readonly ResolvedEvent[] => events.filter(({ event }) => event?.streamId === one || event?.streamId === other);
    let first: { commit: bigint; prepare: bigint };
    before(async () => {
      await client().appendToStream(someStream(), [made(0)], { expectedRevision: 'no_stream' });
      await client().appendToStream(one, many(3), { expectedRevision: 'no_stream' });
      first = (await stored(one))[0]?.event?.position as typeof first;
      await client().setStreamMetadata(one, { maxAge: 1_000_000 });
      await client().appendToStream(other, many(3, 10), { expectedRevision: 'no_stream' });
      await client().appendToStream(one, many(2, 3), { expectedRevision: 2n });
    });

    it('gives everything from a position on, itself included, in order, with what the system wrote', async () => {
      const events = await collect(client().readAll({ fromPosition: first }));
      expect(numbers(ours(events))).to.deep.equal([0, 1, 2, 10, 11, 12, 3, 4]);
      expect(events[0]?.event?.streamId).to.equal(one);
      expect(events.map(({ event }) => event?.type)).to.include('$metadata');
      const positions = events.map(({ event }) => [event?.position?.commit, event?.position?.prepare].map((half) => String(half).padStart(20, '0')).join('-'));
      expect(positions).to.deep.equal(positions.toSorted());
      expect(new Set(positions).size).to.equal(positions.length);
      expect(events[0]?.commitPosition).to.equal(first.commit);
    });

    it('gives it over pages', async () => {
      const seen: ResolvedEvent[] = [];
      for (let from = first; ; ) {
        const page = await collect(client().readAll({ fromPosition: from, maxCount: 3 }));
        const fresh = seen.length === 0 ? page : page.slice(1);
        if (fresh.length === 0) break;
        seen.push(...fresh);
        from = fresh.at(-1)?.event?.position as typeof first;
      }
      expect(numbers(ours(seen))).to.deep.equal([0, 1, 2, 10, 11, 12, 3, 4]);
    });

    it('gives what is before a position backwards, and the newest first from the end', async () => {
      const events = await collect(client().readAll({ direction: 'backwards', fromPosition: END, maxCount: 100 }));
      expect(numbers(ours(events))).to.deep.equal([4, 3, 12, 11, 10, 2, 1, 0]);
      const [before] = await collect(client().readAll({ direction: 'backwards', fromPosition: first, maxCount: 1 }));
      expect((before?.event?.position?.commit ?? first.commit) < first.commit, 'a position is not in what is before it').to.equal(true);
      expect(await collect(client().readAll({ fromPosition: END }))).to.deep.equal([]);
    });

    it('begins with what the system wrote', async () => {
      const [begin] = await collect(client().readAll({ fromPosition: START, maxCount: 1 }));
      expect(begin?.event?.type).to.match(/^\$/);
    });
  });
};

/** What subscribers see of a node, small or real: first what is there, then what comes. */
import { END, eventTypeFilter, START, streamNameFilter, type EventStoreDBClient, type Position, type ResolvedEvent } from '@eventstore/db-client';
import { expect } from 'chai';
import type { Readable } from 'node:stream';
import { made, numbers, someStream } from './streams.contract.ts';

type Subscription = Readable & Readonly<{ unsubscribe: () => Promise<void> }>;

/** The first `count` events that pass, then the end of the subscription. */
const taking = async (subscription: unknown, count: number, isOurs: (event: ResolvedEvent) => boolean = () => true): Promise<readonly ResolvedEvent[]> => {
  const taken: ResolvedEvent[] = [];
  for await (const event of subscription as AsyncIterable<ResolvedEvent>) {
    if (isOurs(event)) taken.push(event);
    if (taken.length === count) break;
  }
  await (subscription as Subscription).unsubscribe();
  return taken;
};

const confirmed = (subscription: unknown): Promise<void> => new Promise((resolve, reject) => {
  (subscription as Subscription).once('confirmation', resolve).once('error', reject);
});

export const subscriptionsContract = (client: () => EventStoreDBClient): void => {
  const append = async (stream: string, from: number, count: number): Promise<void> =>
    void (await client().appendToStream(stream, Array.from({ length: count }, (_, index) => made(from + index)), { expectedRevision: from === 0 ? 'no_stream' : BigInt(from - 1) }));

  describe('subscribing to a stream', () => {
    it('gives what is there, then what comes', async () => {
      const stream = someStream();
      await append(stream, 0, 3);
      const subscription = client().subscribeToStream(stream, { fromRevision: START });
      const taken = taking(subscription, 5);
      await append(stream, 3, 2);
      expect(numbers(await taken)).to.deep.equal([0, 1, 2, 3, 4]);
    });

    it('gives what is behind a revision', async () => {
      const stream = someStream();
      await append(stream, 0, 3);
      expect(numbers(await taking(client().subscribeToStream(stream, { fromRevision: 0n }), 2))).to.deep.equal([1, 2]);
    });

    it('gives only what comes, from the end, also where there is no stream yet', async () => {
      const stream = someStream();
      const subscription = client().subscribeToStream(stream, { fromRevision: END });
      const taken = taking(subscription, 2);
      await confirmed(subscription);
      await append(stream, 0, 2);
      expect(numbers(await taken)).to.deep.equal([0, 1]);
    });
  });

  describe('subscribing to $all', () => {
    it('gives what is behind a position, then what comes', async () => {
      const [stream, other] = [someStream(), someStream()];
      await append(stream, 0, 1);
      const { position } = await client().appendToStream(stream, [made(1)], { expectedRevision: 0n });
      await append(other, 0, 2);
      const isOurs = ({ event }: ResolvedEvent): boolean => event?.streamId === stream || event?.streamId === other;
      const taken = taking(client().subscribeToAll({ fromPosition: position as Position }), 3, isOurs);
      await append(stream, 2, 1);
      expect(numbers(await taken)).to.deep.equal([0, 1, 2]);
    });

    it('gives only what comes, from the end', async () => {
      const stream = someStream();
      await append(stream, 0, 1);
      const subscription = client().subscribeToAll({ fromPosition: END });
      const taken = taking(subscription, 2, ({ event }) => event?.streamId === stream);
      await confirmed(subscription);
      await append(stream, 1, 2);
      expect(numbers(await taken)).to.deep.equal([1, 2]);
    });

    it('gives what passes a filter of streams or of types', async () => {
      const [stream, other] = [someStream(), someStream()];
      const { position } = await client().appendToStream(other, [made(0)], { expectedRevision: 'no_stream' });
      await append(stream, 0, 2);
      await append(other, 1, 1);
      const fromPosition = position as Position;
      expect(numbers(await taking(client().subscribeToAll({ fromPosition, filter: streamNameFilter({ prefixes: [stream] }) }), 2))).to.deep.equal([0, 1]);
      expect(numbers(await taking(client().subscribeToAll({ fromPosition, filter: streamNameFilter({ regex: `^${other}$` }) }), 1))).to.deep.equal([1]);
      const isOurs = ({ event }: ResolvedEvent): boolean => event?.streamId === stream || event?.streamId === other;
      const typed = await taking(client().subscribeToAll({ fromPosition, filter: eventTypeFilter({ regex: '^[^$]' }) }), 3, isOurs);
      expect(numbers(typed)).to.deep.equal([0, 1, 1]);
    });

    it('says how far a filter has looked though nothing passes', async () => {
      const [stream, awaited] = [someStream(), someStream()];
      const { position } = await client().appendToStream(stream, [made(0)], { expectedRevision: 'no_stream' });
      await append(stream, 1, 60);
      const checkpoints: bigint[] = [];
      const filter = streamNameFilter({ prefixes: [awaited], maxSearchWindow: 10, checkpointInterval: 1, checkpointReached: async (_, { commit }) => void checkpoints.push(commit) });
      const taken = taking(client().subscribeToAll({ fromPosition: position as Position, filter }), 1);
      await append(awaited, 0, 1);
      expect(numbers(await taken)).to.deep.equal([0]);
      expect(checkpoints.length).to.be.greaterThan(2);
      expect(checkpoints).to.deep.equal(checkpoints.toSorted((left, right) => Number(left - right)));
    });
  });
};

/** What the consumer of kafkajs is told by what handles its batches. */
import { expect } from 'chai';
import type { EachBatchPayload } from 'kafkajs';
import { createBatches } from '../../../infrastructure/kafka/batches.ts';

/** One message of each partition; `commit` may reject. */
const batchOf = (partition: number, commit: () => Promise<void>): EachBatchPayload => {
  const batch = { topic: 'topic', partition, messages: [{ offset: '0', key: null, value: Buffer.from(String(partition)) }] };
  return { batch, resolveOffset: () => undefined, heartbeat: () => Promise.resolve(), commitOffsetsIfNecessary: commit } as unknown as EachBatchPayload;
};

const done = (): Promise<void> => Promise.resolve();

const failing = (type: string) => {
  const failure = Object.assign(new Error(type), { type });
  return { failure, commit: (): Promise<void> => Promise.reject(failure) };
};

const reasonOf = async (work: Promise<void>): Promise<unknown> => work.then(() => 'done', (error: unknown) => error);

const open = () => {
  const handled: string[] = [];
  const batches = createBatches({
    topic: 'topic', heartbeatMs: 1_000, signal: new AbortController().signal, failed: () => undefined,
    handle: async ({ body }) => { handled.push(body); },
  });
  return { batches, handled };
};

describe('batches of a consumer in Kafka', () => {
  // Of the batches of one fetch kafkajs hears the first failure alone: it must hear of this one with the next fetch, or never joins its group again.
  for (const type of ['NOT_COORDINATOR_FOR_GROUP', 'ILLEGAL_GENERATION', 'REBALANCE_IN_PROGRESS', 'UNKNOWN_MEMBER_ID']) {
    it(`handle nothing after ${type}, and say so each time, until the group has been joined again`, async () => {
      const { batches, handled } = open();
      const { failure, commit } = failing(type);
      expect(await reasonOf(batches.eachBatch(batchOf(1, commit)))).to.equal(failure);
      for (const partition of [2, 3]) expect(await reasonOf(batches.eachBatch(batchOf(partition, done)))).to.equal(failure);
      expect(handled).to.deep.equal(['1']);
      batches.joined();
      expect(await reasonOf(batches.eachBatch(batchOf(1, done)))).to.equal('done');
      expect(handled).to.deep.equal(['1', '1']);
    });
  }

  it('go on after any other failure', async () => {
    const { batches, handled } = open();
    const { failure, commit } = failing('REQUEST_TIMED_OUT');
    expect(await reasonOf(batches.eachBatch(batchOf(1, commit)))).to.equal(failure);
    expect(await reasonOf(batches.eachBatch(batchOf(2, done)))).to.equal('done');
    expect(handled).to.deep.equal(['1', '2']);
  });
});

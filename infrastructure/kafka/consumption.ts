/** One consumer for as long as the brokers are there: it joins its group, handles its share, and leaves. */
import type { Consumer as KafkaConsumer } from 'kafkajs';
import type { BusMessage } from '../../application/kernel/bus.ts';
import { createBatches, type Batches } from './batches.ts';
import { openLine, withDeadline } from './line.ts';
import type { TopicOptions } from './topics.ts';

/** Partitions of a consumer that was killed are given to others after the session: the shortest that brokers take by default. */
const SESSION_MS = 6_000;
const HEARTBEAT_MS = 1_500;
/**
 * How long a handler may take before others go on without its consumer, when shares change hands; its message comes again then. So long, too, a broker
 * waits after an outage for a member that is no more, and lets nobody else in.
 */
const REBALANCE_MS = 10_000;
/** How long a broker holds a question for messages open, which is also how long a quiet consumer takes to end. */
const WAIT_MS = 500;

export type Consumption = Readonly<{
  groupId: string;
  /** Ours, and the brokers' name of it. */
  topic: string;
  topicName: string;
  handle: (message: BusMessage) => Promise<void>;
  signal: AbortSignal;
}>;

/** The handler rejected with `reason`. */
export class HandlerFailure extends Error {
  readonly reason: unknown;

  constructor(reason: unknown) {
    super('the handler failed');
    this.reason = reason;
  }
}

const begin = async (client: KafkaConsumer, topicName: string, batches: Batches): Promise<void> => {
  await client.connect();
  await client.subscribe({ topics: [topicName], fromBeginning: true });
  await client.run({ autoCommit: false, eachBatchAutoResolve: false, eachBatch: (payload) => batches.eachBatch(payload) });
};

/** Resolves when the signal has fired; rejects with a `HandlerFailure`, or with why the brokers could not be used any longer. */
export const consumeWhileThere = async (options: TopicOptions, { groupId, topic, topicName, handle, signal }: Consumption): Promise<void> => {
  const line = openLine(options);
  const ended = Promise.withResolvers<void>();
  ended.promise.catch(() => undefined);
  const batches = createBatches({ topic, handle, signal, heartbeatMs: HEARTBEAT_MS, failed: (error) => ended.reject(new HandlerFailure(error)) });
  const client = line.kafka.consumer({
    groupId, sessionTimeout: SESSION_MS, heartbeatInterval: HEARTBEAT_MS, rebalanceTimeout: REBALANCE_MS, maxWaitTimeInMs: WAIT_MS, allowAutoTopicCreation: false,
    // It would begin again by itself, unseen; whoever runs this does so.
    retry: { initialRetryTime: 100, maxRetryTime: 1_000, retries: 7, restartOnFailure: async () => false },
  });
  client.on('consumer.group_join', () => batches.joined());
  client.on('consumer.crash', ({ payload: { error } }) => ended.reject(error));
  const stop = (): void => ended.resolve();
  signal.addEventListener('abort', stop, { once: true });
  const begun = begin(client, topicName, batches);
  begun.catch((error: unknown) => ended.reject(error));
  try {
    await ended.promise;
  } finally {
    signal.removeEventListener('abort', stop);
    await batches.stop();
    // Not before it has begun: it would join its group all the same, and keep its share from others.
    const leave = async (): Promise<void> => {
      await begun.catch(() => undefined);
      await client.disconnect();
    };
    await withDeadline(options.deadlineMs, leave(), line.cut).catch(() => undefined);
    line.cut();
  }
};

/** The topics of Kafka behind ours: their names, and that they are there. */
import type { Admin, Kafka } from 'kafkajs';
import { openLine, withDeadline, type LineOptions } from './line.ts';

/** The largest message that a topic of ours takes; larger ones are refused before they are sent. */
export const LARGEST_MESSAGE_BYTES = 8 * 1024 * 1024;

/** What a batch adds to the messages in it. */
const OVERHEAD_BYTES = 64 * 1024;

export type TopicOptions = LineOptions & Readonly<{
  prefix: string;
  /** How many consumers of one name can share a topic that is made from now on. */
  partitions: number;
  deadlineMs: number;
}>;

/** Asks the brokers something, on a connection of its own; `storage.unavailable` when they do not answer in time. */
export const askBrokers = async <Answer>(options: TopicOptions, work: (admin: Admin, kafka: Kafka) => Promise<Answer>): Promise<Answer> => {
  const line = openLine(options);
  const admin = line.kafka.admin();
  const asking = async (): Promise<Answer> => {
    await admin.connect();
    const answer = await work(admin, line.kafka);
    await admin.disconnect();
    return answer;
  };
  try {
    return await withDeadline(options.deadlineMs, asking(), line.cut);
  } finally {
    line.cut();
  }
};

export interface Topics {
  nameOf(topic: string): string;
  /** Makes those that this process has not seen yet, unless they are there. */
  ensure(topics: readonly string[]): Promise<void>;
  /** After a failure: the next `ensure` looks again. */
  forget(): void;
}

export const createTopics = (options: TopicOptions): Topics => {
  const there = new Map<string, Promise<void>>();
  const nameOf = (topic: string): string => `${options.prefix}${topic}`;

  const make = (topic: string): Promise<void> =>
    askBrokers(options, async (admin) => {
      await admin.createTopics({
        topics: [{
          topic: nameOf(topic), numPartitions: options.partitions,
          configEntries: [{ name: 'max.message.bytes', value: String(LARGEST_MESSAGE_BYTES + OVERHEAD_BYTES) }],
        }],
        timeout: options.deadlineMs,
      });
    });

  /** Who asks for a topic that is being made waits for the same making: in the order in which they asked. */
  const ensureOne = (topic: string): Promise<void> => {
    const known = there.get(topic);
    if (known !== undefined) return known;
    const making = make(topic);
    there.set(topic, making);
    making.catch(() => there.delete(topic));
    return making;
  };

  return {
    nameOf,
    ensure: async (topics) => { await Promise.all(topics.map(ensureOne)); },
    forget: () => there.clear(),
  };
};

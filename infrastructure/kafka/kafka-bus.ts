/**
 * The bus in Apache Kafka: a topic of ours is one of theirs, with messages of one key in one partition; a consumer is a consumer group, so that
 * several of one name share the partitions. No transactions: what is not certain comes again, with the same id.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { SASLOptions } from 'kafkajs';
import type { Bus, BusMessage, Consumer } from '../../application/kernel/bus.ts';
import type { Logger } from '../../application/kernel/ports.ts';
import { consumeWhileThere, HandlerFailure } from './consumption.ts';
import { beginAtTheEnd } from './first-place.ts';
import { createKafkaLog } from './logging.ts';
import { createPublisher } from './publisher.ts';
import { startError } from './start-errors.ts';
import { askBrokers, createTopics, type TopicOptions, type Topics } from './topics.ts';

export type KafkaBusOptions = Readonly<{
  /** `host:port`s to begin with; the brokers name the others. */
  brokers: readonly string[];
  /** Before the names of topics and groups, such as `chancery.`. */
  prefix: string;
  /** What brokers know this process by. */
  clientId: string;
  logger: Logger;
  /** Of topics that do not exist yet: how many consumers of one name can share them. Default 8. */
  partitions?: number;
  /** How long anything may take before it is `storage.unavailable`, in milliseconds. Default 10,000. */
  deadlineMs?: number;
  tls?: boolean;
  login?: SASLOptions;
}>;

export type OpenBus = Readonly<{ bus: Bus; close: () => Promise<void> }>;

const PARTITIONS = 8;
const DEADLINE_MS = 10_000;
/** Between two attempts to consume while the brokers are away: each twice as long as the one before. */
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 4_000;

const pause = (ms: number, signal: AbortSignal): Promise<void> => delay(ms, undefined, { signal }).catch(() => undefined);

/** Consumes until the signal fires, over any number of outages. */
const createConsume = (options: TopicOptions, topics: Topics, logger: Logger) => {
  const attempt = async ({ name, topic, from }: Consumer, handle: (message: BusMessage) => Promise<void>, signal: AbortSignal): Promise<void> => {
    const topicName = topics.nameOf(topic);
    const groupId = `${topicName}.${name}`;
    await topics.ensure([topic]);
    if (from === 'latest') await askBrokers(options, (admin, kafka) => beginAtTheEnd(admin, kafka, { groupId, topicName }));
    if (!signal.aborted) await consumeWhileThere(options, { groupId, topic, topicName, handle, signal });
  };

  return async (consumer: Consumer, handle: (message: BusMessage) => Promise<void>, signal: AbortSignal): Promise<void> => {
    let wait = FIRST_PAUSE_MS;
    const handleOne = async (message: BusMessage): Promise<void> => {
      wait = FIRST_PAUSE_MS;
      await handle(message);
    };
    do {
      try {
        return await attempt(consumer, handleOne, signal);
      } catch (error) {
        if (error instanceof HandlerFailure) throw error.reason;
        logger.warn({ consumer: consumer.name, topic: consumer.topic, error: (error as Error).message }, 'kafka: nothing can be consumed for now');
        topics.forget();
        await pause(wait, signal);
        wait = Math.min(2 * wait, LONGEST_PAUSE_MS);
      }
    } while (!signal.aborted);
  };
};

/**
 * Resolves when a broker has answered; rejects with a `ConfigError` when none does, or none that will do. Afterwards brokers may come and go:
 * `publish` rejects with `storage.unavailable` meanwhile, and `consume` waits for them.
 */
export const openKafkaBus = async ({ logger, partitions = PARTITIONS, deadlineMs = DEADLINE_MS, ...rest }: KafkaBusOptions): Promise<OpenBus> => {
  const options: TopicOptions = { ...rest, partitions, deadlineMs, log: createKafkaLog(logger) };
  const topics = createTopics(options);
  const publisher = createPublisher(options, topics, logger);
  try {
    await publisher.open();
  } catch (error) {
    throw startError(error, options.brokers);
  }
  const consume = createConsume(options, topics, logger);
  const closing = new AbortController();
  const consuming = new Set<Promise<void>>();
  const bus: Bus = {
    publish: (messages) => publisher.publish(messages),
    consume: async (consumer, handle, signal) => {
      const running = consume(consumer, handle, AbortSignal.any([signal, closing.signal]));
      consuming.add(running);
      return running.finally(() => consuming.delete(running));
    },
  };
  return {
    bus,
    close: async () => {
      closing.abort();
      await Promise.allSettled([publisher.close(), ...consuming]);
    },
  };
};

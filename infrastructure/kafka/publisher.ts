/**
 * Publishing with one idempotent producer and one request under way: what is published meanwhile goes together with the next one, so that the
 * order is the order of the calls, and the rate does not depend on the way to the broker.
 */
import type { Message, Producer, RetryOptions } from 'kafkajs';
import { setTimeout as delay } from 'node:timers/promises';
import type { BusMessage } from '../../application/kernel/bus.ts';
import type { Logger } from '../../application/kernel/ports.ts';
import { Rejection } from '../../domain/kernel/rejection.ts';
import { openLine, START_RETRY, unavailable, withDeadline, type Line } from './line.ts';
import { createOnce, type Once } from './once.ts';
import { LARGEST_MESSAGE_BYTES, type TopicOptions, type Topics } from './topics.ts';

export interface Publisher {
  /** Opens the connection; rejects with what kafkajs rejects with. */
  open(): Promise<void>;
  publish(messages: readonly BusMessage[]): Promise<void>;
  /** Resolves when nothing is under way any more. */
  close(): Promise<void>;
}

/** Bytes of messages in one request, under what brokers take by default; a single larger message goes alone. */
const REQUEST_BYTES = 900_000;
/** What a message takes beside its texts, generously. */
const MESSAGE_OVERHEAD_BYTES = 100;

/** How long a request that failed at once is sent again. */
const SEND_AGAIN_MS = 5_000;
const FIRST_PAUSE_MS = 100;

type Outcome = PromiseWithResolvers<void>;
type Waiting = Readonly<{ message: BusMessage; bytes: number; publication: Outcome; isLast: boolean }>;
type Connected = Readonly<{ producer: Producer; line: Line; once: Once }>;

const bytesOf = ({ key, id, body }: BusMessage): number => Buffer.byteLength(body) + Buffer.byteLength(key) + Buffer.byteLength(id) + MESSAGE_OVERHEAD_BYTES;

const refuseTooLarge = (messages: readonly BusMessage[]): void => {
  const large = messages.find((message) => bytesOf(message) > LARGEST_MESSAGE_BYTES);
  if (large !== undefined) throw new RangeError(`message ${large.id} is larger than the ${LARGEST_MESSAGE_BYTES} bytes that the bus takes`);
};

const stored = ({ key, id, body }: BusMessage): Message => ({ key, value: body, headers: { id } });

/** The first messages of the queue that fit into one request; at least one. */
const takeRequest = (queue: Waiting[]): readonly Waiting[] => {
  let bytes = 0;
  const over = queue.findIndex((waiting) => {
    bytes += waiting.bytes;
    return bytes > REQUEST_BYTES;
  });
  return queue.splice(0, over === -1 ? queue.length : Math.max(1, over));
};

/** A producer that may be used for as long as nothing fails. */
const connect = async (options: TopicOptions, retry?: RetryOptions): Promise<Connected> => {
  const line = openLine(options, retry);
  const once = createOnce();
  const producer = line.kafka.producer({ idempotent: true, allowAutoTopicCreation: false, createPartitioner: once.createPartitioner });
  try {
    await withDeadline(options.deadlineMs, producer.connect(), line.cut);
    return { producer, line, once };
  } catch (error) {
    line.cut();
    throw error;
  }
};

class KafkaPublisher implements Publisher {
  readonly #options: TopicOptions;
  readonly #topics: Topics;
  readonly #logger: Logger;
  readonly #queue: Waiting[] = [];
  #connected: Connected | undefined;
  #sending: Promise<void> | undefined;
  #closed = false;

  constructor(options: TopicOptions, topics: Topics, logger: Logger) {
    this.#options = options;
    this.#topics = topics;
    this.#logger = logger;
  }

  async open(): Promise<void> {
    this.#connected = await connect(this.#options, START_RETRY);
  }

  async publish(messages: readonly BusMessage[]): Promise<void> {
    refuseTooLarge(messages);
    if (this.#closed) throw unavailable();
    if (messages.length === 0) return;
    await this.#ensureTopics(messages);
    const publication = Promise.withResolvers<void>();
    const last = messages.length - 1;
    for (const [index, message] of messages.entries()) this.#queue.push({ message, bytes: bytesOf(message), publication, isLast: index === last });
    this.#sending ??= this.#sendAll();
    await publication.promise;
  }

  /** Before the messages wait with those of others: a topic that cannot be is their own trouble. */
  async #ensureTopics(messages: readonly BusMessage[]): Promise<void> {
    try {
      await this.#topics.ensure([...new Set(messages.map(({ topic }) => topic))]);
    } catch (error) {
      this.#logger.warn({ error: (error as Error).message, messages: messages.length }, 'kafka: not published');
      throw unavailable();
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#sending;
    if (this.#connected === undefined) return;
    const { producer, line } = this.#connected;
    this.#connected = undefined;
    await withDeadline(this.#options.deadlineMs, producer.disconnect(), line.cut).catch(() => undefined);
    line.cut();
  }

  async #sendAll(): Promise<void> {
    while (this.#queue.length > 0) {
      const request = takeRequest(this.#queue);
      try {
        await this.#send(request);
        for (const { publication } of request.filter(({ isLast }) => isLast)) publication.resolve();
      } catch (error) {
        this.#fail(request, error as Error);
      }
    }
    this.#sending = undefined;
  }

  /** Over an election of leaders, or a restart: what failed at once is sent again, as whoever publishes would do it, by another producer. */
  async #send(request: readonly Waiting[]): Promise<void> {
    const over = AbortSignal.timeout(Math.min(SEND_AGAIN_MS, this.#options.deadlineMs / 2));
    for (let wait = FIRST_PAUSE_MS; ; wait *= 2) {
      try {
        return await this.#sendOnce(request);
      } catch (error) {
        if (error instanceof Rejection || over.aborted) throw error;
        this.#giveUp();
        await delay(wait);
      }
    }
  }

  async #sendOnce(request: readonly Waiting[]): Promise<void> {
    const byTopic = Map.groupBy(request, ({ message: { topic } }) => topic);
    this.#connected ??= await connect(this.#options);
    const { producer, line, once } = this.#connected;
    const topicMessages = [...byTopic].map(([topic, waiting]) => ({ topic: this.#topics.nameOf(topic), messages: waiting.map(({ message }) => stored(message)) }));
    once.begin(request.length);
    await withDeadline(this.#options.deadlineMs, producer.sendBatch({ acks: -1, timeout: this.#options.deadlineMs, topicMessages }), line.cut);
  }

  /**
   * Nobody knows whether the broker has the messages. The producer must not be used again: it would number the next ones like these, and the broker
   * would take them for repetitions.
   */
  #giveUp(): void {
    this.#connected?.line.cut();
    this.#connected = undefined;
  }

  /** What waits behind them is rejected too, for it must not come before them when they are published again. */
  #fail(request: readonly Waiting[], error: Error): void {
    this.#logger.warn({ error: error.message, messages: request.length, waiting: this.#queue.length }, 'kafka: not published');
    this.#giveUp();
    this.#topics.forget();
    const rejected = unavailable();
    for (const { publication } of [...request, ...this.#queue.splice(0)]) publication.reject(rejected);
  }
}

export const createPublisher = (options: TopicOptions, topics: Topics, logger: Logger): Publisher => new KafkaPublisher(options, topics, logger);

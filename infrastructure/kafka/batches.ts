/** What a consumer does with the batches that it is given: one message after another, and the place moves after the effect. */
import type { EachBatchPayload, KafkaMessage } from 'kafkajs';
import type { BusMessage } from '../../application/kernel/bus.ts';

/** Messages handled before their place is written down, at most: those that may come again after a crash. */
const COMMIT_EVERY = 100;

export type BatchOptions = Readonly<{
  /** Our name of the topic. */
  topic: string;
  handle: (message: BusMessage) => Promise<void>;
  signal: AbortSignal;
  heartbeatMs: number;
  /** The handler rejected; nothing more is handled. */
  failed: (error: unknown) => void;
}>;

export interface Batches {
  eachBatch(payload: EachBatchPayload): Promise<void>;
  /** The consumer has a share of the partitions (anew). */
  joined(): void;
  /** Handles nothing more; resolves when no handler is under way. */
  stop(): Promise<void>;
}

/** After these the consumer joins its group anew, and what it has fetched may be another's by then. */
const LOST_ITS_SHARE: ReadonlySet<string> = new Set(['REBALANCE_IN_PROGRESS', 'NOT_COORDINATOR_FOR_GROUP', 'ILLEGAL_GENERATION', 'UNKNOWN_MEMBER_ID']);

const hasLostItsShare = (error: unknown): boolean => LOST_ITS_SHARE.has((error as { type?: string }).type ?? '');

const messageOf = (topic: string, partition: number, { key, value, headers, offset }: KafkaMessage): BusMessage => ({
  topic, key: key?.toString() ?? '', id: headers?.['id']?.toString() ?? `${partition}/${offset}`, body: value?.toString() ?? '',
});

const next = (offset: string): string => String(BigInt(offset) + 1n);

/** Beats while a batch is handled, however long that takes; the first beat that failed is kept. */
const createPulse = (beat: () => Promise<void>, everyMs: number) => {
  let missed: unknown;
  const timer = setInterval(() => {
    beat().catch((error: unknown) => { missed ??= error; });
  }, everyMs);
  return { missed: () => missed, stop: () => clearInterval(timer) };
};

/** The place behind the messages of one batch that are done: in memory at once, with the brokers now and then. */
const createProgress = (payload: EachBatchPayload) => {
  const { topic, partition } = payload.batch;
  let [last, pending] = ['', 0];
  const commit = async (): Promise<void> => {
    if (pending === 0) return;
    await payload.commitOffsetsIfNecessary({ topics: [{ topic, partitions: [{ partition, offset: next(last) }] }] });
    pending = 0;
  };
  const done = async (offset: string): Promise<void> => {
    payload.resolveOffset(offset);
    [last, pending] = [offset, pending + 1];
    if (pending >= COMMIT_EVERY) await commit();
  };
  return { done, commit };
};

class OrderedBatches implements Batches {
  readonly #options: BatchOptions;
  #stopped = false;
  /** What told that the share is another's by now; undefined once the group has been joined anew. */
  #lost: unknown;
  #underWay: Promise<void> = Promise.resolve();

  constructor(options: BatchOptions) {
    this.#options = options;
  }

  joined(): void {
    this.#lost = undefined;
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#underWay;
  }

  async eachBatch(payload: EachBatchPayload): Promise<void> {
    const done = Promise.withResolvers<void>();
    this.#underWay = done.promise;
    try {
      await this.#handleAll(payload);
    } catch (error) {
      if (hasLostItsShare(error)) this.#lost = error;
      throw error;
    } finally {
      done.resolve();
    }
  }

  #goesOn(): boolean {
    return !this.#stopped && !this.#options.signal.aborted;
  }

  async #handleAll(payload: EachBatchPayload): Promise<void> {
    const { topic, heartbeatMs } = this.#options;
    const { partition, messages } = payload.batch;
    // Said until the group is joined: kafkajs acts on one failure of several, and goes on as before when another one came first.
    if (this.#lost !== undefined) throw this.#lost;
    const progress = createProgress(payload);
    const pulse = createPulse(() => payload.heartbeat(), heartbeatMs);
    try {
      for (const message of messages) {
        if (!this.#goesOn() || pulse.missed() !== undefined) break;
        if (!(await this.#handle(messageOf(topic, partition, message)))) break;
        await progress.done(message.offset);
      }
      await progress.commit();
    } finally {
      pulse.stop();
    }
    // After the commit, which the old share still permits.
    if (pulse.missed() !== undefined) throw pulse.missed();
  }

  /** Whether its effect is done. */
  async #handle(message: BusMessage): Promise<boolean> {
    try {
      await this.#options.handle(message);
      return true;
    } catch (error) {
      this.#stopped = true;
      this.#options.failed(error);
      return false;
    }
  }
}

export const createBatches = (options: BatchOptions): Batches => new OrderedBatches(options);

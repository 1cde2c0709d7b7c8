/** The port of the bus: what the relay publishes from the log, and what fan-out consumes. At least once, in order. */

/** The topic of the public events, which the relay alone publishes to; before it comes the prefix that all topics have. */
export const PUBLIC_EVENTS = 'events';

/** `id` is the same over all deliveries: consumers whose effects cannot be repeated remember it. */
export type BusMessage = Readonly<{
  topic: string;
  /** Messages of one key stay in order, on every adapter. */
  key: string;
  id: string;
  /** JSON. */
  body: string;
}>;

export type Consumer = Readonly<{
  /** Whose checkpoint it is. Several of a name share the messages, by key, where the adapter can; elsewhere only one of them goes on. */
  name: string;
  topic: string;
  /** Where a consumer that was never seen before begins: default `earliest` (of what is kept). */
  from?: 'earliest' | 'latest';
}>;

export interface Bus {
  /** Resolves when the bus has the messages for good, in this order. */
  publish(messages: readonly BusMessage[]): Promise<void>;
  /**
   * Hands a topic's messages to `handle`, one after another, those of one key in order. The checkpoint moves after `handle` has resolved, so
   * that a message whose effect a crash cut short comes again. Runs until `signal` fires; rejects with what `handle` rejects with, to be started again.
   */
  consume(consumer: Consumer, handle: (message: BusMessage) => Promise<void>, signal: AbortSignal): Promise<void>;
}

/**
 * One attempt for each request of a producer. By itself kafkajs repeats what has failed on one of several brokers, and leaves out every broker that has
 * answered before: messages whose partition has moved to such a broker are never sent, and count as stored (kafkajs issue 1303).
 */
import kafkajs, { type ICustomPartitioner } from 'kafkajs';

export interface Once {
  /** Chooses by key, as the clients of other languages do. */
  readonly createPartitioner: ICustomPartitioner;
  /** Before each request: how many messages it holds. */
  begin(messages: number): void;
}

/** Why kafkajs gives up: it chooses partitions anew for each attempt, before it sends anything. */
class SecondAttempt extends Error {
  readonly retriable = false;
}

/** For one producer. */
export const createOnce = (): Once => {
  let left = 0;
  return {
    createPartitioner: () => {
      const choose = kafkajs.Partitioners.DefaultPartitioner();
      return (message) => {
        if (left === 0) throw new SecondAttempt('the request failed, and is not repeated in part');
        left -= 1;
        return choose(message);
      };
    },
    begin: (messages) => { left = messages; },
  };
};

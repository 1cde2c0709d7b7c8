/** The last step: an answer, or an error turned into one, goes out with the surface's own headers. */
import type { Exchange, Tools } from './exchange.ts';
import { failureAnswer } from './failure.ts';
import { createPush } from './push.ts';
import { letGo, send, type Answer, type Client } from './reply.ts';
import { discardBody } from './request-body.ts';

export type Delivery = Readonly<{
  /** The signal of `client` is aborted when it leaves. */
  deliver: (exchange: Exchange, answer: Answer, client: Client) => Promise<void>;
  fail: (exchange: Exchange, error: unknown) => Promise<void>;
}>;

const surfaceHeaders = ({ surface, incoming, body }: Exchange): Readonly<Record<string, string>> => surface?.replyHeaders?.(incoming, body) ?? {};

/** One that stays: what it is told is short. */
export const staying: Client = { signal: new AbortController().signal };

export const createDelivery = (tools: Tools): Delivery => {
  const push = createPush(tools.stopping);
  const deliver = async (exchange: Exchange, answer: Answer, client: Client): Promise<void> => {
    const { response, request } = exchange;
    if (response.destroyed) return letGo(answer);
    discardBody(request);
    for (const [name, value] of Object.entries(surfaceHeaders(exchange))) response.setHeader(name, value);
    await send(response, answer, { client, stopping: tools.stopping, stallMs: tools.streamStallMs, push });
  };
  return {
    deliver,
    fail: async (exchange, error) => {
      const answer = failureAnswer(error, exchange, tools);
      // Too late for an error once an answer has begun: cutting it off is the only way to say that it is not complete.
      if (exchange.response.headersSent) exchange.response.destroy();
      else await deliver(exchange, answer, staying);
    },
  };
};

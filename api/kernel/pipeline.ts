/** The steps of a request, in their order: authenticate → count → validate → authenticate again → permit → (idempotency) → handle → render. */
import { Rejection } from '../../domain/kernel/rejection.ts';
import { readInput, type CompiledRoute, type Input } from './compiled-route.ts';
import { createDelivery, type Delivery } from './delivery.ts';
import type { Exchange, Tools } from './exchange.ts';
import { createIdempotency, idempotentCall, parseIdempotencyKey, type IdempotentCall, type KeyScope } from './idempotency.ts';
import { countRequest } from './rate-limit.ts';
import { answerOf, letGo, type Answer } from './reply.ts';
import type { ApiRequest } from './route.ts';
import type { Surface } from './surface.ts';
import { createWatches, type Watch } from './watching.ts';

export type Pipeline = Pick<Delivery, 'deliver' | 'fail'> & Readonly<{ run: (surface: Surface, compiled: CompiledRoute, exchange: Exchange) => Promise<void> }>;

const scopeOf = (surface: Surface, principal: unknown, { incoming, actor, request }: Exchange): KeyScope => {
  // Strangers share a principal, and must not share answers.
  const shared = actor?.kind === 'anonymous';
  return { shared, parts: [surface.name, surface.idempotencyScope(principal), shared ? incoming.ip : '', request.method, incoming.path] };
};

const callOf = (scope: () => KeyScope, { request, incoming }: Exchange, input: Input): IdempotentCall | undefined => {
  const header = request.method === 'POST' ? incoming.header('idempotency-key') : undefined;
  if (header === undefined) return undefined;
  return idempotentCall(scope(), parseIdempotencyKey(header), [input.search, input.bytes]);
};

const isAbort = (error: unknown): boolean => error instanceof Error && error.name === 'AbortError';

type Step = Readonly<{ surface: Surface; compiled: CompiledRoute; exchange: Exchange; watching: Watch; handled: () => void }>;

const identify = async ({ surface, compiled, exchange }: Step): Promise<unknown> => {
  const principal = await surface.authenticate(exchange.incoming, compiled.route.permission);
  exchange.actor = surface.actor(principal);
  exchange.tenant = surface.tenant?.(principal);
  return principal;
};

type Given = Readonly<{ step: Step; principal: unknown; input: Input; commandId: () => string }>;

/**
 * What a handler is given; what most of them never look at is made when they do. A class, as an object with accessors of its own would have a
 * shape of its own, which the collector keeps, and the whole request with it, until it looks at the old generation.
 */
class GivenRequest implements ApiRequest<unknown> {
  readonly principal: unknown;
  readonly requestId: string;
  readonly params: unknown;
  readonly query: unknown;
  readonly body: unknown;
  readonly ip: string;
  readonly header: ApiRequest<unknown>['header'];
  readonly cause: ApiRequest<unknown>['cause'];
  readonly #commandId: () => string;
  readonly #watching: Watch;

  constructor({ step: { exchange: { incoming, actor }, watching }, principal, input, commandId }: Given) {
    this.principal = principal;
    this.requestId = incoming.requestId;
    this.params = input.params;
    this.query = input.query;
    this.body = input.body;
    this.ip = incoming.ip;
    this.header = incoming.header;
    this.cause = { actor: actor ?? { kind: 'anonymous', id: 'anonymous' }, correlation: incoming.requestId };
    this.#commandId = commandId;
    this.#watching = watching;
  }

  get commandId(): string {
    return this.#commandId();
  }

  get signal(): AbortSignal {
    return this.#watching.signal;
  }
}

/** The request as whoever asks may make it now: nothing that was true before a wait is taken for true after it. */
const admit = async (step: Step, principal: unknown, input: Input, commandId: () => string): Promise<ApiRequest<unknown>> => {
  const { surface, compiled: { route } } = step;
  const request = new GivenRequest({ step, principal: await surface.current(principal), input, commandId });
  await surface.permit(request, route.permission);
  return request;
};

const commandIdOf = (call: IdempotentCall | undefined, { ids }: Tools): (() => string) => {
  let id = call?.commandId;
  return () => (id ??= ids.next());
};

const handle = async ({ surface, compiled, exchange, watching, handled }: Step, request: ApiRequest<unknown>): Promise<Answer> => {
  // Told to come back already: nothing more is begun for it.
  if (watching.over !== undefined) throw watching.over;
  try {
    const reply = await compiled.route.handle(request as ApiRequest<unknown, never, never, never>);
    return answerOf(reply, (body) => surface.renderReply(body, exchange.incoming));
  } catch (error) {
    // Of a client that has gone nothing has failed here.
    throw isAbort(error) && watching.signal.aborted ? (watching.over ?? new Rejection('request.timeout')) : error;
  } finally {
    handled();
  }
};

/** What a client is told that is answered without its handler. */
const TOLD: ReadonlySet<string> = new Set(['request.timeout', 'storage.unavailable']);

/** Nobody waits for it any more: it may only be noted, and what it holds let go. */
const abandon = async (answering: Promise<Answer>, { incoming, route }: Exchange, { logger }: Tools): Promise<void> => {
  try {
    const answer = await answering;
    await letGo(answer);
    logger.warn({ requestId: incoming.requestId, route: route?.path, status: answer.status }, 'a handler ended after its request had been answered');
  } catch (error) {
    const code = error instanceof Rejection ? error.code : 'kernel.internal';
    if (!TOLD.has(code)) logger.warn({ requestId: incoming.requestId, route: route?.path, code }, 'a handler failed after its request had been answered');
  }
};

/**
 * When its time is up the client is told to come back, whether or not the handler heeds its signal. What that still does was not
 * acknowledged; under an Idempotency-Key its answer is kept for whoever asks again.
 */
const inTime = (answering: Promise<Answer>, { watching, exchange }: Step, tools: Tools): Promise<Answer> =>
  new Promise((resolve, reject) => {
    watching.whenLate((why) => {
      void abandon(answering, exchange, tools);
      reject(why);
    });
    answering.then(resolve, reject);
  });

export const createPipeline = (tools: Tools): Pipeline => {
  const idempotency = createIdempotency(tools);
  const delivery = createDelivery(tools);
  const watches = createWatches(tools);

  const answer = async (step: Step): Promise<Answer> => {
    const { surface, compiled, exchange } = step;
    const principal = await identify(step);
    await countRequest(exchange, surface.rate(principal, exchange.incoming), tools);
    const input = await readInput(compiled, exchange, compiled.route.maxBodyBytes ?? tools.maxBodyBytes);
    const call = callOf(() => scopeOf(surface, principal, exchange), exchange, input);
    const commandId = commandIdOf(call, tools);
    const request = await admit(step, principal, input, commandId);
    if (call === undefined) return handle(step, request);
    return idempotency.run(exchange, call, async () => handle(step, await admit(step, request.principal, input, commandId)));
  };

  return {
    ...delivery,
    run: async (surface, compiled, exchange) => {
      const { watching, handled, end } = watches.begin(exchange);
      try {
        const step = { surface, compiled, exchange, watching, handled };
        await delivery.deliver(exchange, await inTime(answer(step), step, tools), watching);
      } catch (error) {
        await delivery.fail(exchange, error);
      } finally {
        end();
      }
    },
  };
};

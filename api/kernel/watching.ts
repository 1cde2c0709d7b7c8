/** Whether a request is still worth its work: its client may leave, its time may run out, the disk may fail. */
import type { Response } from 'express';
import { Rejection } from '../../domain/kernel/rejection.ts';
import type { Exchange, Tools } from './exchange.ts';
import { createInFlight } from './in-flight.ts';

/** Over when the client goes before its answer is complete, or when somebody ends it. */
export class Watch {
  readonly #response: Response;
  /** Only made when it is asked for: most handlers are done before anybody could look at it. */
  #abort: AbortController | undefined;
  #over: Rejection | undefined;
  #isGone = false;
  #late: ((why: Rejection) => void) | undefined;
  /** When it began, on a clock that never jumps. */
  readonly since = performance.now();

  constructor(response: Response) {
    this.#response = response;
    response.on('close', () => this.#closed());
  }

  /** Aborted when nobody waits for the answer any more. */
  get signal(): AbortSignal {
    this.#abort ??= new AbortController();
    if (this.#isGone || this.#over !== undefined) this.#abort.abort();
    return this.#abort.signal;
  }

  /** What the client is told without waiting for the handler any longer; undefined while it waits. */
  get over(): Rejection | undefined {
    return this.#over;
  }

  /** Calls back once, when the client is to be told without waiting any longer, or now, when it is to be told already. */
  whenLate(tell: (why: Rejection) => void): void {
    if (this.#over === undefined) this.#late = tell;
    else tell(this.#over);
  }

  end(why: Rejection): void {
    if (this.#over !== undefined) return;
    this.#over = why;
    this.#abort?.abort();
    this.#late?.(why);
  }

  #closed(): void {
    if (this.#response.writableFinished) return;
    this.#isGone = true;
    this.#abort?.abort();
  }
}

/** One timer for all handlers at work, which all have the same time: it looks when the time of the oldest is up. */
const createDeadlines = (ms: number) => {
  const working = createInFlight<Watch>();
  let timer: NodeJS.Timeout | undefined;
  const wait = (since: number): void => {
    timer = setTimeout(look, Math.max(1, since + ms - performance.now()));
    timer.unref();
  };
  const look = (): void => {
    timer = undefined;
    let oldest = Number.POSITIVE_INFINITY;
    working.each((watching) => {
      // Timers may be early by a part of a millisecond.
      if (watching.since + ms <= performance.now() + 1) watching.end(new Rejection('request.timeout'));
      if (watching.over === undefined) oldest = Math.min(oldest, watching.since);
    });
    if (oldest !== Number.POSITIVE_INFINITY) wait(oldest);
  };
  return (watching: Watch): (() => void) => {
    if (timer === undefined) wait(watching.since);
    return working.begin(watching);
  };
};

/** Those of all requests under way: when the disk has failed, none of them waits any longer. */
export const createWatches = ({ failing, handlerTimeoutMs }: Pick<Tools, 'failing' | 'handlerTimeoutMs'>) => {
  const active = createInFlight<Watch>();
  const timed = createDeadlines(handlerTimeoutMs);
  const fail = (watching: Watch): void => watching.end(new Rejection('storage.unavailable'));
  failing?.addEventListener('abort', () => active.each(fail));
  return {
    /** `handled`: the handler is done; what is left, the sending of its answer, has limits of its own. */
    begin: ({ response }: Exchange) => {
      const watching = new Watch(response);
      const [ended, handled] = [active.begin(watching), timed(watching)];
      if (failing?.aborted === true) fail(watching);
      const end = (): void => {
        handled();
        ended();
      };
      return { watching, handled, end };
    },
  };
};

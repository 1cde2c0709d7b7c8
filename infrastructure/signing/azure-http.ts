/**
 * JSON over HTTP with the services of Azure: capped in size and time, redirects refused, faults that may pass tried again.
 * Nothing that an answer says, and nothing that was sent, gets into an error.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { ConstantBackoff, ExponentialBackoff, handleWhen, retry, type IBackoff } from 'cockatiel';
import { Rejection } from '../../domain/kernel/rejection.ts';
import { mayPass, readCapped } from './answers.ts';

/** Time, as far as waiting needs it. */
export type Timing = Readonly<{
  /** Milliseconds of a clock that never jumps. */
  now: () => number;
  pause: (milliseconds: number) => Promise<unknown>;
}>;

export const realTiming: Timing = { now: () => performance.now(), pause: async (milliseconds) => sleep(milliseconds) };

/** Seconds after which a client may find a credential that has become usable (D0-24). */
const PROVISIONING_SECONDS = 3;

/** A client is sent away for an hour at most, whatever the service says. */
const LONGEST_RETRY_SECONDS = 3_600;

const seconds = (milliseconds: number | undefined): Readonly<{ retryAfter?: number }> =>
  milliseconds === undefined ? {} : { retryAfter: Math.min(Math.ceil(milliseconds / 1000), LONGEST_RETRY_SECONDS) };

export const failed = (why: string): Rejection => new Rejection('signing.backend_failed', { azure: why });
export const transient = (why: string, retryAfterMs?: number): Rejection =>
  new Rejection('signing.backend_transient', { azure: why, ...seconds(retryAfterMs) });
export const provisioning = (why: string, retryAfterMs?: number): Rejection =>
  new Rejection('signing.backend_provisioning', { azure: why, retryAfter: PROVISIONING_SECONDS, ...seconds(retryAfterMs) });

/** The end of one piece of work. */
export interface Deadline {
  /** Milliseconds, never negative. */
  remaining(): number;
  /** Waits, unless the time would be up by then. `retryAfterMs` is what a client is told in that case. */
  pause(milliseconds: number, retryAfterMs?: number): Promise<void>;
  /** What others work on, too: it goes on when this deadline passes. */
  within<Value>(work: Promise<Value>): Promise<Value>;
}

const TIME_IS_UP = 'there was no answer in time';

export const createDeadline = (timing: Timing, milliseconds: number): Deadline => {
  const end = timing.now() + milliseconds;
  const remaining = (): number => Math.max(0, end - timing.now());
  return {
    remaining,
    pause: async (wanted, retryAfterMs) => {
      if (wanted >= remaining()) throw transient(TIME_IS_UP, retryAfterMs);
      await timing.pause(wanted);
    },
    within: async (work) => {
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<never>((_resolve, refuse) => {
        timer = setTimeout(() => refuse(transient(TIME_IS_UP)), remaining());
      });
      return Promise.race([work, late]).finally(() => clearTimeout(timer));
    },
  };
};

/** What the service asks for, but never less than our own pause: a service in trouble may say 0, and would be asked without end. */
export const pauseOf = (ownMs: number, retryAfterMs: number | undefined): number => Math.max(ownMs, retryAfterMs ?? 0);

export type JsonObject = Readonly<Record<string, unknown>>;

export type AzureRequest = Readonly<{ method: 'GET' | 'POST'; url: string; headers: Readonly<Record<string, string>>; body?: string }>;

/** Any answer that trying again would not change. `json` is undefined when the body is not an object. */
export type AzureReply = Readonly<{ status: number; retryAfterMs: number | undefined; json: JsonObject | undefined }>;

/** A fault that may pass. */
class PassingFault extends Error {
  readonly retryAfterMs: number | undefined;
  constructor(message: string, retryAfterMs?: number) {
    super(message);
    this.name = 'PassingFault';
    this.retryAfterMs = retryAfterMs;
  }
}

const MAX_ANSWER_OCTETS = 262_144;

const isObject = (value: unknown): value is JsonObject => typeof value === 'object' && value !== null && !Array.isArray(value);

const parsed = (text: string): JsonObject | undefined => {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : undefined;
  } catch {
    // The parser's words quote the text.
    return undefined;
  }
};

/** RFC 9110 10.2.3. A date counts from the answer's own date, so that our clock has no say. */
const retryAfterOf = (headers: Headers): number | undefined => {
  const text = headers.get('retry-after') ?? '';
  if (/^\d{1,6}$/.test(text)) return Number(text) * 1000;
  const wait = Date.parse(text) - Date.parse(headers.get('date') ?? '');
  return Number.isNaN(wait) ? undefined : Math.max(0, wait);
};

const exchange = async ({ url, ...message }: AzureRequest, timeoutMs: number): Promise<AzureReply> => {
  try {
    const signal = AbortSignal.timeout(Math.max(1, Math.ceil(timeoutMs)));
    const { status, headers, body } = await fetch(url, { ...message, redirect: 'manual', signal });
    const json = parsed((await readCapped(body, MAX_ANSWER_OCTETS, () => failed('the answer is too long'))).toString('utf8'));
    const retryAfterMs = retryAfterOf(headers);
    if (mayPass(status)) throw new PassingFault(`the service answered ${String(status)}`, retryAfterMs);
    return { status, retryAfterMs, json };
  } catch (error) {
    throw error instanceof Rejection || error instanceof PassingFault ? error : new PassingFault('the service could not be reached');
  }
};

export type AzureHttpOptions = Readonly<{
  /** For one attempt, in milliseconds. */
  timeoutMs?: number;
  attempts?: number;
}>;

const TIMEOUT_MS = 10_000;
const ATTEMPTS = 4;
const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 4_000;

/**
 * Makes a request within a deadline. Rejects with `signing.backend_transient` {retryAfter} when the service stays out of reach,
 * answers 408, 429 or 5xx, or says to come back later than the deadline; with `signing.backend_failed` when an answer is too long.
 */
export type AzureHttp = (request: AzureRequest, deadline: Deadline) => Promise<AzureReply>;

export const createAzureHttp = ({ timeoutMs = TIMEOUT_MS, attempts = ATTEMPTS }: AzureHttpOptions): AzureHttp => {
  // The pauses are the deadline's: they depend on the answer, and end when the time is up.
  const policy = retry(handleWhen((error) => error instanceof PassingFault), { maxAttempts: attempts - 1, backoff: new ConstantBackoff(0) });
  const backoff = new ExponentialBackoff({ initialDelay: FIRST_PAUSE_MS, maxDelay: LONGEST_PAUSE_MS });

  return async (request, deadline) => {
    let fault: PassingFault | undefined;
    let step: IBackoff<unknown> | undefined;
    const attempt = async (): Promise<AzureReply> => {
      if (fault !== undefined) {
        step = step === undefined ? backoff.next() : step.next(undefined);
        await deadline.pause(pauseOf(step.duration, fault.retryAfterMs), fault.retryAfterMs);
      }
      return exchange(request, Math.min(timeoutMs, deadline.remaining()));
    };
    const noted = async (): Promise<AzureReply> =>
      attempt().catch((error: unknown) => {
        if (error instanceof PassingFault) fault = error;
        throw error;
      });
    try {
      return await policy.execute(noted);
    } catch (error) {
      throw error instanceof PassingFault ? transient(error.message, error.retryAfterMs) : error;
    }
  };
};

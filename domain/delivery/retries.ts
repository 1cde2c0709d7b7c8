/** When what could not be delivered is tried again. Pure: the moments are given, in milliseconds since 1970. */
import type { FailureReason } from './delivery.events.ts';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

/** After the first attempt. Standard Webhooks 1.0, "Deliverability and reliability". */
export const RETRY_OFFSETS_MS: readonly number[] = [5 * SECOND, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 5 * HOUR, 10 * HOUR, 14 * HOUR, 20 * HOUR, 24 * HOUR];

/** The last attempt begins no later than this after the first. */
export const RETRIED_FOR_MS = 24 * HOUR;

/** The part of an offset that differs from delivery to delivery, so that what failed together does not come back together. */
const JITTER = 0.1;

export type Failed = Readonly<{
  firstAt: number;
  now: number;
  /** Milliseconds that the receiver asked to be left alone for. */
  retryAfterMs?: number | undefined;
  /** From 0 to 1, of this delivery's own. */
  fraction: number;
}>;

const jittered = (offset: number, fraction: number): number => Math.round(offset * (1 - JITTER * fraction));

/**
 * When the next attempt is due; undefined when there is none. Attempts that were missed meanwhile are not made up for. What the receiver asks for
 * is kept to, as far as the day goes.
 */
export const nextAttemptAt = ({ firstAt, now, retryAfterMs = 0, fraction }: Failed): number | undefined => {
  const end = firstAt + RETRIED_FOR_MS;
  const offset = RETRY_OFFSETS_MS.find((one) => firstAt + jittered(one, fraction) > now);
  if (offset === undefined) return undefined;
  return Math.min(end, Math.max(firstAt + jittered(offset, fraction), now + retryAfterMs));
};

const STEPS = 0xffff;

/** A fraction that follows from an identifier with hexadecimal digits at its end: one for all attempts of a delivery, so that their times keep their order. */
export const fractionOf = (identifier: string): number => Number.parseInt(identifier.slice(-4), 16) / STEPS || 0;

const GONE = 410;

/** Why an answer is no success; undefined when it is one. */
export const failureOf = (status: number): FailureReason | undefined => {
  if (status >= 200 && status < 300) return undefined;
  if (status >= 300 && status < 400) return 'redirect';
  return status === GONE ? 'gone' : 'status';
};

/** RFC 9110, 5.6.7: as dates are sent, as they once were, and as C's `asctime` writes them, which is UTC like the others but does not say so. */
const SAYS_GMT = /^[A-Z][a-z]{2,8}, .* GMT$/u;
const ASCTIME = /^[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d{2}:\d{2}:\d{2} \d{4}$/u;

/** Milliseconds since 1970; NaN for what is no date of HTTP. */
const dateOf = (text: string): number => {
  if (SAYS_GMT.test(text)) return Date.parse(text);
  return ASCTIME.test(text) ? Date.parse(`${text} GMT`) : Number.NaN;
};

/** How long a `Retry-After` (RFC 9110, 10.2.3: seconds or a date) asks to wait, in milliseconds; undefined when it says nothing. */
export const retryAfterOf = (header: string | undefined, now: number): number | undefined => {
  if (header === undefined) return undefined;
  if (/^\d{1,9}$/u.test(header)) return Number(header) * SECOND;
  const at = dateOf(header);
  return Number.isNaN(at) ? undefined : Math.max(0, at - now);
};

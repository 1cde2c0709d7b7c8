/** Fixed windows, counted in the state store, told in the headers that the documents ask for and in those of the IETF draft. */
import { Rejection } from '../../domain/kernel/rejection.ts';
import type { Exchange, Tools } from './exchange.ts';
import type { RateRule } from './surface.ts';

type Hit = Readonly<{ count: number; exceeded: boolean; resetAt: number }>;

const headersOf = (rule: RateRule, hit: Hit, now: number): Readonly<Record<string, string>> => {
  const remaining = Math.max(0, rule.limit - hit.count);
  const seconds = Math.max(1, Math.ceil((hit.resetAt - now) / 1000));
  return {
    'X-RateLimit-Limit': String(rule.limit),
    'X-RateLimit-Remaining': String(remaining),
    'X-RateLimit-Reset': String(Math.ceil(hit.resetAt / 1000)),
    // draft-ietf-httpapi-ratelimit-headers: q and w are quota and window in seconds, r and t what is left of both.
    'RateLimit-Policy': `"default";q=${rule.limit};w=${Math.ceil(rule.windowMs / 1000)}`,
    RateLimit: `"default";r=${remaining};t=${seconds}`,
  };
};

/** Counts the request; rejects with `request.rate_limited` {retryAfter: seconds, limit} beyond the limit. */
export const countRequest = async (exchange: Exchange, rule: RateRule | undefined, { state, clock }: Tools): Promise<void> => {
  if (rule === undefined) return;
  const now = clock.now();
  const { limit, windowMs } = rule;
  const hit = await state.hit('rate', `${exchange.surface?.name ?? ''}:${rule.key}`, { limit, windowMs, now });
  for (const [name, value] of Object.entries(headersOf(rule, hit, now))) exchange.response.setHeader(name, value);
  if (hit.exceeded) {
    throw new Rejection('request.rate_limited', { retryAfter: Math.max(1, Math.ceil((hit.resetAt - now) / 1000)), limit });
  }
};

/** Fixed windows, counted in the state store, told in the headers that the documents ask for and in those of the IETF draft. */
import { Rejection } from '../../domain/kernel/rejection.ts';
import type { StateStore } from '../../application/kernel/state.ts';
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

type Window = { count: number; resetAt: number };

/** Keys counted without the store; beyond that the oldest are forgotten. */
const REMEMBERED = 10_000;
const windowsOf = new WeakMap<StateStore, Map<string, Window>>();

const hitHere = (windows: Map<string, Window>, key: string, { limit, windowMs, now }: Parameters<StateStore['hit']>[2]): Hit => {
  const known = windows.get(key);
  const window = known !== undefined && known.resetAt > now && known.resetAt <= now + windowMs ? known : { count: 0, resetAt: now + windowMs };
  windows.delete(key);
  windows.set(key, window);
  const oldest = windows.size > REMEMBERED ? windows.keys().next().value : undefined;
  if (oldest !== undefined) windows.delete(oldest);
  const exceeded = window.count >= limit;
  if (!exceeded) window.count += 1;
  return { count: window.count, exceeded, resetAt: window.resetAt };
};

/** Counts in memory while nothing can be written: a full disk must not keep anybody from reading. */
const hitOr = async (state: StateStore, key: string, rule: Parameters<StateStore['hit']>[2]): Promise<Hit> => {
  try {
    return await state.hit('rate', key, rule);
  } catch (error) {
    if (!(error instanceof Rejection) || error.code !== 'storage.unavailable') throw error;
    const windows = windowsOf.get(state) ?? new Map<string, Window>();
    windowsOf.set(state, windows);
    return hitHere(windows, key, rule);
  }
};

/** Counts the request; rejects with `request.rate_limited` {retryAfter: seconds, limit} beyond the limit. */
export const countRequest = async (exchange: Exchange, rule: RateRule | undefined, { state, clock }: Tools): Promise<void> => {
  if (rule === undefined) return;
  const now = clock.now();
  const { limit, windowMs } = rule;
  const hit = await hitOr(state, `${exchange.surface?.name ?? ''}:${rule.key}`, { limit, windowMs, now });
  for (const [name, value] of Object.entries(headersOf(rule, hit, now))) exchange.response.setHeader(name, value);
  if (hit.exceeded) {
    throw new Rejection('request.rate_limited', { retryAfter: Math.max(1, Math.ceil((hit.resetAt - now) / 1000)), limit });
  }
};

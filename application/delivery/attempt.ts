/** One attempt to deliver one event to one endpoint, recorded before the event leaves the queue. */
import type { DeliveryEvent, EventPlace } from '../../domain/delivery/delivery.events.ts';
import { fractionOf, nextAttemptAt } from '../../domain/delivery/retries.ts';
import type { SealedUrl } from '../../domain/delivery/sealed-url.ts';
import type { Webhook } from '../../domain/delivery/webhooks-state.ts';
import type { Cause, Clock, EventStore } from '../kernel/ports.ts';
import type { Bodies } from './bodies.ts';
import type { SendWebhook, Sent } from './send-webhook.ts';
import type { Endpoint, Waiting } from './shelves.ts';
import { deliveriesStream, deliveryIdOf } from './streams.ts';
import type { Webhooks } from './webhooks.ts';

export type Attempted =
  /** Nothing goes to the endpoint any more, or for now. */
  | Readonly<{ outcome: 'stopped' }>
  | Readonly<{ outcome: 'delivered' }>
  /** `next`: undefined when it was the last attempt. `leaveAloneUntil`: what the receiver asked for; milliseconds since 1970. */
  | Readonly<{ outcome: 'failed'; next: Waiting | undefined; leaveAloneUntil: number | undefined }>;

/** `stop`: nothing is to go there any more, or for now; nothing is recorded. `giveUp`: the receiver has had time enough. `calling`: told where the call goes, before it does. */
export type Breaks = Readonly<{ stop: AbortSignal; giveUp: AbortSignal; calling: (url: SealedUrl) => void }>;

/** Rejects with `storage.*` when it could not be recorded: it will have to be made again. */
export type Attempt = (endpoint: Endpoint, waiting: Waiting, breaks: Breaks) => Promise<Attempted>;

export type AttemptDeps = Readonly<{
  webhooks: Pick<Webhooks, 'find' | 'disableGone'>;
  bodies: Pick<Bodies, 'of'>;
  store: Pick<EventStore, 'append'>;
  send: SendWebhook;
  clock: Clock;
}>;

const placeOf = ({ eventId, eventType, eventStream, eventRevision, eventPosition }: EventPlace): EventPlace => ({
  eventId, eventType, eventStream, eventRevision, eventPosition,
});

const iso = (ms: number): string => new Date(ms).toISOString();

const causeOf = (deliveryId: string, eventId: string): Cause => ({ actor: { kind: 'system', id: 'webhooks' }, correlation: deliveryId, causation: eventId });

/** What a call that was given up came to. */
const outOfTime = (sent: Sent): Sent => (sent.reason === 'unreachable' ? { ...sent, reason: 'timeout' } : sent);

type Reported = Readonly<{ webhook: Webhook; waiting: Waiting; sent: Sent; now: number }>;

/** The facts of a failed attempt, and what waits after it. A receiver that is gone is not asked again until somebody enables the endpoint. */
const failed = ({ webhook, waiting, sent, now }: Reported, deliveryId: string) => {
  const firstAt = waiting.firstAt ?? now;
  const nextAt = nextAttemptAt({ firstAt, now, retryAfterMs: sent.retryAfterMs, fraction: fractionOf(waiting.eventId) });
  const attempt = waiting.attempts + 1;
  const shared = { ...placeOf(waiting), webhookId: webhook.webhookId, deliveryId };
  const { status, reason = 'status', durationMs } = sent;
  const shownNext = nextAt === undefined || reason === 'gone' ? null : iso(nextAt);
  const events: DeliveryEvent[] = [{ type: 'WebhookAttemptFailed', data: { ...shared, attempt, reason, status, durationMs, nextAt: shownNext, failedAt: iso(now) } }];
  if (nextAt === undefined) events.push({ type: 'WebhookDeadLettered', data: { ...shared, attempts: attempt, deadAt: iso(now) } });
  const next: Waiting | undefined = nextAt === undefined ? undefined : { ...waiting, attempts: attempt, firstAt, notBefore: nextAt };
  return { events, next };
};

/** What somebody asked for and there is no room for: it is, or stays, a dead letter. Rejects with `storage.*`. */
export type Decline = (endpoint: Endpoint, waiting: Waiting) => Promise<void>;

export const createDecline = ({ store, clock }: Readonly<{ store: Pick<EventStore, 'append'>; clock: Clock }>): Decline => async ({ tenant, webhookId }, waiting) => {
  const [deliveryId, deadAt] = [deliveryIdOf(waiting.eventId, webhookId), iso(clock.now())];
  const data = { ...placeOf(waiting), webhookId, deliveryId, attempts: Math.max(1, waiting.attempts), deadAt };
  await store.append(deliveriesStream(tenant, deadAt), 'any', [{ type: 'WebhookDeadLettered', data }], causeOf(deliveryId, waiting.eventId));
};

export const createAttempt = ({ webhooks, bodies, store, send, clock }: AttemptDeps): Attempt => {
  const record = async ({ tenant }: Endpoint, waiting: Waiting, facts: readonly DeliveryEvent[]): Promise<void> => {
    const deliveryId = facts[0]?.data.deliveryId ?? '';
    await store.append(deliveriesStream(tenant, iso(clock.now())), 'any', facts, causeOf(deliveryId, waiting.eventId));
  };

  const settle = async (endpoint: Endpoint, reported: Reported): Promise<Attempted> => {
    const { webhook, waiting, sent, now } = reported;
    const deliveryId = deliveryIdOf(waiting.eventId, webhook.webhookId);
    if (sent.reason === undefined) {
      const data = { ...placeOf(waiting), webhookId: webhook.webhookId, deliveryId, attempt: waiting.attempts + 1, status: sent.status ?? 0, durationMs: sent.durationMs, deliveredAt: iso(now) };
      await record(endpoint, waiting, [{ type: 'WebhookDelivered', data }]);
      return { outcome: 'delivered' };
    }
    const { events: facts, next } = failed(reported, deliveryId);
    await record(endpoint, waiting, facts);
    if (sent.reason === 'gone') await webhooks.disableGone(endpoint.tenant, webhook.webhookId, webhook.settings.url, causeOf(deliveryId, waiting.eventId));
    return { outcome: 'failed', next, leaveAloneUntil: sent.retryAfterMs === undefined ? undefined : now + sent.retryAfterMs };
  };

  return async (endpoint, waiting, { stop, giveUp, calling }) => {
    const body = await bodies.of(waiting);
    // Looked at last: what was deleted, disabled or rotated before this moment is as it was left.
    const webhook = await webhooks.find(endpoint.tenant, endpoint.webhookId);
    if (webhook === undefined || webhook.disabled !== null || stop.aborted) return { outcome: 'stopped' };
    calling(webhook.settings.url);
    const deliveryId = deliveryIdOf(waiting.eventId, webhook.webhookId);
    const sent = await send({ tenant: endpoint.tenant, webhook, deliveryId, body, signal: AbortSignal.any([stop, giveUp]) });
    // What was broken off says nothing of the receiver.
    if (sent.reason !== undefined && stop.aborted) return { outcome: 'stopped' };
    return settle(endpoint, { webhook, waiting, sent: giveUp.aborted ? outOfTime(sent) : sent, now: clock.now() });
  };
};

/** Deliveries that somebody asks for: another attempt of one, and a message to see whether a receiver is there. */
import type { EventPlace, WebhookDelivered, WebhookAttemptFailed } from '../../domain/delivery/delivery.events.ts';
import type { Webhook } from '../../domain/delivery/webhooks-state.ts';
import type { TenantId } from '../../domain/kernel/ids.ts';
import { reject } from '../../domain/kernel/rejection.ts';
import type { Cause, Clock, EventStore } from '../kernel/ports.ts';
import { createShares } from '../kernel/shares.ts';
import type { PublicEvent } from './ports.ts';
import { orUnreadable } from './sealed-urls.ts';
import type { SendWebhook, Sent } from './send-webhook.ts';
import { deliveriesStream, deliveryIdOf } from './streams.ts';
import type { Webhooks } from './webhooks.ts';

/** A delivery as it is known: where its event is, and how often it was tried. */
export type KnownDelivery = EventPlace & Readonly<{ deliveryId: string; attempts: number }>;

export type TestResult = Readonly<{ deliveryId: string; sent: Sent }>;

/** Both reject with `delivery.webhook_not_found` and `delivery.webhook_disabled`; a test with `delivery.unreadable` where its URL or keys cannot be opened. */
export interface Redeliver {
  /** Another attempt, as soon as there is room; it begins a day of further ones if it fails. */
  retry(tenant: TenantId, webhookId: string, delivery: KnownDelivery, cause: Cause): Promise<void>;
  /**
   * Sends a message of no event, once and as soon as there is room, and tells what came of it. A receiver that says that it is gone is believed, as with
   * any delivery. `signal`: nobody waits for it any more; one that has not been sent by then is not sent.
   */
  test(tenant: TenantId, webhookId: string, how: Cause & Readonly<{ commandId: string; signal: AbortSignal }>): Promise<TestResult>;
}

/** What a test says it is: no event of the log. */
export const TEST_TYPE = 'chancery.delivery.webhook.tested';

/** What a test is made of. `time`: UTC, ISO 8601 with milliseconds. */
export type TestMessage = Readonly<{ id: string; tenant: TenantId; webhookId: string; time: string; cause: Cause }>;

type Deps = Readonly<{ webhooks: Pick<Webhooks, 'find' | 'disableGone'>; store: Pick<EventStore, 'append'>; send: SendWebhook; toTest: (message: TestMessage) => PublicEvent; clock: Clock }>;

const outcomeOf = (webhookId: string, event: PublicEvent, { sent, deliveryId }: TestResult, at: string): WebhookDelivered | WebhookAttemptFailed => {
  const { durationMs, status, reason } = sent;
  const shared = { webhookId, deliveryId, eventId: event.id, eventType: TEST_TYPE, eventStream: null, eventRevision: null, eventPosition: null, attempt: 1, durationMs };
  return reason === undefined
    ? { type: 'WebhookDelivered', data: { ...shared, status: status ?? 0, deliveredAt: at } }
    : { type: 'WebhookAttemptFailed', data: { ...shared, status, reason, nextAt: null, failedAt: at } };
};

/** Tests of one tenant at once: each holds a connection for as long as its receiver likes, and connections are everybody's. */
const TESTS_AT_ONCE = 4;

export const createRedeliver = ({ webhooks, store, send, toTest, clock }: Deps): Redeliver => {
  const testing = createShares<TenantId>(TESTS_AT_ONCE);
  const now = (): string => new Date(clock.now()).toISOString();
  const active = async (tenant: TenantId, webhookId: string): Promise<Webhook> => {
    const webhook = (await webhooks.find(tenant, webhookId)) ?? reject('delivery.webhook_not_found');
    return webhook.disabled === null ? webhook : reject('delivery.webhook_disabled');
  };
  return {
    retry: async (tenant, webhookId, delivery, cause) => {
      await active(tenant, webhookId);
      const requestedAt = now();
      await store.append(deliveriesStream(tenant, requestedAt), 'any', [{ type: 'WebhookRetryRequested', data: { webhookId, ...delivery, requestedAt } }], cause);
    },
    test: async (tenant, webhookId, { commandId, signal, ...cause }) => {
      await active(tenant, webhookId);
      const event = toTest({ id: commandId, tenant, webhookId, time: now(), cause });
      const deliveryId = deliveryIdOf(commandId, webhookId);
      const { webhook, sent } = await orUnreadable(testing(tenant, async () => {
        signal.throwIfAborted();
        // As it is when its turn has come: deleted, disabled, moved or with other keys meanwhile.
        const current = await active(tenant, webhookId);
        return { webhook: current, sent: await send({ tenant, webhook: current, deliveryId, body: JSON.stringify(event) }) };
      }));
      const at = now();
      await store.append(deliveriesStream(tenant, at), 'any', [outcomeOf(webhookId, event, { deliveryId, sent }, at)], cause);
      if (sent.reason === 'gone') await webhooks.disableGone(tenant, webhookId, webhook.settings.url, cause);
      return { deliveryId, sent };
    },
  };
};

/** Random lives of webhook endpoints and their deliveries, as the program would store them. */
import { deliveriesStream, webhooksStream } from '../../application/delivery/streams.ts';
import type { DeliveryEvent } from '../../domain/delivery/delivery.events.ts';
import type { WebhookEvent } from '../../domain/delivery/webhook.events.ts';
import type { Embedded } from '../../infrastructure/runtime/embedded.ts';
import { someCause, someTenant } from './sample-events.ts';
import type { Seeded } from './seeded.ts';

const keys = (number: number) => ({ keysId: `k-${number}`, secret: { tenantKey: 1, box: 'b' }, seed: { tenantKey: 1, box: 'b' }, publicKey: `p-${number}` });

const changeOf = (webhookId: string, at: string, random: Seeded): WebhookEvent => {
  const settings = { url: { tenantKey: 1, box: `e${random.below(9)}` }, types: random.chance(0.5) ? null : ['a'], description: null, format: 'json' } as const;
  const replayId = `r-${random.below(9)}`;
  return random.pick<WebhookEvent>([
    { type: 'WebhookCreated', data: { webhookId, ...settings, ...keys(0), startAfter: null, startTime: null, createdAt: at } },
    { type: 'WebhookChanged', data: { webhookId, ...settings, changedAt: at } },
    { type: 'WebhookSecretRotated', data: { webhookId, ...keys(random.below(9)), previousUntil: random.chance(0.5) ? null : at, rotatedAt: at } },
    { type: 'WebhookDisabled', data: { webhookId, reason: random.pick(['gone', 'asked']), disabledAt: at } },
    { type: 'WebhookEnabled', data: { webhookId, enabledAt: at } },
    { type: 'WebhookDeleted', data: { webhookId, deletedAt: at } },
    { type: 'WebhookReplayRequested', data: { webhookId, replayId, after: null, upTo: '00000000000000000009', since: null, until: null, types: null, requestedAt: at } },
    { type: 'WebhookReplayFinished', data: { webhookId, replayId, finishedAt: at } },
  ]);
};

const outcomeOf = (webhookId: string, at: string, random: Seeded): DeliveryEvent => {
  const eventId = `e-${random.below(30)}`;
  const delivery = { webhookId, deliveryId: `msg_${eventId}_${webhookId}`, eventId, eventType: random.pick(['a', 'b']), eventStream: 's', eventRevision: 0, eventPosition: '00000000000000000007' };
  const tried = { ...delivery, attempt: 1 + random.below(10), durationMs: random.below(99) };
  return random.pick<DeliveryEvent>([
    { type: 'WebhookDelivered', data: { ...tried, status: 204, deliveredAt: at } },
    { type: 'WebhookAttemptFailed', data: { ...tried, reason: random.pick(['status', 'gone', 'timeout']), status: random.chance(0.5) ? null : 500, nextAt: random.chance(0.3) ? null : at, failedAt: at } },
    { type: 'WebhookDeadLettered', data: { ...delivery, attempts: 10, deadAt: at } },
    { type: 'WebhookRetryRequested', data: { ...delivery, attempts: 10, requestedAt: at } },
  ]);
};

/** Appends one random event each time it is asked to. */
export const webhookLives = ({ store }: Embedded, random: Seeded): (() => Promise<unknown>) => {
  const tenants = Array.from({ length: 3 }, () => someTenant());
  return () => {
    const [tenant, webhookId] = [random.pick(tenants), `w-${random.below(4)}`];
    const at = new Date(Date.UTC(2026, 2, 1 + random.below(28), random.below(24))).toISOString();
    return random.chance(0.4)
      ? store.append(webhooksStream(tenant), 'any', [changeOf(webhookId, at, random)], someCause)
      : store.append(deliveriesStream(tenant, at), 'any', [outcomeOf(webhookId, at, random)], someCause);
  };
};

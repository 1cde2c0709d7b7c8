/** What became of each delivery: one document for an event and an endpoint, with its newest attempts. */
import type { DeliveryEvent, FailureReason, WebhookAttemptFailed, WebhookDelivered } from '../../domain/delivery/delivery.events.ts';
import { defineProjection, type Forgotten } from '../kernel/projection.ts';

export type DeliveryStatus = 'delivered' | 'retrying' | 'dead' | 'failed';

export type ShownAttempt = Readonly<{ attempt: number; at: string; status: number | null; reason: FailureReason | null; durationMs: number }>;

/** Times are UTC, ISO 8601 with milliseconds. `event…`: where the event is read from; null for a message that was made for a test. */
export type DeliveryDocument = Readonly<{
  deliveryId: string;
  webhookId: string;
  eventId: string;
  eventType: string;
  eventStream: string | null;
  eventRevision: number | null;
  eventPosition: string | null;
  /** `retrying`: there is another attempt. `dead`: only when somebody asks. `failed`: the same, of a test. */
  status: DeliveryStatus;
  attempts: number;
  nextAt: string | null;
  /** Newest first. */
  newest: readonly ShownAttempt[];
  createdAt: string;
  updatedAt: string;
}>;

/** Attempts that a document shows. */
const SHOWN = 20;

type Tried = WebhookDelivered['data'] | WebhookAttemptFailed['data'];
type Seen = Readonly<{ shown: ShownAttempt; status: DeliveryStatus; nextAt: string | null }>;

const after = (document: DeliveryDocument | undefined, data: Tried, { shown, status, nextAt }: Seen): DeliveryDocument => {
  const { deliveryId, webhookId, eventId, eventType, eventStream, eventRevision, eventPosition, attempt } = data;
  const others = (document?.newest ?? []).filter((one) => one.attempt !== shown.attempt || one.at !== shown.at);
  return {
    deliveryId, webhookId, eventId, eventType, eventStream, eventRevision, eventPosition, status, nextAt,
    attempts: Math.max(document?.attempts ?? 0, attempt),
    newest: [shown, ...others].slice(0, SHOWN),
    createdAt: document?.createdAt ?? shown.at,
    updatedAt: shown.at,
  };
};

const statusAfter = ({ nextAt, eventStream, reason }: WebhookAttemptFailed['data']): DeliveryStatus => {
  if (eventStream === null) return 'failed';
  // One that is gone is asked again when its endpoint is enabled.
  return nextAt !== null || reason === 'gone' ? 'retrying' : 'dead';
};

const DAY_MS = 86_400_000;
/** Days for which a delivery is kept after what last became of it; one that is tried again is kept. Dead letters are what somebody may still ask for. */
export const KEPT_DAYS = { delivered: 30, failed: 30, dead: 365 } as const satisfies Partial<Record<DeliveryStatus, number>>;

/** `time`: of the log. */
const overAt = (time: string): readonly Forgotten<DeliveryDocument>[] =>
  Object.entries(KEPT_DAYS).map(([status, days]) => ({
    where: { status, updatedAt: { lt: new Date(Date.parse(time) - days * DAY_MS).toISOString() } }, order: { by: 'updatedAt', direction: 'asc' },
  }));

export const deliveriesProjection = defineProjection<DeliveryDocument, DeliveryEvent>({
  name: 'delivery_deliveries',
  version: 2,
  indexes: [['webhookId', 'createdAt'], ['webhookId', 'status', 'createdAt'], ['webhookId', 'eventType', 'createdAt'], ['webhookId', 'status', 'eventType', 'createdAt'], ['status', 'updatedAt']],
  id: ({ data }) => data.deliveryId,
  // A tenant's deliveries of a day are a stream: its first event is the first of the day.
  forgets: { at: ({ revision, time }) => (revision === 0 ? overAt(time) : undefined), idOf: ({ deliveryId }) => deliveryId },
  on: {
    WebhookDelivered: (document, { data }) => {
      const { attempt, deliveredAt: at, status, durationMs } = data;
      return after(document, data, { shown: { attempt, at, status, reason: null, durationMs }, status: 'delivered', nextAt: null });
    },
    WebhookAttemptFailed: (document, { data }) => {
      const { attempt, failedAt: at, status, reason, durationMs, nextAt } = data;
      return after(document, data, { shown: { attempt, at, status, reason, durationMs }, status: statusAfter(data), nextAt });
    },
    WebhookDeadLettered: (document, { data }) => document && { ...document, status: 'dead', nextAt: null, updatedAt: data.deadAt },
    WebhookRetryRequested: (document, { data }) => document && { ...document, status: 'retrying', nextAt: data.requestedAt, updatedAt: data.requestedAt },
  },
});

/**
 * What became of deliveries to webhooks, on streams that nobody folds. They are in the log for the audit, and are delivered to no webhook themselves.
 * NOTE: a storage contract. Add fields, never change or reuse one.
 */
import type { Message } from '../kernel/decider.ts';

/** An event of the log, where it is read from. */
export type EventPlace = Readonly<{
  eventId: string;
  /** The public type it is delivered as. */
  eventType: string;
  eventStream: string;
  eventRevision: number;
  eventPosition: string;
}>;

/** One event for one endpoint. `deliveryId`: what receivers see as `webhook-id`, the same over all attempts. */
type Delivery = EventPlace & Readonly<{ webhookId: string; deliveryId: string }>;
/** Without a place in the log: a message that was made for a test. */
type Tried = Readonly<{ webhookId: string; deliveryId: string; eventId: string; eventType: string; eventStream: string | null; eventRevision: number | null; eventPosition: string | null }>;

/**
 * `status`: an answer that is no success. `redirect`: one that leads elsewhere, which is not followed. `gone`: 410. `forbidden`: the address is
 * none that may be called. `unreachable`: no connection, or one that broke.
 */
export type FailureReason = 'status' | 'redirect' | 'gone' | 'timeout' | 'unreachable' | 'forbidden';

/** `attempt`: from 1. Times are UTC, ISO 8601 with milliseconds. */
export type WebhookDelivered = Message<'WebhookDelivered', Tried & Readonly<{ attempt: number; status: number; durationMs: number; deliveredAt: string }>>;
/** `status`: null where there was no answer. `nextAt`: null where there is no further attempt by itself. */
export type WebhookAttemptFailed = Message<
  'WebhookAttemptFailed',
  Tried & Readonly<{ attempt: number; reason: FailureReason; status: number | null; durationMs: number; nextAt: string | null; failedAt: string }>
>;
/** The attempts of a day are used up; only somebody who asks for it brings another. */
export type WebhookDeadLettered = Message<'WebhookDeadLettered', Delivery & Readonly<{ attempts: number; deadAt: string }>>;
/** Somebody asked for another attempt, now. */
export type WebhookRetryRequested = Message<'WebhookRetryRequested', Delivery & Readonly<{ /** Made before. */ attempts: number; requestedAt: string }>>;

export type DeliveryEvent = WebhookDelivered | WebhookAttemptFailed | WebhookDeadLettered | WebhookRetryRequested;

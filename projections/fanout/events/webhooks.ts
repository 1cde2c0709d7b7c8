/** What is told of webhooks: never where they lead or what they sign with. What became of deliveries is for the audit, and goes to no webhook. */
import type { DeliveryEvent, WebhookDelivered } from '../../../domain/delivery/delivery.events.ts';
import type { WebhookEvent } from '../../../domain/delivery/webhook.events.ts';
import { told, type PublicRows } from '../public-row.ts';
import { count, instant, list, nullable, shape, text, word } from '../shapes.ts';

const webhookId = { webhook_id: text('The endpoint') };
const types = { types: nullable(list(text('A type of event'), 'Types of events'), 'The types of events that it receives; null: all of them') };
const format = { format: word(['json', 'cloudevents'], 'The media type of deliveries') };
const replay = { ...webhookId, replay_id: text('The replay') };

const delivery = {
  ...webhookId,
  delivery_id: text('The delivery: what receivers see as `webhook-id`'),
  event_id: text('The event that was to be delivered'),
  event_type: text('Its type'),
};
type OfDelivery = Pick<WebhookDelivered['data'], 'webhookId' | 'deliveryId' | 'eventId' | 'eventType'>;
const deliveryOf = (data: OfDelivery) => ({ webhook_id: data.webhookId, delivery_id: data.deliveryId, event_id: data.eventId, event_type: data.eventType });
const attempt = { attempt: count('Which attempt it was, from 1'), duration_ms: count('How long it took, in milliseconds') };

export const webhookRows: PublicRows<WebhookEvent | DeliveryEvent> = {
  WebhookCreated: told({
    type: 'chancery.delivery.webhook.created',
    summary: 'A webhook endpoint was made.',
    schema: shape({ ...webhookId, ...types, ...format, created_at: instant('When') }),
    subject: (data) => data.webhookId,
    data: (data) => ({ webhook_id: data.webhookId, types: data.types, format: data.format, created_at: data.createdAt }),
  }),
  WebhookChanged: told({
    type: 'chancery.delivery.webhook.changed',
    summary: 'A webhook endpoint has other settings.',
    schema: shape({ ...webhookId, ...types, ...format, changed_at: instant('When') }),
    subject: (data) => data.webhookId,
    data: (data) => ({ webhook_id: data.webhookId, types: data.types, format: data.format, changed_at: data.changedAt }),
  }),
  WebhookSecretRotated: told({
    type: 'chancery.delivery.webhook_secret.rotated',
    summary: 'Deliveries to a webhook endpoint are signed with new keys.',
    schema: shape({ ...webhookId, previous_until: nullable(instant('How long the keys before sign as well'), 'Null: they do no more'), rotated_at: instant('When') }),
    subject: (data) => data.webhookId,
    data: (data) => ({ webhook_id: data.webhookId, previous_until: data.previousUntil, rotated_at: data.rotatedAt }),
  }),
  WebhookDisabled: told({
    type: 'chancery.delivery.webhook.disabled',
    summary: 'A webhook endpoint receives nothing for now.',
    schema: shape({ ...webhookId, reason: word(['gone', 'asked'], 'gone: the receiver answered 410'), disabled_at: instant('When') }),
    subject: (data) => data.webhookId,
    data: (data) => ({ webhook_id: data.webhookId, reason: data.reason, disabled_at: data.disabledAt }),
  }),
  WebhookEnabled: told({
    type: 'chancery.delivery.webhook.enabled',
    summary: 'A webhook endpoint receives events again, from where it stopped.',
    schema: shape({ ...webhookId, enabled_at: instant('When') }),
    subject: (data) => data.webhookId,
    data: (data) => ({ webhook_id: data.webhookId, enabled_at: data.enabledAt }),
  }),
  WebhookDeleted: told({
    type: 'chancery.delivery.webhook.deleted',
    summary: 'A webhook endpoint was deleted.',
    schema: shape({ ...webhookId, deleted_at: instant('When') }),
    subject: (data) => data.webhookId,
    data: (data) => ({ webhook_id: data.webhookId, deleted_at: data.deletedAt }),
  }),
  WebhookReplayRequested: told({
    type: 'chancery.delivery.replay.requested',
    summary: 'A stretch of the log is delivered to a webhook endpoint again.',
    schema: shape({ ...replay, ...types, to_position: text('The position up to which'), requested_at: instant('When') }),
    subject: (data) => data.webhookId,
    data: (data) => ({ webhook_id: data.webhookId, replay_id: data.replayId, types: data.types, to_position: data.upTo, requested_at: data.requestedAt }),
  }),
  WebhookReplayFinished: told({
    type: 'chancery.delivery.replay.finished',
    summary: 'All events of a replay have been taken up for delivery.',
    schema: shape({ ...replay, finished_at: instant('When') }),
    subject: (data) => data.webhookId,
    data: (data) => ({ webhook_id: data.webhookId, replay_id: data.replayId, finished_at: data.finishedAt }),
  }),
  WebhookDelivered: told({
    type: 'chancery.delivery.delivery.succeeded',
    summary: 'A receiver took a delivery.',
    schema: shape({ ...delivery, ...attempt, status: count('The HTTP status it answered with'), delivered_at: instant('When') }),
    webhooks: false,
    subject: (data) => data.deliveryId,
    data: (data) => ({ ...deliveryOf(data), attempt: data.attempt, duration_ms: data.durationMs, status: data.status, delivered_at: data.deliveredAt }),
  }),
  WebhookAttemptFailed: told({
    type: 'chancery.delivery.delivery.failed',
    summary: 'An attempt to deliver an event failed.',
    schema: shape({
      ...delivery,
      ...attempt,
      reason: word(['status', 'redirect', 'gone', 'timeout', 'unreachable', 'forbidden'], 'Why'),
      status: nullable(count('The HTTP status of the answer'), 'Null: there was none'),
      next_at: nullable(instant('When it is tried again'), 'Null: not by itself'),
      failed_at: instant('When'),
    }),
    webhooks: false,
    subject: (data) => data.deliveryId,
    data: (data) => ({
      ...deliveryOf(data), attempt: data.attempt, duration_ms: data.durationMs, reason: data.reason, status: data.status, next_at: data.nextAt, failed_at: data.failedAt,
    }),
  }),
  WebhookDeadLettered: told({
    type: 'chancery.delivery.delivery.dead_lettered',
    summary: 'The last attempt of a day failed: the event is delivered only when somebody asks for it.',
    schema: shape({ ...delivery, attempts: count('How many there were'), dead_at: instant('When') }),
    webhooks: false,
    subject: (data) => data.deliveryId,
    data: (data) => ({ ...deliveryOf(data), attempts: data.attempts, dead_at: data.deadAt }),
  }),
  WebhookRetryRequested: told({
    type: 'chancery.delivery.retry.requested',
    summary: 'Somebody asked for another attempt of a delivery.',
    schema: shape({ ...delivery, requested_at: instant('When') }),
    webhooks: false,
    subject: (data) => data.deliveryId,
    data: (data) => ({ ...deliveryOf(data), requested_at: data.requestedAt }),
  }),
};

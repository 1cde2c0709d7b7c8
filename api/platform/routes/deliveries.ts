/** Of a webhook endpoint: POST …/test, GET …/deliveries, POST …/deliveries/{delivery_id}/retry, POST …/replay. */
import type { Static } from 'typebox';
import { TEST_TYPE, type KnownDelivery } from '../../../application/delivery/redeliver.ts';
import { ATTEMPT_TIMEOUT_MS } from '../../../application/delivery/send-webhook.ts';
import { reject, rejectFields } from '../../../domain/kernel/rejection.ts';
import { deliveriesProjection, KEPT_DAYS, type DeliveryDocument } from '../../../projections/delivery/deliveries.ts';
import { publicType } from '../../../projections/fanout/integration-events.ts';
import { defineRoute, type Route } from '../../kernel/route.ts';
import { answerPage, pageOf } from '../page.ts';
import type { PlatformPrincipal } from '../principal.ts';
import { DeliveriesQuery, DeliveryParams, DeliveryReply, ReplayBody, ReplayReply, RetryReply, TestReply, WebhookParams } from '../webhook-schemas.ts';
import { momentOf, showDelivery } from '../webhook-shapes.ts';
import { tenantOfPath } from './members.ts';
import type { WebhookDeps } from './webhooks.ts';

const common = { tags: ['Webhooks'], permission: 'tenant' } as const;
const rejections = ['tenancy.tenant_unknown', 'tenancy.forbidden', 'delivery.webhook_not_found'];

const testRoute = ({ redeliver, access }: WebhookDeps) =>
  defineRoute<PlatformPrincipal, typeof WebhookParams>({
    ...common,
    method: 'POST',
    path: '/v1/tenants/:slug/webhooks/:id/test',
    operationId: 'testWebhook',
    summary: 'Send a test message, once and now',
    description: `Of the type \`chancery.delivery.webhook.tested\`, whatever types the endpoint has. The answer waits for the receiver, ${ATTEMPT_TIMEOUT_MS / 1_000} seconds at most; of a tenant four tests are under way at once, others wait their turn. A failed test is not tried again.`,
    params: WebhookParams,
    replies: { 200: { description: 'What came of it', schema: TestReply } },
    rejections: [...rejections, 'delivery.webhook_disabled', 'delivery.unreadable'],
    handle: async ({ params, cause, commandId, signal }) => {
      const { id } = await tenantOfPath(access, params.slug);
      const { deliveryId, sent: { status, reason, durationMs } } = await redeliver.test(id, params.id.toLowerCase(), { ...cause, commandId, signal });
      const reply: Static<typeof TestReply> = { delivery_id: deliveryId, delivered: reason === undefined, status, reason: reason ?? null, duration_ms: durationMs };
      return { status: 200, body: reply };
    },
  });

const listRoute = ({ webhooks, reader, access }: WebhookDeps) =>
  defineRoute<PlatformPrincipal, typeof WebhookParams, typeof DeliveriesQuery>({
    ...common,
    method: 'GET',
    path: '/v1/tenants/:slug/webhooks/:id/deliveries',
    operationId: 'listDeliveries',
    summary: 'What became of deliveries, newest first',
    description: `From their first attempt on: those that were taken, and tests, for ${KEPT_DAYS.delivered} days at least, dead letters for ${KEPT_DAYS.dead}. What is older can be replayed.`,
    params: WebhookParams,
    query: DeliveriesQuery,
    replies: { 200: { description: 'A page of deliveries', schema: pageOf(DeliveryReply, 'Deliveries') } },
    rejections,
    handle: async ({ params, query }) => {
      const { id } = await tenantOfPath(access, params.slug);
      const webhookId = params.id.toLowerCase();
      if ((await webhooks.find(id, webhookId)) === undefined) return reject('delivery.webhook_not_found');
      const model = await reader.open<DeliveryDocument>(id, deliveriesProjection);
      const { status, event_type: eventType } = query;
      if (eventType !== undefined && !isDelivered(eventType)) rejectFields({ event_type: 'is no type of event' });
      const where = { webhookId, ...(status !== undefined && { status }), ...(eventType !== undefined && { eventType }) };
      const list = JSON.stringify(['deliveries', where]);
      return answerPage(list, query, (page) => model.page({ ...page, where, order: { by: 'createdAt', direction: 'desc' } }), showDelivery);
    },
  });

/** What a delivery can be of. */
const isDelivered = (type: string): boolean => type === TEST_TYPE || publicType(type) !== undefined;

/** A test has no place in the log to be read from again. */
const repeatable = ({ deliveryId, attempts, eventId, eventType, eventStream, eventRevision, eventPosition }: DeliveryDocument): KnownDelivery =>
  eventStream === null || eventRevision === null || eventPosition === null
    ? reject('delivery.not_repeatable')
    : { deliveryId, attempts, eventId, eventType, eventStream, eventRevision, eventPosition };

const retryRoute = ({ redeliver, webhooks, reader, access }: WebhookDeps) =>
  defineRoute<PlatformPrincipal, typeof DeliveryParams>({
    ...common,
    method: 'POST',
    path: '/v1/tenants/:slug/webhooks/:id/deliveries/:delivery_id/retry',
    operationId: 'retryDelivery',
    summary: 'Deliver an event once more, with the same `webhook-id`',
    description: 'As soon as there is room, whatever became of it before; a day of further attempts begins with it.',
    params: DeliveryParams,
    replies: { 202: { description: 'It is tried again', schema: RetryReply } },
    rejections: [...rejections, 'delivery.delivery_not_found', 'delivery.webhook_disabled', 'delivery.not_repeatable'],
    handle: async ({ params, cause }) => {
      const { id } = await tenantOfPath(access, params.slug);
      const webhookId = params.id.toLowerCase();
      if ((await webhooks.find(id, webhookId)) === undefined) return reject('delivery.webhook_not_found');
      const model = await reader.open<DeliveryDocument>(id, deliveriesProjection);
      const known = await model.get(params.delivery_id);
      if (known?.webhookId !== webhookId) return reject('delivery.delivery_not_found');
      await redeliver.retry(id, webhookId, repeatable(known), cause);
      return { status: 202, body: { delivery_id: known.deliveryId } satisfies Static<typeof RetryReply> };
    },
  });

const replayRoute = ({ webhooks, access }: WebhookDeps) =>
  defineRoute<PlatformPrincipal, typeof WebhookParams, undefined, typeof ReplayBody>({
    ...common,
    method: 'POST',
    path: '/v1/tenants/:slug/webhooks/:id/replay',
    operationId: 'replayToWebhook',
    summary: 'Deliver a stretch of the past again',
    description: 'Each event with the `webhook-id` that it had or would have had, so that a receiver can tell what it has already. One replay of an endpoint at a time.',
    params: WebhookParams,
    body: ReplayBody,
    bodyExample: { since: '2026-03-02T00:00:00Z' },
    replies: { 202: { description: 'It has begun', schema: ReplayReply } },
    rejections: [...rejections, 'delivery.webhook_disabled', 'delivery.replay_running'],
    handle: async ({ params, body, cause, commandId }) => {
      const { id } = await tenantOfPath(access, params.slug);
      const range = { fromPosition: body.from_position, since: momentOf('since', body.since), until: momentOf('until', body.until), types: body.types };
      const { replayId, upTo } = await webhooks.replay(id, params.id.toLowerCase(), range, { ...cause, commandId });
      return { status: 202, body: { replay_id: replayId, to_position: upTo } satisfies Static<typeof ReplayReply> };
    },
  });

export const deliveryRoutes = (deps: WebhookDeps): readonly Route<PlatformPrincipal>[] => [testRoute(deps), listRoute(deps), retryRoute(deps), replayRoute(deps)];

/** GET and POST /tenants/{slug}/webhooks, GET, PATCH and DELETE …/{id}, POST …/{id}/rotate-secret. */
import type { Static } from 'typebox';
import type { Access } from '../../../application/tenancy/access.ts';
import type { Redeliver } from '../../../application/delivery/redeliver.ts';
import type { Webhooks } from '../../../application/delivery/webhooks.ts';
import type { TenantId } from '../../../domain/kernel/ids.ts';
import { reject } from '../../../domain/kernel/rejection.ts';
import type { Reader } from '../../../projections/kernel/reader.ts';
import { webhooksProjection, type WebhookDocument } from '../../../projections/delivery/webhooks.ts';
import { defineRoute, type Route } from '../../kernel/route.ts';
import { answerPage, pageOf, PageQuery } from '../page.ts';
import type { PlatformPrincipal } from '../principal.ts';
import { SlugParams } from '../schemas.ts';
import { ChangeWebhookBody, CreatedWebhookReply, CreateWebhookBody, RotatedSecretReply, RotateSecretBody, USUAL_OVERLAP_S, WebhookParams, WebhookReply } from '../webhook-schemas.ts';
import { momentOf, settingsOf, showPublicKey, showSecret, showWebhook, type OpenWebhook } from '../webhook-shapes.ts';
import { tenantOfPath } from './members.ts';

export type WebhookDeps = Readonly<{ webhooks: Webhooks; redeliver: Redeliver; reader: Reader; access: Pick<Access, 'tenantBySlug'> }>;

const common = { tags: ['Webhooks'], permission: 'tenant' } as const;
const rejections = ['tenancy.tenant_unknown', 'tenancy.forbidden'];
const ofOne = [...rejections, 'delivery.webhook_not_found'];

const opened = async (webhooks: Webhooks, tenant: TenantId, webhook: WebhookDocument): Promise<OpenWebhook> => ({ ...webhook, url: (await webhooks.reveal(tenant, webhook)) ?? null });

/** As the list shows it: what was done is answered from what is known of it, whatever the list knows yet. */
const showOne = async (webhooks: Webhooks, tenant: TenantId, webhook: WebhookDocument): Promise<Static<typeof WebhookReply>> => showWebhook(await opened(webhooks, tenant, webhook));

const listRoute = ({ webhooks, reader, access }: WebhookDeps) =>
  defineRoute<PlatformPrincipal, typeof SlugParams, typeof PageQuery>({
    ...common,
    method: 'GET',
    path: '/v1/tenants/:slug/webhooks',
    operationId: 'listWebhooks',
    summary: 'List the webhook endpoints of a tenant, newest first',
    params: SlugParams,
    query: PageQuery,
    replies: { 200: { description: 'A page of endpoints', schema: pageOf(WebhookReply, 'Webhook endpoints') } },
    rejections,
    handle: async ({ params, query }) => {
      const { id } = await tenantOfPath(access, params.slug);
      const model = await reader.open<WebhookDocument>(id, webhooksProjection);
      const ask = async (page: Readonly<{ limit: number; after?: string }>) => {
        const found = await model.page({ ...page, order: { by: 'createdAt', direction: 'desc' } });
        return { ...found, items: await Promise.all(found.items.map((webhook) => opened(webhooks, id, webhook))) };
      };
      return answerPage('webhooks', query, ask, showWebhook);
    },
  });

const createRoute = ({ webhooks, access }: WebhookDeps) =>
  defineRoute<PlatformPrincipal, typeof SlugParams, undefined, typeof CreateWebhookBody>({
    ...common,
    method: 'POST',
    path: '/v1/tenants/:slug/webhooks',
    operationId: 'createWebhook',
    summary: 'Make a webhook endpoint; its secret is shown this once',
    description:
      'Events are sent as Standard Webhooks 1.0 says, at least once each: what the receiver does not take with a 2xx is tried again for 24 hours. `start` may lie in the past: the log forgets nothing.',
    params: SlugParams,
    body: CreateWebhookBody,
    bodyExample: { url: 'https://hooks.example.com/chancery', types: ['chancery.signing.operation.completed'], start: { time: '2026-03-02T00:00:00Z' } },
    replies: { 201: { description: 'The endpoint', schema: CreatedWebhookReply } },
    rejections: [...rejections, 'delivery.too_many_webhooks'],
    idempotentCopy: 'secret',
    handle: async ({ params, body: { start = {}, ...body }, cause, commandId }) => {
      const { id, slug } = await tenantOfPath(access, params.slug);
      const settings = { types: null, description: null, format: 'json', ...settingsOf(body), url: body.url } as const;
      const wanted = { settings, start: { position: start.position, time: momentOf('start.time', start.time) } };
      const made = await webhooks.create(id, wanted, { ...cause, commandId });
      const { webhookId, listing } = made.webhook;
      const reply: Static<typeof CreatedWebhookReply> = { ...(await showOne(webhooks, id, listing)), secret: showSecret(made) };
      return { status: 201, body: reply, headers: { Location: `/platform/v1/tenants/${slug}/webhooks/${webhookId}` } };
    },
  });

const getRoute = ({ webhooks, reader, access }: WebhookDeps) =>
  defineRoute<PlatformPrincipal, typeof WebhookParams>({
    ...common,
    method: 'GET',
    path: '/v1/tenants/:slug/webhooks/:id',
    operationId: 'getWebhook',
    summary: 'Show a webhook endpoint',
    params: WebhookParams,
    replies: { 200: { description: 'The endpoint', schema: WebhookReply } },
    rejections: ofOne,
    handle: async ({ params }) => {
      const { id } = await tenantOfPath(access, params.slug);
      const model = await reader.open<WebhookDocument>(id, webhooksProjection);
      const webhook = (await model.get(params.id.toLowerCase())) ?? reject('delivery.webhook_not_found');
      return { status: 200, body: await showOne(webhooks, id, webhook) };
    },
  });

const changeRoute = ({ webhooks, access }: WebhookDeps) =>
  defineRoute<PlatformPrincipal, typeof WebhookParams, undefined, typeof ChangeWebhookBody>({
    ...common,
    method: 'PATCH',
    path: '/v1/tenants/:slug/webhooks/:id',
    operationId: 'changeWebhook',
    summary: 'Change a webhook endpoint, disable or enable it',
    description: 'What is absent stays as it is. Deliveries that wait go to the new address at once, and have a day of attempts there. An endpoint that is enabled goes on from where it stopped, at once and likewise.',
    params: WebhookParams,
    body: ChangeWebhookBody,
    bodyExample: { enabled: false },
    replies: { 200: { description: 'The endpoint', schema: WebhookReply } },
    rejections: ofOne,
    handle: async ({ params, body: { enabled, ...settings }, cause }) => {
      const { id } = await tenantOfPath(access, params.slug);
      const { listing } = await webhooks.change(id, params.id.toLowerCase(), { settings: settingsOf(settings), enabled }, cause);
      return { status: 200, body: await showOne(webhooks, id, listing) };
    },
  });

const removeRoute = ({ webhooks, access }: WebhookDeps) =>
  defineRoute<PlatformPrincipal, typeof WebhookParams>({
    ...common,
    method: 'DELETE',
    path: '/v1/tenants/:slug/webhooks/:id',
    operationId: 'deleteWebhook',
    summary: 'Delete a webhook endpoint',
    description: 'No delivery begins after the answer; what waits is dropped.',
    params: WebhookParams,
    replies: { 204: { description: 'Deleted' } },
    rejections: ofOne,
    handle: async ({ params, cause }) => {
      const { id } = await tenantOfPath(access, params.slug);
      await webhooks.remove(id, params.id.toLowerCase(), cause);
      return { status: 204 };
    },
  });

const rotateRoute = ({ webhooks, access }: WebhookDeps) =>
  defineRoute<PlatformPrincipal, typeof WebhookParams, undefined, typeof RotateSecretBody>({
    ...common,
    method: 'POST',
    path: '/v1/tenants/:slug/webhooks/:id/rotate-secret',
    operationId: 'rotateWebhookSecret',
    summary: 'Sign with new keys; the secret is shown this once',
    description: 'While they overlap, deliveries carry the signatures of both. Of several rotations the newest says how long those before it sign.',
    params: WebhookParams,
    body: RotateSecretBody,
    bodyExample: { overlap_seconds: USUAL_OVERLAP_S },
    replies: { 200: { description: 'The new keys', schema: RotatedSecretReply } },
    rejections: ofOne,
    idempotentCopy: 'secret',
    handle: async ({ params, body, cause, commandId }) => {
      const { id } = await tenantOfPath(access, params.slug);
      const rotated = await webhooks.rotate(id, params.id.toLowerCase(), body.overlap_seconds ?? USUAL_OVERLAP_S, { ...cause, commandId });
      const reply: Static<typeof RotatedSecretReply> = { secret: showSecret(rotated), public_key: showPublicKey(rotated.publicKey), previous_until: rotated.previousUntil };
      return { status: 200, body: reply };
    },
  });

export const webhookRoutes = (deps: WebhookDeps): readonly Route<PlatformPrincipal>[] => [
  listRoute(deps), createRoute(deps), getRoute(deps), changeRoute(deps), removeRoute(deps), rotateRoute(deps),
];

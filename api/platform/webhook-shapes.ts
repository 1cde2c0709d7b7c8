/** Webhooks between the wire and the domain. */
import type { Static } from 'typebox';
import type { Shown, WantedWebhook } from '../../application/delivery/webhooks.ts';
import type { WebhookFormat } from '../../domain/delivery/webhook.events.ts';
import type { DeliveryDocument } from '../../projections/delivery/deliveries.ts';
import type { WebhookDocument } from '../../projections/delivery/webhooks.ts';
import { instantOf } from './plan.ts';
import type { ChangeWebhookBody, DeliveryReply, WebhookReply } from './webhook-schemas.ts';

const MEDIA_TYPES = { json: 'application/json', cloudevents: 'application/cloudevents+json' } as const satisfies Readonly<Record<WebhookFormat, string>>;

const formatOf = (mediaType: (typeof MEDIA_TYPES)[WebhookFormat]): WebhookFormat => (mediaType === MEDIA_TYPES.json ? 'json' : 'cloudevents');

/** What is set; what is not stays away. */
export const settingsOf = ({ url, types, description, content_type: mediaType }: Static<typeof ChangeWebhookBody>): Partial<WantedWebhook> => ({
  ...(url !== undefined && { url }),
  ...(types !== undefined && { types: types === null ? null : [...new Set(types)] }),
  ...(description !== undefined && { description }),
  ...(mediaType !== undefined && { format: formatOf(mediaType) }),
});

/** UTC with milliseconds; rejects, naming `field`, what is no moment of the years 0 to 9999. */
export const momentOf = (field: string, value: string | undefined): string | undefined => (value === undefined ? undefined : instantOf(value, field));

export const showPublicKey = (publicKey: string): string => `whpk_${publicKey}`;

export const showSecret = ({ secret }: Pick<Shown, 'secret'>): string => `whsec_${Buffer.from(secret).toString('base64')}`;

/** A document with its URL opened; null: it cannot be. */
export type OpenWebhook = Omit<WebhookDocument, 'url'> & Readonly<{ url: string | null }>;

export const showWebhook = (webhook: OpenWebhook): Static<typeof WebhookReply> => ({
  id: webhook.webhookId,
  url: webhook.url,
  types: webhook.types === null ? null : [...webhook.types],
  description: webhook.description,
  content_type: MEDIA_TYPES[webhook.format],
  status: webhook.status,
  problem: webhook.url === null ? 'unreadable' : null,
  disabled_reason: webhook.disabledReason,
  public_key: showPublicKey(webhook.publicKey),
  rotated_at: webhook.rotatedAt,
  previous_until: webhook.previousUntil,
  replay_id: webhook.replayId,
  created_at: webhook.createdAt,
  updated_at: webhook.updatedAt,
});

export const showDelivery = (delivery: DeliveryDocument): Static<typeof DeliveryReply> => ({
  id: delivery.deliveryId,
  webhook_id: delivery.webhookId,
  event_id: delivery.eventId,
  event_type: delivery.eventType,
  event_position: delivery.eventPosition,
  status: delivery.status,
  attempts: delivery.attempts,
  next_at: delivery.nextAt,
  newest_attempts: delivery.newest.map(({ attempt, at, status, reason, durationMs }) => ({ attempt, at, status, reason, duration_ms: durationMs })),
  created_at: delivery.createdAt,
  updated_at: delivery.updatedAt,
});

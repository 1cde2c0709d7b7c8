/** The webhook endpoints of a tenant: the list that its administrators see. Nothing of what they sign with but the public key, and their URLs sealed as they are in the log. */
import type { SealedUrl } from '../../domain/delivery/sealed-url.ts';
import type { WebhookEvent, WebhookFormat, WebhookSettings } from '../../domain/delivery/webhook.events.ts';
import { defineProjection } from '../kernel/projection.ts';

/** Times are UTC, ISO 8601 with milliseconds. */
export type WebhookDocument = Readonly<{
  webhookId: string;
  url: SealedUrl;
  /** Null: all of them. */
  types: readonly string[] | null;
  description: string | null;
  format: WebhookFormat;
  status: 'enabled' | 'disabled';
  disabledReason: 'gone' | 'asked' | null;
  /** Ed25519, raw, base64. */
  publicKey: string;
  rotatedAt: string | null;
  previousUntil: string | null;
  /** A replay that is under way. */
  replayId: string | null;
  createdAt: string;
  updatedAt: string;
}>;

const settingsOf = ({ url, types, description, format }: WebhookSettings): WebhookSettings => ({ url, types, description, format });

export const webhooksProjection = defineProjection<WebhookDocument, WebhookEvent>({
  name: 'delivery_webhooks',
  version: 2,
  indexes: [['createdAt']],
  id: ({ data }) => data.webhookId,
  on: {
    WebhookCreated: (_document, { data }) => ({
      webhookId: data.webhookId,
      ...settingsOf(data),
      status: 'enabled',
      disabledReason: null,
      publicKey: data.publicKey,
      rotatedAt: null,
      previousUntil: null,
      replayId: null,
      createdAt: data.createdAt,
      updatedAt: data.createdAt,
    }),
    WebhookChanged: (document, { data }) => document && { ...document, ...settingsOf(data), updatedAt: data.changedAt },
    WebhookSecretRotated: (document, { data: { publicKey, previousUntil, rotatedAt } }) => document && { ...document, publicKey, previousUntil, rotatedAt, updatedAt: rotatedAt },
    WebhookDisabled: (document, { data }) => document && { ...document, status: 'disabled', disabledReason: data.reason, updatedAt: data.disabledAt },
    WebhookEnabled: (document, { data }) => document && { ...document, status: 'enabled', disabledReason: null, updatedAt: data.enabledAt },
    WebhookDeleted: () => undefined,
    WebhookReplayRequested: (document, { data }) => document && { ...document, replayId: data.replayId },
    WebhookReplayFinished: (document) => document && { ...document, replayId: null },
  },
});

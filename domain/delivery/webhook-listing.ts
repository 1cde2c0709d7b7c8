/** A webhook endpoint as its administrators see it: one map for those who decide over it, and for the list. Nothing of what it signs with but the public key. */
import { otherwise } from '../kernel/decider.ts';
import type { SealedUrl } from './sealed-url.ts';
import type { WebhookCreated, WebhookEvent, WebhookFormat, WebhookSettings } from './webhook.events.ts';

/** Times are UTC, ISO 8601 with milliseconds. */
export type WebhookListing = Readonly<{
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

export const newListing = (data: WebhookCreated['data']): WebhookListing => ({
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
});

/** What happens to an endpoint between its making and its end. */
export type ListedEvent = Exclude<WebhookEvent, { type: 'WebhookCreated' | 'WebhookDeleted' }>;

/** How it is listed after an event. */
export const listedAfter = (listing: WebhookListing, event: ListedEvent): WebhookListing => {
  switch (event.type) {
    case 'WebhookChanged':
      return { ...listing, ...settingsOf(event.data), updatedAt: event.data.changedAt };
    case 'WebhookSecretRotated': {
      const { publicKey, previousUntil, rotatedAt } = event.data;
      return { ...listing, publicKey, previousUntil, rotatedAt, updatedAt: rotatedAt };
    }
    case 'WebhookDisabled':
      return { ...listing, status: 'disabled', disabledReason: event.data.reason, updatedAt: event.data.disabledAt };
    case 'WebhookEnabled':
      return { ...listing, status: 'enabled', disabledReason: null, updatedAt: event.data.enabledAt };
    case 'WebhookReplayRequested':
      return { ...listing, replayId: event.data.replayId };
    case 'WebhookReplayFinished':
      return { ...listing, replayId: null };
    default:
      return otherwise(event, listing);
  }
};

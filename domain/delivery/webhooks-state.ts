/** The webhook endpoints of a tenant, as far as decisions and deliveries need them. */
import { otherwise } from '../kernel/decider.ts';
import { isSameBox } from './sealed-url.ts';
import { listedAfter, newListing, type WebhookListing } from './webhook-listing.ts';
import type { WebhookChanged, WebhookDisabled, WebhookEvent, WebhookKeys, WebhookSecretRotated, WebhookSettings } from './webhook.events.ts';

/** What signed before, and still does beside the newest until a moment. */
export type EndingKeys = WebhookKeys & Readonly<{ until: string }>;

export type Webhook = Readonly<{
  webhookId: string;
  settings: WebhookSettings;
  /** The `changedAt` that brought the URL; null: it came with the endpoint. */
  movedAt: string | null;
  keys: WebhookKeys;
  /** Newest first. */
  previous: readonly EndingKeys[];
  /** Why nothing is delivered; null: it is. */
  disabled: WebhookDisabled['data']['reason'] | null;
  lastReplay: string | null;
  replaying: boolean;
  /** As its administrators see it. */
  listing: WebhookListing;
}>;

export type WebhooksState = Readonly<{
  webhooks: ReadonlyMap<string, Webhook>;
  /** The last that were deleted, so that deleting twice is deleting once. All of them would make each change dearer than the one before. */
  deleted: readonly string[];
}>;

export const NO_WEBHOOKS: WebhooksState = { webhooks: new Map(), deleted: [] };

export const MOST_DELETED = 100;

/** Generations that sign beside the newest: each makes the header of every delivery longer. */
export const MOST_PREVIOUS = 3;

const keysOf = ({ keysId, secret, seed, publicKey }: WebhookKeys): WebhookKeys => ({ keysId, secret, seed, publicKey });
const settingsOf = ({ url, types, description, format }: WebhookSettings): WebhookSettings => ({ url, types, description, format });

/** No generation signs for longer than the newest rotation lets those before it. */
const rotated = (webhook: Webhook, { previousUntil, ...keys }: WebhookSecretRotated['data']): Webhook => {
  const before = [{ ...webhook.keys, until: previousUntil ?? '' }, ...webhook.previous].slice(0, MOST_PREVIOUS);
  const previous = previousUntil === null ? [] : before.map((one) => ({ ...one, until: one.until < previousUntil ? one.until : previousUntil }));
  return { ...webhook, keys: keysOf(keys), previous };
};

type OfOne = Exclude<WebhookEvent, { type: 'WebhookCreated' | 'WebhookDeleted' }>;

const changed = (webhook: Webhook, data: WebhookChanged['data']): Webhook => ({
  ...webhook, settings: settingsOf(data), movedAt: isSameBox(data.url, webhook.settings.url) ? webhook.movedAt : data.changedAt,
});

const decidedOn = (webhook: Webhook, event: OfOne): Webhook => {
  switch (event.type) {
    case 'WebhookChanged':
      return changed(webhook, event.data);
    case 'WebhookSecretRotated':
      return rotated(webhook, event.data);
    case 'WebhookDisabled':
      return { ...webhook, disabled: event.data.reason };
    case 'WebhookEnabled':
      return { ...webhook, disabled: null };
    case 'WebhookReplayRequested':
      return { ...webhook, lastReplay: event.data.replayId, replaying: true };
    case 'WebhookReplayFinished':
      return { ...webhook, replaying: false };
    default:
      return otherwise(event, webhook);
  }
};

const evolveOne = (webhook: Webhook, event: OfOne): Webhook => ({ ...decidedOn(webhook, event), listing: listedAfter(webhook.listing, event) });

const without = (webhooks: WebhooksState['webhooks'], id: string): WebhooksState['webhooks'] => new Map([...webhooks].filter(([known]) => known !== id));

export const evolveWebhooks = (state: WebhooksState, event: WebhookEvent): WebhooksState => {
  const { webhookId } = event.data;
  const { webhooks, deleted } = state;
  if (event.type === 'WebhookCreated') {
    const webhook: Webhook = { webhookId, settings: settingsOf(event.data), movedAt: null, keys: keysOf(event.data), previous: [], disabled: null, lastReplay: null, replaying: false, listing: newListing(event.data) };
    return { deleted, webhooks: new Map([...webhooks, [webhookId, webhook]]) };
  }
  if (event.type === 'WebhookDeleted') return { webhooks: without(webhooks, webhookId), deleted: [...deleted, webhookId].slice(-MOST_DELETED) };
  const known = webhooks.get(webhookId);
  return known === undefined ? state : { deleted, webhooks: new Map([...webhooks, [webhookId, evolveOne(known, event)]]) };
};

/** What signs at a moment: the newest first. `at`: UTC, ISO 8601 with milliseconds. */
export const signingKeysAt = ({ keys, previous }: Webhook, at: string): readonly WebhookKeys[] => [keys, ...previous.filter(({ until }) => at < until)];

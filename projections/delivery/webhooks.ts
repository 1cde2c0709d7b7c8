/** The webhook endpoints of a tenant: the list that its administrators see. Their URLs stay sealed, as they are in the log. */
import { listedAfter, newListing, type ListedEvent, type WebhookListing } from '../../domain/delivery/webhook-listing.ts';
import type { WebhookEvent } from '../../domain/delivery/webhook.events.ts';
import { defineProjection } from '../kernel/projection.ts';

export type WebhookDocument = WebhookListing;

const after = (document: WebhookDocument | undefined, event: ListedEvent): WebhookDocument | undefined => document && listedAfter(document, event);

export const webhooksProjection = defineProjection<WebhookDocument, WebhookEvent>({
  name: 'delivery_webhooks',
  version: 2,
  indexes: [['createdAt']],
  id: ({ data }) => data.webhookId,
  on: {
    WebhookCreated: (_document, { data }) => newListing(data),
    WebhookChanged: after,
    WebhookSecretRotated: after,
    WebhookDisabled: after,
    WebhookEnabled: after,
    WebhookDeleted: () => undefined,
    WebhookReplayRequested: after,
    WebhookReplayFinished: after,
  },
});

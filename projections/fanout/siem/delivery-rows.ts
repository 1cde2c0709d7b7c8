/** What a SIEM is told of webhooks, of what became of their deliveries, and of SIEM sinks themselves. */
import type { DeliveryEvent } from '../../../domain/delivery/delivery.events.ts';
import type { SiemSinkEvent } from '../../../domain/delivery/siem-sink.events.ts';
import type { WebhookEvent } from '../../../domain/delivery/webhook.events.ts';
import { called, changed, type SiemRows } from './row.ts';

const webhook = { entity: 'Webhook', subject: (data: Readonly<{ webhookId: string }>): string => data.webhookId } as const;
const delivery = { operation: 'webhook.deliver', resource: 'Webhook delivery', subject: (data: Readonly<{ deliveryId: string }>): string => data.deliveryId } as const;
const sink = { entity: 'SIEM sink', subject: (data: Readonly<{ sinkId: string }>): string => data.sinkId } as const;

export const webhookSiem: SiemRows<WebhookEvent | DeliveryEvent> = {
  WebhookCreated: changed({ ...webhook, activity: 'Create', message: 'Webhook created', severity: 'Low' }),
  WebhookChanged: changed({ ...webhook, activity: 'Update', message: 'Webhook changed', severity: 'Low' }),
  WebhookSecretRotated: changed({ ...webhook, activity: 'Update', message: 'Webhook secret rotated', severity: 'Low' }),
  WebhookDisabled: changed({ ...webhook, activity: 'Disable', message: 'Webhook disabled', severity: ({ reason }) => (reason === 'gone' ? 'Medium' : 'Low') }),
  WebhookEnabled: changed({ ...webhook, activity: 'Enable', message: 'Webhook enabled' }),
  WebhookDeleted: changed({ ...webhook, activity: 'Delete', message: 'Webhook deleted', severity: 'Low' }),
  WebhookReplayRequested: changed({ ...webhook, activity: 'Update', message: 'Webhook replay requested', severity: 'Low' }),
  WebhookReplayFinished: changed({ ...webhook, activity: 'Update', message: 'Webhook replay finished' }),
  WebhookDelivered: called({ ...delivery, activity: 'Create', message: 'Webhook delivered' }),
  WebhookAttemptFailed: called({ ...delivery, activity: 'Create', message: 'Webhook delivery failed', severity: 'Low', status: 'Failure', code: ({ reason }) => reason }),
  WebhookDeadLettered: called({ ...delivery, activity: 'Create', message: 'Webhook delivery given up', severity: 'Medium', status: 'Failure', code: () => 'dead_letter' }),
  WebhookRetryRequested: called({ ...delivery, activity: 'Update', operation: 'webhook.retry', message: 'Webhook delivery asked for again' }),
};

export const sinkSiem: SiemRows<SiemSinkEvent> = {
  SiemSinkCreated: changed({ ...sink, activity: 'Create', message: 'SIEM sink created', severity: 'Low', name: ({ name }) => name }),
  SiemSinkChanged: changed({ ...sink, activity: 'Update', message: 'SIEM sink changed', severity: 'Medium', name: ({ name }) => name }),
  SiemSinkPaused: changed({ ...sink, activity: 'Suspend', message: 'SIEM sink paused', severity: 'Medium' }),
  SiemSinkResumed: changed({ ...sink, activity: 'Resume', message: 'SIEM sink resumed', severity: 'Low' }),
  SiemSinkDeleted: changed({ ...sink, activity: 'Delete', message: 'SIEM sink deleted', severity: 'Medium' }),
};

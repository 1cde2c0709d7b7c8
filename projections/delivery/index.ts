/** The read models of webhooks, all in one list. */
import { deliveriesProjection } from './deliveries.ts';
import { webhooksProjection } from './webhooks.ts';

export const webhookProjections = [webhooksProjection, deliveriesProjection] as const;

/** Where webhooks and what became of their deliveries are recorded, and what a delivery is called. */
import { streamId, type StreamId, type TenantId } from '../../domain/kernel/ids.ts';
import type { Place } from '../kernel/sealing.ts';

/** All endpoints of a tenant. */
export const webhooksStream = (tenant: TenantId): StreamId => streamId('delivery.webhooks', tenant, 'all');

/** Deliveries, a stream for each day, which nobody folds. `at`: UTC, ISO 8601. */
export const deliveriesStream = (tenant: TenantId, at: string): StreamId => streamId('delivery.deliveries', tenant, at.slice(0, 10));

/** Whether an event says what became of a delivery: such an event is delivered to nobody, or deliveries would never end. */
export const isOfDeliveries = (stream: StreamId): boolean => stream.startsWith('delivery.deliveries-');

/** Where the two secrets of a generation belong. */
export const keyPlaces = (tenant: TenantId, webhookId: string, keysId: string): Readonly<{ secret: Place; seed: Place }> => {
  const generation = `${webhooksStream(tenant)}#${webhookId}#${keysId}`;
  return { secret: { tenant, place: `${generation}#secret` }, seed: { tenant, place: `${generation}#seed` } };
};

/** Where the URL of an endpoint belongs. */
export const urlPlace = (tenant: TenantId, webhookId: string): Place => ({ tenant, place: `${webhooksStream(tenant)}#${webhookId}#url` });

/** What a receiver tells repetitions by (`webhook-id`): one event for one endpoint, however often it is sent. Holds no dot: it is part of what is signed. */
export const deliveryIdOf = (eventId: string, webhookId: string): string => `msg_${eventId}_${webhookId}`;

/** What happens, told outside: webhooks, wired. */
import type { Container } from 'inversify';
import { createAttempt, createDecline } from '../../application/delivery/attempt.ts';
import { createBodies } from '../../application/delivery/bodies.ts';
import { createDispatcher } from '../../application/delivery/dispatcher.ts';
import type { PublicEvents, WebhookSignatures } from '../../application/delivery/ports.ts';
import { createRedeliver, type Redeliver } from '../../application/delivery/redeliver.ts';
import { createSendWebhook, type SendWebhook } from '../../application/delivery/send-webhook.ts';
import { createSlots } from '../../application/delivery/slots.ts';
import { createWebhooks, type Webhooks } from '../../application/delivery/webhooks.ts';
import type { Leases } from '../../application/kernel/leases.ts';
import type { Clock, EventLog, EventStore, Logger, Recorded } from '../../application/kernel/ports.ts';
import { BEFORE_THE_FIRST } from '../../application/kernel/positions.ts';
import type { Secrets } from '../../application/kernel/sealing.ts';
import type { StateStore } from '../../application/kernel/state.ts';
import type { TenantViews } from '../../application/tenancy/tenant-views.ts';
import { webhookSignatures } from '../../infrastructure/crypto/webhook-signatures.ts';
import type { Config } from '../../infrastructure/runtime/config.ts';
import type { Metrics } from '../../infrastructure/runtime/metrics.ts';
import { createScheduler, type Scheduler } from '../../infrastructure/runtime/scheduler.ts';
import { createOutbound, type Outbound } from '../../infrastructure/web/outbound.ts';
import { createCloudEvents } from '../../projections/fanout/cloud-events.ts';
import { publicType, publicTypes } from '../../projections/fanout/integration-events.ts';
import { createTestEvents } from '../../projections/fanout/test-event.ts';
import { pause } from '../../projections/kernel/pause.ts';
import { watchWebhooks } from './fanout-metrics.ts';
import { provide, provideValue } from './provide.ts';
import { delivery, runtime, storage, tenancy } from './tokens.ts';

/** Deliveries begin this long after the program, and once more when they had to stop. */
const START_MS = 100;
/** What cannot be recorded should not be sent again and again. */
const AFTER_FAILURE_MS = 10_000;

/** The public vocabulary, without what became of deliveries: that goes to no webhook. */
const publicEventsOf = ({ publicUrl }: Readonly<{ publicUrl: string }>): PublicEvents => {
  const toCloudEvent = createCloudEvents(publicUrl);
  return {
    types: publicTypes.filter(({ webhooks }) => webhooks).map(({ type }) => type),
    toPublic: (recorded) => {
      const event = toCloudEvent(recorded);
      return event !== undefined && publicType(event.type)?.webhooks === true ? event : undefined;
    },
  };
};

/** The page of the log that begins with an event. */
const linkOf = ({ publicUrl, views, log }: Readonly<{ publicUrl: string; views: TenantViews; log: Pick<EventLog, 'before'> }>) => async ({ tenant, position }: Recorded): Promise<string> => {
  const before = await log.before(position);
  const owner = await views.byId(tenant);
  return `${publicUrl}/platform/v1/tenants/${owner?.slug ?? tenant}/events?after=${before?.at ?? BEFORE_THE_FIRST}&limit=1`;
};

type Dispatching = Readonly<{
  config: Config; logger: Logger; metrics: Metrics; clock: Clock; publicUrl: string; views: TenantViews;
  log: EventLog; store: EventStore; state: StateStore; leases: Leases; webhooks: Webhooks; events: PublicEvents; send: SendWebhook;
}>;

const dispatcherOf = ({ config, metrics, publicUrl, views, send, leases, ...deps }: Dispatching): Scheduler => {
  const bodies = createBodies({ ...deps, linkTo: linkOf({ publicUrl, views, log: deps.log }) });
  const attempt = createAttempt({ ...deps, bodies, send });
  const dispatcher = createDispatcher({ ...deps, bodies, attempt, decline: createDecline(deps), slots: createSlots(pause), pause });
  watchWebhooks(metrics, dispatcher);
  const work = async (signal: AbortSignal): Promise<void> => {
    try {
      await dispatcher.run(signal);
    } catch (error) {
      await pause(AFTER_FAILURE_MS, signal);
      throw error;
    }
  };
  return createScheduler(config.roles.includes('dispatcher') ? [{ name: 'webhooks', pauseMs: START_MS, work }] : [], deps.logger, leases);
};

const sendOf = (deps: Readonly<{ outbound: Outbound; secrets: Secrets; signatures: WebhookSignatures; clock: Clock }>): SendWebhook => createSendWebhook({ ...deps, door: deps.outbound });

const webhooksOf = ({ outbound, ...deps }: Readonly<{ outbound: Outbound; store: EventStore; log: EventLog; secrets: Secrets; signatures: WebhookSignatures; events: PublicEvents; clock: Clock }>): Webhooks =>
  createWebhooks({ ...deps, door: outbound });

const redeliverOf = ({ publicUrl, ...deps }: Readonly<{ webhooks: Webhooks; store: EventStore; send: SendWebhook; clock: Clock; publicUrl: string }>): Redeliver =>
  createRedeliver({ ...deps, toTest: createTestEvents(publicUrl) });

export const bindDelivery = (container: Container): void => {
  const { outbound, events, signatures, webhooks, send } = delivery;
  const { clock, publicUrl, config, logger } = runtime;
  const { store, log, secrets, state } = storage;
  provide(container, outbound, ({ config: { outboundAllow } }) => createOutbound({ allow: outboundAllow }), { config });
  provideValue(container, signatures, webhookSignatures);
  provide(container, events, publicEventsOf, { publicUrl });
  provide(container, webhooks, webhooksOf, { outbound, store, log, secrets, signatures, events, clock });
  provide(container, send, sendOf, { outbound, secrets, signatures, clock });
  provide(container, delivery.redeliver, redeliverOf, { webhooks, store, send, clock, publicUrl });
  provide(container, delivery.dispatcher, dispatcherOf, { config, logger, metrics: runtime.metrics, clock, publicUrl, views: tenancy.views, log, store, state, leases: storage.leases, webhooks, events, send });
};

/** One call of a receiver: the body, its signatures, and what came of it. */
import type { Webhook } from '../../domain/delivery/webhooks-state.ts';
import { signingKeysAt } from '../../domain/delivery/webhooks-state.ts';
import type { FailureReason } from '../../domain/delivery/delivery.events.ts';
import { failureOf, retryAfterOf } from '../../domain/delivery/retries.ts';
import type { WebhookFormat, WebhookKeys } from '../../domain/delivery/webhook.events.ts';
import type { TenantId } from '../../domain/kernel/ids.ts';
import { Rejection } from '../../domain/kernel/rejection.ts';
import type { Clock } from '../kernel/ports.ts';
import { createRecent } from '../kernel/recent.ts';
import type { Secrets } from '../kernel/sealing.ts';
import type { OpenWebhookKeys, PublicEvent, WebhookDoor, WebhookSignatures } from './ports.ts';
import { openUrl } from './sealed-urls.ts';
import { keyPlaces, urlPlace } from './streams.ts';

export type Sent = Readonly<{
  /** Null: there was no answer. */
  status: number | null;
  /** Undefined: it was taken. */
  reason: FailureReason | undefined;
  durationMs: number;
  /** Milliseconds that the receiver asked to be left alone for. */
  retryAfterMs: number | undefined;
}>;

export type ToSend = Readonly<{ tenant: TenantId; webhook: Webhook; deliveryId: string; body: string; signal?: AbortSignal }>;

/** Rejects only where it was not tried: with `kernel.seal_broken`, or `storage.*`. */
export type SendWebhook = (toSend: ToSend) => Promise<Sent>;

export type SendDeps = Readonly<{ door: Pick<WebhookDoor, 'request'>; secrets: Secrets; signatures: WebhookSignatures; clock: Clock }>;

/** Standard Webhooks 1.0: a body is kept below this many octets. */
export const LARGEST_BODY = 20_000;

/** What is too large for a delivery is fetched: `dataref` (CloudEvents extension) leads to it. */
export const bodyOf = async (event: PublicEvent, linkTo: () => Promise<string>): Promise<string> => {
  const body = JSON.stringify(event);
  if (Buffer.byteLength(body) <= LARGEST_BODY) return body;
  const { data: _tooLarge, ...rest } = event;
  return JSON.stringify({ ...rest, dataref: await linkTo() });
};

const MEDIA_TYPES: Readonly<Record<WebhookFormat, string>> = { json: 'application/json', cloudevents: 'application/cloudevents+json' };

const REASONS: Readonly<Record<string, FailureReason>> = {
  'outbound.timeout': 'timeout',
  'outbound.unreachable': 'unreachable',
  'outbound.too_large': 'unreachable',
  'outbound.forbidden': 'forbidden',
};

const KEPT_OPEN = 1_000;
const SECOND_MS = 1_000;
/** How long an attempt waits for its receiver's answer. Standard Webhooks 1.0 asks for 15 to 30 s. */
export const ATTEMPT_TIMEOUT_MS = 15_000;
/** Of an answer's body, which is read by nobody. */
const READ_OCTETS = 1_024;
const READ_MS = 500;

/** Keys are opened once while they are in use. */
const createOpenKeys = (secrets: Secrets) => {
  const known = createRecent<string, OpenWebhookKeys>(KEPT_OPEN);
  return async (tenant: TenantId, webhookId: string, { keysId, secret, seed }: WebhookKeys): Promise<OpenWebhookKeys> => {
    const places = keyPlaces(tenant, webhookId, keysId);
    const opened = known.get(places.secret.place) ?? { secret: await secrets.open(places.secret, secret), seed: await secrets.open(places.seed, seed) };
    known.set(places.secret.place, opened);
    return opened;
  };
};

export const createSendWebhook = ({ door, secrets, signatures, clock }: SendDeps): SendWebhook => {
  const open = createOpenKeys(secrets);

  const headersOf = async ({ tenant, webhook, deliveryId, body }: ToSend): Promise<Readonly<Record<string, string>>> => {
    const now = clock.now();
    const keys = signingKeysAt(webhook, new Date(now).toISOString());
    const opened = await Promise.all(keys.map((one) => open(tenant, webhook.webhookId, one)));
    const timestamp = Math.floor(now / SECOND_MS);
    return {
      'content-type': MEDIA_TYPES[webhook.settings.format],
      'content-length': String(Buffer.byteLength(body)),
      'user-agent': 'Chancery-Webhooks/1.0',
      'webhook-id': deliveryId,
      'webhook-timestamp': String(timestamp),
      'webhook-signature': signatures.sign(opened, { id: deliveryId, timestamp, body }),
    };
  };

  return async (toSend) => {
    const { tenant, webhook: { webhookId, settings } } = toSend;
    const url = await openUrl(secrets, urlPlace(tenant, webhookId), settings.url);
    const headers = await headersOf(toSend);
    const began = clock.now();
    const after = (): number => Math.max(0, Math.round(clock.now() - began));
    const { body, signal } = toSend;
    try {
      const reply = await door.request({ method: 'POST', url, headers, body, timeoutMs: ATTEMPT_TIMEOUT_MS, maxBytes: READ_OCTETS, bodyMs: READ_MS, ...(signal && { signal }) });
      return { status: reply.status, reason: failureOf(reply.status), durationMs: after(), retryAfterMs: retryAfterOf(reply.headers['retry-after'], clock.now()) };
    } catch (error) {
      const reason = error instanceof Rejection ? REASONS[error.code] : undefined;
      if (reason === undefined) throw error;
      return { status: null, reason, durationMs: after(), retryAfterMs: undefined };
    }
  };
};

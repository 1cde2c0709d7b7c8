/** The webhook endpoints of tenants: made, changed, rotated, paused, deleted, replayed to. */
import type { Position, TenantId } from '../../domain/kernel/ids.ts';
import { Rejection, reject, rejectFields } from '../../domain/kernel/rejection.ts';
import type { SealedUrl } from '../../domain/delivery/sealed-url.ts';
import type { WebhookKeys, WebhookReplayRequested, WebhookSettings } from '../../domain/delivery/webhook.events.ts';
import { webhooks as decider, type WebhookCommand } from '../../domain/delivery/webhooks.ts';
import type { Webhook, WebhooksState } from '../../domain/delivery/webhooks-state.ts';
import type { WebhookEvent } from '../../domain/delivery/webhook.events.ts';
import { createAggregate, type Aggregate } from '../kernel/command-handler.ts';
import type { Cause, Clock, EventLog, EventStore } from '../kernel/ports.ts';
import type { Secrets } from '../kernel/sealing.ts';
import type { PublicEvents, WebhookDoor, WebhookSignatures } from './ports.ts';
import { ifOpen, openUrl, sealUrl } from './sealed-urls.ts';
import { createStarts, type Range, type Start } from './starts.ts';
import { keyPlaces, urlPlace, webhooksStream } from './streams.ts';

/** `commandId`: a command said again is the same command. */
export type WebhookChange = Cause & Readonly<{ commandId: string }>;

/** Settings as a caller says them. */
export type WantedWebhook = Omit<WebhookSettings, 'url'> & Readonly<{ url: string }>;

/** What the receiver verifies with. `secret`: the HMAC key, 32 bytes; `publicKey`: Ed25519, raw, base64. */
export type Shown = Readonly<{ webhook: Webhook; secret: Uint8Array; publicKey: string }>;

/** All reject with `delivery.webhook_not_found` where there is none (any more), and bad input with `request.invalid` {fields}. */
export interface Webhooks {
  find(tenant: TenantId, webhookId: string): Promise<Webhook | undefined>;
  /** Where its receiver is, for those who may see it; undefined where that cannot be opened. */
  reveal(tenant: TenantId, webhook: Readonly<{ webhookId: string; url: SealedUrl }>): Promise<string | undefined>;
  /** Rejects with `delivery.too_many_webhooks` {limit}. */
  create(tenant: TenantId, wanted: Readonly<{ settings: WantedWebhook; start: Start }>, how: WebhookChange): Promise<Shown>;
  change(tenant: TenantId, webhookId: string, wanted: Readonly<{ settings: Partial<WantedWebhook>; enabled?: boolean | undefined }>, cause: Cause): Promise<Webhook>;
  /** New keys, which sign from now on; those before them sign as well for that many seconds, and none of them after. */
  rotate(tenant: TenantId, webhookId: string, overlapSeconds: number, how: WebhookChange): Promise<Shown & Readonly<{ previousUntil: string | null }>>;
  /** The receiver at this address has said that it is gone. */
  disableGone(tenant: TenantId, webhookId: string, url: SealedUrl, cause: Cause): Promise<void>;
  remove(tenant: TenantId, webhookId: string, cause: Cause): Promise<void>;
  /** Answers the position up to which is replayed. Rejects with `delivery.replay_running` or `delivery.webhook_disabled`. */
  replay(tenant: TenantId, webhookId: string, range: Range, how: WebhookChange): Promise<Readonly<{ replayId: string; upTo: Position }>>;
  replayFinished(tenant: TenantId, webhookId: string, replayId: string, cause: Cause): Promise<void>;
}

export type WebhooksDeps = Readonly<{
  store: EventStore;
  log: Pick<EventLog, 'head' | 'before'>;
  secrets: Secrets;
  signatures: WebhookSignatures;
  door: Pick<WebhookDoor, 'check'>;
  events: Pick<PublicEvents, 'types'>;
  clock: Clock;
}>;

type Endpoints = Aggregate<WebhooksState, WebhookCommand, WebhookEvent>;

const CACHED = 2_000;

/** Checks what a caller set; the fields are named as they are on the wire. */
const createCheck = ({ door, events }: Pick<WebhooksDeps, 'door' | 'events'>) => {
  const known = new Set(events.types);
  const checkUrl = (url: string): void => {
    try {
      door.check(url);
    } catch (error) {
      if (!(error instanceof Rejection) || error.code !== 'outbound.forbidden') throw error;
      rejectFields({ url: String(error.details['reason']) });
    }
  };
  const checkTypes = (types: readonly string[] | null | undefined): void => {
    const unknown = types?.find((type) => !known.has(type));
    if (unknown !== undefined) rejectFields({ types: `holds ${JSON.stringify(unknown.slice(0, 100))}, which is no type of event that goes to webhooks` });
    if (types?.length === 0) rejectFields({ types: 'must name a type, or be left out for all of them' });
  };
  return {
    types: checkTypes,
    settings: ({ url, types }: Partial<WantedWebhook>): void => {
      if (url !== undefined) checkUrl(url);
      checkTypes(types);
    },
  };
};

const createKeys = ({ secrets, signatures }: Pick<WebhooksDeps, 'secrets' | 'signatures'>) => ({
  make: async (tenant: TenantId, webhookId: string, keysId: string): Promise<WebhookKeys> => {
    const places = keyPlaces(tenant, webhookId, keysId);
    const { secret, seed, publicKey } = signatures.make();
    const sealed = { secret: await secrets.seal(places.secret, secret), seed: await secrets.seal(places.seed, seed) };
    secret.fill(0);
    seed.fill(0);
    return { keysId, ...sealed, publicKey: Buffer.from(publicKey).toString('base64') };
  },
  /** What is stored, which a command that was said twice did not make anew. */
  show: async (tenant: TenantId, webhook: Webhook): Promise<Shown> => {
    const { webhookId, keys } = webhook;
    return { webhook, secret: await secrets.open(keyPlaces(tenant, webhookId, keys.keysId).secret, keys.secret), publicKey: keys.publicKey };
  },
});

const SECOND_MS = 1_000;

const required = (state: WebhooksState, webhookId: string): Webhook => state.webhooks.get(webhookId) ?? reject('delivery.webhook_not_found');

const createReplay = (deps: WebhooksDeps, endpoints: Endpoints, now: () => string): Webhooks['replay'] => {
  const starts = createStarts(deps);
  const check = createCheck(deps);
  return async (tenant, webhookId, range, { commandId, ...cause }) => {
    check.types(range.types);
    const upTo = await deps.log.head();
    const found = await starts.range(range);
    if (upTo === undefined) return reject('delivery.webhook_not_found');
    const replay: Omit<WebhookReplayRequested['data'], 'webhookId' | 'requestedAt'> = { replayId: commandId, upTo, types: range.types ?? null, ...found };
    await endpoints.execute(webhooksStream(tenant), { type: 'ReplayToWebhook', data: { webhookId, replay, at: now() } }, cause);
    return { replayId: commandId, upTo };
  };
};

const createRotate = (deps: WebhooksDeps, endpoints: Endpoints): Webhooks['rotate'] => {
  const keys = createKeys(deps);
  return async (tenant, webhookId, overlapSeconds, { commandId, ...cause }) => {
    required((await endpoints.load(webhooksStream(tenant))).state, webhookId);
    const made = await keys.make(tenant, webhookId, commandId);
    const now = deps.clock.now();
    const previousUntil = overlapSeconds === 0 ? null : new Date(now + overlapSeconds * SECOND_MS).toISOString();
    const command: WebhookCommand = { type: 'RotateWebhookSecret', data: { webhookId, keys: made, previousUntil, at: new Date(now).toISOString() } };
    const webhook = required((await endpoints.execute(webhooksStream(tenant), command, cause)).state, webhookId);
    return { ...(await keys.show(tenant, webhook)), previousUntil: webhook.previous[0]?.until ?? null };
  };
};

export const createWebhooks = (deps: WebhooksDeps): Webhooks => {
  const endpoints = createAggregate<WebhooksState, WebhookCommand, WebhookEvent>(deps.store, decider, { cached: CACHED });
  const [check, keys, starts] = [createCheck(deps), createKeys(deps), createStarts(deps)];
  const now = (): string => new Date(deps.clock.now()).toISOString();
  const say = (tenant: TenantId, command: WebhookCommand, cause: Cause) => endpoints.execute(webhooksStream(tenant), command, cause);

  const find: Webhooks['find'] = async (tenant, webhookId) => (await endpoints.load(webhooksStream(tenant))).state.webhooks.get(webhookId);

  return {
    find,
    reveal: (tenant, { webhookId, url }) => ifOpen(openUrl(deps.secrets, urlPlace(tenant, webhookId), url)),
    create: async (tenant, { settings, start }, { commandId: webhookId, ...cause }) => {
      check.settings(settings);
      const sealed = { ...settings, url: await sealUrl(deps.secrets, urlPlace(tenant, webhookId), settings.url) };
      const data = { webhookId, settings: sealed, keys: await keys.make(tenant, webhookId, webhookId), start: await starts.start(start), at: now() };
      return keys.show(tenant, required((await say(tenant, { type: 'CreateWebhook', data }, cause)).state, webhookId));
    },
    change: async (tenant, webhookId, { settings, enabled }, cause) => {
      check.settings(settings);
      const { url, ...rest } = settings;
      const sealed: Partial<WebhookSettings> = { ...rest, ...(url !== undefined && { url: await sealUrl(deps.secrets, urlPlace(tenant, webhookId), url, (await find(tenant, webhookId))?.settings.url) }) };
      return required((await say(tenant, { type: 'ChangeWebhook', data: { webhookId, settings: sealed, enabled, at: now() } }, cause)).state, webhookId);
    },
    rotate: createRotate(deps, endpoints),
    disableGone: async (tenant, webhookId, url, cause) => {
      await say(tenant, { type: 'DisableWebhook', data: { webhookId, reason: 'gone', url, at: now() } }, cause);
    },
    remove: async (tenant, webhookId, cause) => {
      await say(tenant, { type: 'DeleteWebhook', data: { webhookId, at: now() } }, cause);
    },
    replay: createReplay(deps, endpoints, now),
    replayFinished: async (tenant, webhookId, replayId, cause) => {
      await say(tenant, { type: 'FinishReplay', data: { webhookId, replayId, at: now() } }, cause);
    },
  };
};

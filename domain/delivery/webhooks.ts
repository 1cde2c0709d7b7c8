/** Decides over the webhook endpoints of one tenant. */
import { otherwise, type Decider, type Message } from '../kernel/decider.ts';
import { reject } from '../kernel/rejection.ts';
import { isSameBox, type SealedUrl } from './sealed-url.ts';
import { evolveWebhooks, NO_WEBHOOKS, type Webhook, type WebhooksState } from './webhooks-state.ts';
import type { WebhookCreated, WebhookEvent, WebhookKeys, WebhookReplayRequested, WebhookSettings } from './webhook.events.ts';

type Start = Pick<WebhookCreated['data'], 'startAfter' | 'startTime'>;
type ReplayWanted = Omit<WebhookReplayRequested['data'], 'webhookId' | 'requestedAt'>;

export type CreateWebhook = Message<'CreateWebhook', Readonly<{ webhookId: string; settings: WebhookSettings; keys: WebhookKeys; start: Start; at: string }>>;
/** `enabled`: absent, it stays as it is. */
export type ChangeWebhook = Message<'ChangeWebhook', Readonly<{ webhookId: string; settings: Partial<WebhookSettings>; enabled?: boolean | undefined; at: string }>>;
export type RotateWebhookSecret = Message<'RotateWebhookSecret', Readonly<{ webhookId: string; keys: WebhookKeys; previousUntil: string | null; at: string }>>;
/** `url`: only while the endpoint is there; what one address answers says nothing of another. */
export type DisableWebhook = Message<'DisableWebhook', Readonly<{ webhookId: string; reason: 'gone' | 'asked'; url?: SealedUrl; at: string }>>;
export type DeleteWebhook = Message<'DeleteWebhook', Readonly<{ webhookId: string; at: string }>>;
export type ReplayToWebhook = Message<'ReplayToWebhook', Readonly<{ webhookId: string; replay: ReplayWanted; at: string }>>;
export type FinishReplay = Message<'FinishReplay', Readonly<{ webhookId: string; replayId: string; at: string }>>;

export type WebhookCommand =
  | CreateWebhook
  | ChangeWebhook
  | RotateWebhookSecret
  | DisableWebhook
  | DeleteWebhook
  | ReplayToWebhook
  | FinishReplay;

/** Each of them may have a worker, and a thousand deliveries that wait. */
export const MOST_WEBHOOKS = 50;

const create = ({ webhookId, settings, keys, start, at }: CreateWebhook['data'], { webhooks, deleted }: WebhooksState): readonly WebhookEvent[] => {
  if (webhooks.has(webhookId) || deleted.includes(webhookId)) return [];
  if (webhooks.size >= MOST_WEBHOOKS) return reject('delivery.too_many_webhooks', { limit: MOST_WEBHOOKS });
  return [{ type: 'WebhookCreated', data: { webhookId, ...settings, ...keys, ...start, createdAt: at } }];
};

const sameTypes = (one: readonly string[] | null, other: readonly string[] | null): boolean =>
  one === other || (one !== null && other !== null && one.length === other.length && one.every((type) => other.includes(type)));

const set = ({ webhookId, settings, at }: ChangeWebhook['data'], { settings: known }: Webhook): readonly WebhookEvent[] => {
  const next = { ...known, ...settings };
  const same = isSameBox(next.url, known.url) && next.description === known.description && next.format === known.format && sameTypes(next.types, known.types);
  return same ? [] : [{ type: 'WebhookChanged', data: { webhookId, ...next, changedAt: at } }];
};

const rotate = ({ webhookId, keys, previousUntil, at }: RotateWebhookSecret['data'], { keys: known, previous }: Webhook): readonly WebhookEvent[] =>
  [known, ...previous].some(({ keysId }) => keysId === keys.keysId) ? [] : [{ type: 'WebhookSecretRotated', data: { webhookId, ...keys, previousUntil, rotatedAt: at } }];

const disable = ({ webhookId, reason, url, at }: DisableWebhook['data'], { disabled, settings }: Webhook): readonly WebhookEvent[] =>
  disabled !== null || (url !== undefined && !isSameBox(url, settings.url)) ? [] : [{ type: 'WebhookDisabled', data: { webhookId, reason, disabledAt: at } }];

const enable = ({ webhookId, at }: Pick<ChangeWebhook['data'], 'webhookId' | 'at'>, { disabled }: Webhook): readonly WebhookEvent[] =>
  disabled === null ? [] : [{ type: 'WebhookEnabled', data: { webhookId, enabledAt: at } }];

/** All of it at once, so that nobody is told of one half that the other has failed. */
const change = (command: ChangeWebhook['data'], webhook: Webhook): readonly WebhookEvent[] => {
  const { webhookId, enabled, at } = command;
  const switched = enabled === true ? enable({ webhookId, at }, webhook) : disable({ webhookId, reason: 'asked', at }, webhook);
  return [...set(command, webhook), ...(enabled === undefined ? [] : switched)];
};

const replay = ({ webhookId, replay: wanted, at }: ReplayToWebhook['data'], { lastReplay, replaying, disabled }: Webhook): readonly WebhookEvent[] => {
  if (lastReplay === wanted.replayId) return [];
  if (disabled !== null) return reject('delivery.webhook_disabled');
  if (replaying) return reject('delivery.replay_running');
  return [{ type: 'WebhookReplayRequested', data: { webhookId, ...wanted, requestedAt: at } }];
};

const finish = ({ webhookId, replayId, at }: FinishReplay['data'], { lastReplay, replaying }: Webhook): readonly WebhookEvent[] =>
  replaying && lastReplay === replayId ? [{ type: 'WebhookReplayFinished', data: { webhookId, replayId, finishedAt: at } }] : [];

type OfOne = Exclude<WebhookCommand, CreateWebhook>;

const decideOne = (command: OfOne, webhook: Webhook): readonly WebhookEvent[] => {
  switch (command.type) {
    case 'ChangeWebhook':
      return change(command.data, webhook);
    case 'RotateWebhookSecret':
      return rotate(command.data, webhook);
    case 'DisableWebhook':
      return disable(command.data, webhook);
    case 'DeleteWebhook':
      return [{ type: 'WebhookDeleted', data: { webhookId: command.data.webhookId, deletedAt: command.data.at } }];
    case 'ReplayToWebhook':
      return replay(command.data, webhook);
    case 'FinishReplay':
      return finish(command.data, webhook);
    default:
      return otherwise(command, []);
  }
};

/** Rejects with `delivery.too_many_webhooks` {limit}, `delivery.webhook_not_found`, `delivery.webhook_disabled`, `delivery.replay_running`. */
export const webhooks: Decider<WebhooksState, WebhookCommand, WebhookEvent> = {
  initialState: NO_WEBHOOKS,
  evolve: evolveWebhooks,
  decide: (command, state) => {
    if (command.type === 'CreateWebhook') return create(command.data, state);
    const { webhookId } = command.data;
    const webhook = state.webhooks.get(webhookId);
    if (webhook !== undefined) return decideOne(command, webhook);
    return command.type === 'DeleteWebhook' && state.deleted.includes(webhookId) ? [] : reject('delivery.webhook_not_found');
  },
};

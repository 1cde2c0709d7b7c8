import { expect } from 'chai';
import type { SealedUrl } from '../../../domain/delivery/sealed-url.ts';
import type { WebhookEvent, WebhookKeys, WebhookSettings } from '../../../domain/delivery/webhook.events.ts';
import { evolveWebhooks, MOST_DELETED, MOST_PREVIOUS, NO_WEBHOOKS, signingKeysAt, type Webhook } from '../../../domain/delivery/webhooks-state.ts';
import { MOST_WEBHOOKS, webhooks, type WebhookCommand } from '../../../domain/delivery/webhooks.ts';
import { specification } from '../../support/specification.ts';

const { given } = specification(webhooks);
const AT = '2026-03-09T14:00:00.000Z';
const ONE = 'hook-1';
const sealed = (box: string) => ({ tenantKey: 1, box });
const settings: WebhookSettings = { url: sealed('one'), types: ['a', 'b'], description: null, format: 'json' };
const keys = (keysId: string): WebhookKeys => ({ keysId, secret: { tenantKey: 1, box: `s-${keysId}` }, seed: { tenantKey: 1, box: `e-${keysId}` }, publicKey: `p-${keysId}` });
const start = { startAfter: null, startTime: null };
const replay = { replayId: 'r-1', after: null, upTo: '9', since: AT, until: null, types: null };

const created = (webhookId = ONE): WebhookEvent => ({ type: 'WebhookCreated', data: { webhookId, ...settings, ...keys('k-1'), ...start, createdAt: AT } });
const deleted: WebhookEvent = { type: 'WebhookDeleted', data: { webhookId: ONE, deletedAt: AT } };
const disabled: WebhookEvent = { type: 'WebhookDisabled', data: { webhookId: ONE, reason: 'asked', disabledAt: AT } };
const enabled: WebhookEvent = { type: 'WebhookEnabled', data: { webhookId: ONE, enabledAt: AT } };
const replayed: WebhookEvent = { type: 'WebhookReplayRequested', data: { webhookId: ONE, ...replay, requestedAt: AT } };
const finished: WebhookEvent = { type: 'WebhookReplayFinished', data: { webhookId: ONE, replayId: 'r-1', finishedAt: AT } };
const rotated = (keysId: string, previousUntil: string | null): WebhookEvent => ({ type: 'WebhookSecretRotated', data: { webhookId: ONE, ...keys(keysId), previousUntil, rotatedAt: AT } });

const create = (webhookId = ONE): WebhookCommand => ({ type: 'CreateWebhook', data: { webhookId, settings, keys: keys('k-1'), start, at: AT } });
const change = (next: Partial<WebhookSettings>): WebhookCommand => ({ type: 'ChangeWebhook', data: { webhookId: ONE, settings: next, at: AT } });
const rotate = (keysId: string): WebhookCommand => ({ type: 'RotateWebhookSecret', data: { webhookId: ONE, keys: keys(keysId), previousUntil: null, at: AT } });
const disable = (url?: SealedUrl): WebhookCommand => ({ type: 'DisableWebhook', data: { webhookId: ONE, reason: 'asked', ...(url !== undefined && { url }), at: AT } });
const enable: WebhookCommand = { type: 'ChangeWebhook', data: { webhookId: ONE, settings: {}, enabled: true, at: AT } };
const remove: WebhookCommand = { type: 'DeleteWebhook', data: { webhookId: ONE, at: AT } };
const ask = (replayId = 'r-1'): WebhookCommand => ({ type: 'ReplayToWebhook', data: { webhookId: ONE, replay: { ...replay, replayId }, at: AT } });
const finish: WebhookCommand = { type: 'FinishReplay', data: { webhookId: ONE, replayId: 'r-1', at: AT } };

describe('domain: webhooks', () => {
  it('are made', () => given().when(create()).then(created()));
  it('are made once', () => given().twice(create()));
  it('are not made again by the same command when they have been deleted', () => given(created(), deleted).when(create()).nothing());
  const full = Array.from({ length: MOST_WEBHOOKS }, (_, index) => created(`hook-${index + 1}`));
  it('are limited', () => given(...full).when(create('one-more')).rejected('delivery.too_many_webhooks', { limit: MOST_WEBHOOKS }));
  it('make room when they are deleted', () => given(...full, deleted).when(create('one-more')).then(created('one-more')));

  it('are changed, with what stays as it is', () => given(created()).when(change({ url: sealed('two') })).then({ type: 'WebhookChanged', data: { webhookId: ONE, ...settings, url: sealed('two'), changedAt: AT } }));
  it('are as they were with the box that they have', () => given(created()).when(change({ url: sealed('one') })).nothing());
  it('are changed where a URL in the clear is sealed', () => {
    const clear: WebhookEvent = { type: 'WebhookCreated', data: { webhookId: ONE, ...settings, url: { clear: 'https://one.example' }, ...keys('k-1'), ...start, createdAt: AT } };
    given(clear).when(change({ url: { clear: 'https://one.example' } })).nothing();
    given(clear).when(change({ url: sealed('one') })).then({ type: 'WebhookChanged', data: { webhookId: ONE, ...settings, changedAt: AT } });
  });
  it('are changed once', () => given(created()).twice(change({ types: null })));
  it('take the same types in another order for the same', () => given(created()).when(change({ types: ['b', 'a'] })).nothing());

  it('are changed and disabled at once', () => {
    const both: WebhookCommand = { type: 'ChangeWebhook', data: { webhookId: ONE, settings: { description: 'd' }, enabled: false, at: AT } };
    given(created()).when(both).then({ type: 'WebhookChanged', data: { webhookId: ONE, ...settings, description: 'd', changedAt: AT } }, disabled);
    given(created(), disabled).when(both).then({ type: 'WebhookChanged', data: { webhookId: ONE, ...settings, description: 'd', changedAt: AT } });
  });

  it('are rotated', () => given(created()).when(rotate('k-2')).then(rotated('k-2', null)));
  it('are rotated once', () => given(created()).twice(rotate('k-2')));
  it('are not rotated back by an older command that comes again', () => given(created(), rotated('k-2', '2026-03-10T14:00:00.000Z'), rotated('k-3', '2026-03-10T14:00:00.000Z')).when(rotate('k-2')).nothing());

  it('are disabled once, and enabled once', () => {
    given(created()).twice(disable());
    given(created(), disabled).twice(enable);
    given(created(), disabled, enabled).when(enable).nothing();
  });
  it('are not disabled for what another address answered', () => given(created()).when(disable(sealed('elsewhere'))).nothing());
  it('are disabled for what their address answered', () => given(created()).when(disable(settings.url)).then(disabled));

  it('are deleted once', () => given(created()).twice(remove));
  it('are remembered when they have been deleted, the last hundred: each change would be dearer than the one before', () => {
    const others = Array.from({ length: MOST_DELETED + 50 }, (_, index) => [created(`other-${index}`), { type: 'WebhookDeleted', data: { webhookId: `other-${index}`, deletedAt: AT } }] as const).flat();
    expect(others.reduce(evolveWebhooks, NO_WEBHOOKS).deleted).to.have.lengthOf(MOST_DELETED);
    given(...others, created(), deleted).when(remove).nothing();
  });
  it('are not there where they never were', () => {
    for (const command of [remove, enable, disable(), change({}), rotate('x'), ask(), finish]) given().when(command).rejected('delivery.webhook_not_found');
  });

  it('are replayed to', () => given(created()).when(ask()).then(replayed));
  it('are replayed to once by a command', () => given(created()).twice(ask()));
  it('are replayed to one after another', () => given(created(), replayed).when(ask('r-2')).rejected('delivery.replay_running'));
  it('are not replayed to while disabled', () => given(created(), disabled).when(ask()).rejected('delivery.webhook_disabled'));
  it('finish a replay once', () => given(created(), replayed).twice(finish));
  it('do not begin a finished replay again', () => given(created(), replayed, finished).when(ask()).nothing());
});

const signers = (at: string, ...history: readonly WebhookEvent[]): readonly string[] =>
  signingKeysAt(history.reduce(evolveWebhooks, NO_WEBHOOKS).webhooks.get(ONE) as Webhook, at).map(({ keysId }) => keysId);

describe('domain: keys that webhooks are signed with', () => {
  const LATER = '2026-03-09T15:00:00.000Z';
  const LATEST = '2026-03-09T16:00:00.000Z';

  it('are the newest', () => expect(signers(AT, created())).to.deep.equal(['k-1']));
  it('are the newest alone, without overlap', () => expect(signers(AT, created(), rotated('k-2', null))).to.deep.equal(['k-2']));
  it('are those before as well until the moment, and not at it', () => {
    expect(signers('2026-03-09T14:59:59.999Z', created(), rotated('k-2', LATER))).to.deep.equal(['k-2', 'k-1']);
    expect(signers(LATER, created(), rotated('k-2', LATER))).to.deep.equal(['k-2']);
  });
  it('never are those before for longer than the newest rotation lets them', () => {
    expect(signers(LATER, created(), rotated('k-2', LATEST), rotated('k-3', LATER))).to.deep.equal(['k-3']);
    expect(signers(AT, created(), rotated('k-2', LATEST), rotated('k-3', null))).to.deep.equal(['k-3']);
    expect(signers(LATER, created(), rotated('k-2', LATER), rotated('k-3', LATEST))).to.deep.equal(['k-3', 'k-2']);
  });
  it('are a few', () => {
    const many = Array.from({ length: 9 }, (_, index) => rotated(`n-${index}`, LATEST));
    expect(signers(AT, created(), ...many)).to.have.length(1 + MOST_PREVIOUS);
  });
});

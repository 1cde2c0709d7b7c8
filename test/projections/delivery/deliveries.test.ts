import { expect } from 'chai';
import type { DeliveryEvent } from '../../../domain/delivery/delivery.events.ts';
import type { WebhookEvent } from '../../../domain/delivery/webhook.events.ts';
import { deliveriesProjection, type DeliveryDocument } from '../../../projections/delivery/deliveries.ts';
import { webhooksProjection, type WebhookDocument } from '../../../projections/delivery/webhooks.ts';

const at = (minute: number): string => `2026-03-09T14:${String(minute).padStart(2, '0')}:00.000Z`;
const place = { eventId: 'e-1', eventType: 'a', eventStream: 's', eventRevision: 3, eventPosition: '00000000000000000042' };
const of = { webhookId: 'w-1', deliveryId: 'msg_1' };

const failed = (attempt: number, next: number | null, more: object = {}): DeliveryEvent => ({
  type: 'WebhookAttemptFailed',
  data: { ...place, ...of, attempt, reason: 'status', status: 503, durationMs: 9, nextAt: next === null ? null : at(next), failedAt: at(attempt), ...more },
});
const delivered = (attempt: number): DeliveryEvent => ({ type: 'WebhookDelivered', data: { ...place, ...of, attempt, status: 204, durationMs: 7, deliveredAt: at(attempt) } });
const dead: DeliveryEvent = { type: 'WebhookDeadLettered', data: { ...place, ...of, attempts: 10, deadAt: at(10) } };
const asked: DeliveryEvent = { type: 'WebhookRetryRequested', data: { ...place, ...of, attempts: 10, requestedAt: at(20) } };

type Handlers<Document> = Readonly<Record<string, (document: Document | undefined, recorded: object) => Document | undefined>>;
const folding = <Document>(on: object) => (...events: readonly (DeliveryEvent | WebhookEvent)[]): Document | undefined =>
  events.reduce<Document | undefined>((document, event) => (on as Handlers<Document>)[event.type]?.(document, event), undefined);

describe('projection delivery_deliveries', () => {
  const given = folding<DeliveryDocument>(deliveriesProjection.on);

  it('shows what is tried again, and when', () => {
    expect(given(failed(1, 5))).to.deep.equal({
      ...of, ...place, status: 'retrying', attempts: 1, nextAt: at(5), createdAt: at(1), updatedAt: at(1),
      newest: [{ attempt: 1, at: at(1), status: 503, reason: 'status', durationMs: 9 }],
    });
  });
  it('shows what was taken, with all attempts, newest first', () => {
    const document = given(failed(1, 5), failed(2, 9), delivered(3));
    expect(document).to.deep.include({ status: 'delivered', attempts: 3, nextAt: null, createdAt: at(1), updatedAt: at(3) });
    expect(document?.newest.map(({ attempt }) => attempt)).to.deep.equal([3, 2, 1]);
  });
  it('shows dead letters, and that somebody asked for another attempt', () => {
    expect(given(failed(10, null), dead)?.status).to.equal('dead');
    expect(given(failed(10, null), dead, asked)).to.deep.include({ status: 'retrying', nextAt: at(20) });
    expect(given(failed(10, null), dead, asked, delivered(11))).to.deep.include({ status: 'delivered', attempts: 11 });
  });
  it('shows what waits for its endpoint to be enabled as what is tried again', () => expect(given(failed(1, null, { reason: 'gone', status: 410 }))?.status).to.equal('retrying'));
  it('shows a test that was not taken as failed', () => expect(given(failed(1, null, { eventStream: null, eventRevision: null, eventPosition: null }))?.status).to.equal('failed'));
  it('keeps a bounded number of attempts', () => expect(given(...Array.from({ length: 30 }, (_, index) => failed(index + 1, 59)))).to.have.property('newest').with.length(20));
  it('never rejects a fact', () => {
    for (const event of [dead, asked]) expect(given(event)).to.equal(undefined);
  });
  it('each event twice is the same', () => {
    const history = [failed(1, 5), failed(10, null), dead, asked, delivered(11)];
    expect(given(...history.flatMap((event) => [event, event]))).to.deep.equal(given(...history));
  });
});

const keys = (name: string) => ({ keysId: name, secret: { tenantKey: 1, box: 'canary' }, seed: { tenantKey: 1, box: 'canary' }, publicKey: `p-${name}` });

describe('projection delivery_webhooks', () => {
  const given = folding<WebhookDocument>(webhooksProjection.on);
  const settings = { url: { tenantKey: 1, box: 'one' }, types: ['a'], description: null, format: 'json' } as const;
  const created: WebhookEvent = { type: 'WebhookCreated', data: { webhookId: 'w-1', ...settings, ...keys('1'), startAfter: null, startTime: null, createdAt: at(1) } };
  const changed: WebhookEvent = { type: 'WebhookChanged', data: { webhookId: 'w-1', ...settings, types: null, changedAt: at(2) } };
  const rotated: WebhookEvent = { type: 'WebhookSecretRotated', data: { webhookId: 'w-1', ...keys('2'), previousUntil: at(50), rotatedAt: at(3) } };
  const disabled: WebhookEvent = { type: 'WebhookDisabled', data: { webhookId: 'w-1', reason: 'gone', disabledAt: at(4) } };
  const enabled: WebhookEvent = { type: 'WebhookEnabled', data: { webhookId: 'w-1', enabledAt: at(5) } };
  const replayed: WebhookEvent = { type: 'WebhookReplayRequested', data: { webhookId: 'w-1', replayId: 'r-1', after: null, upTo: '9', since: null, until: null, types: null, requestedAt: at(6) } };
  const finished: WebhookEvent = { type: 'WebhookReplayFinished', data: { webhookId: 'w-1', replayId: 'r-1', finishedAt: at(7) } };
  const deleted: WebhookEvent = { type: 'WebhookDeleted', data: { webhookId: 'w-1', deletedAt: at(8) } };

  it('shows an endpoint as it is, and nothing of its secrets', () => {
    const document = given(created, changed, rotated, disabled, replayed);
    expect(document).to.deep.include({ url: settings.url, types: null, publicKey: 'p-2', previousUntil: at(50), status: 'disabled', disabledReason: 'gone', replayId: 'r-1', createdAt: at(1), updatedAt: at(4) });
    expect(JSON.stringify(document)).not.to.include('canary');
    expect(given(created, disabled, enabled, replayed, finished)).to.deep.include({ status: 'enabled', disabledReason: null, replayId: null });
  });
  it('shows nothing of what was deleted', () => expect(given(created, deleted)).to.equal(undefined));
  it('never rejects a fact', () => {
    for (const event of [changed, rotated, disabled, enabled, replayed, finished, deleted]) expect(given(event)).to.equal(undefined);
  });
  it('each event twice is the same', () => {
    const history = [created, changed, rotated, disabled, enabled, replayed, finished];
    expect(given(...history.flatMap((event) => [event, event]))).to.deep.equal(given(...history));
  });
});

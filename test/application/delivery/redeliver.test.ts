/** A test that somebody sends: what becomes of the endpoint when its receiver says that it is gone. */
import { expect } from 'chai';
import { createRedeliver } from '../../../application/delivery/redeliver.ts';
import type { Sent } from '../../../application/delivery/send-webhook.ts';
import type { EventStore } from '../../../application/kernel/ports.ts';
import type { Webhook } from '../../../domain/delivery/webhooks-state.ts';
import { Rejection } from '../../../domain/kernel/rejection.ts';
import { TENANT } from '../../api/kernel/support.ts';
import { someCause } from '../../support/sample-events.ts';

const webhook = { webhookId: 'w-1', disabled: null, settings: { url: 'https://a.example/', types: null, description: null, format: 'json' } } as unknown as Webhook;

const STAYING = new AbortController().signal;
const TAKEN: Sent = { status: 204, reason: undefined, durationMs: 1, retryAfterMs: undefined };

/** As many tests as may be under way, and one that waits for them; `meanwhile` comes before its turn. */
const waiting = async (meanwhile: (change: (state: Webhook | undefined) => void, leave: () => void) => void) => {
  let state: Webhook | undefined = webhook;
  const [sent, answer, client] = [[] as string[], Promise.withResolvers<Sent>(), new AbortController()];
  const tests = createRedeliver({
    webhooks: { find: async () => state, disableGone: async () => undefined },
    store: { append: async () => undefined } as unknown as Pick<EventStore, 'append'>,
    send: async ({ webhook: { settings } }) => { sent.push(settings.url as unknown as string); return answer.promise; },
    toTest: ({ id, time }) => ({ specversion: '1.0', id, source: '/s', type: 't', time }),
    clock: { now: () => 0 },
  });
  const before = Array.from({ length: 4 }, () => tests.test(TENANT, 'w-1', { ...someCause, commandId: 'c-1', signal: STAYING }));
  const last = tests.test(TENANT, 'w-1', { ...someCause, commandId: 'c-2', signal: client.signal }).then(() => 'sent', (error: unknown) => (error instanceof Rejection ? error.code : (error as Error).name));
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
  meanwhile((next) => { state = next; }, () => client.abort());
  answer.resolve(TAKEN);
  await Promise.all(before);
  return { outcome: await last, sent: sent.slice(4) };
};

describe('a test of a webhook', () => {
  const done: unknown[] = [];
  const redeliver = (sent: Partial<Sent>) =>
    createRedeliver({
      webhooks: { find: async () => webhook, disableGone: async (_tenant, webhookId, url) => void done.push(['disabled', webhookId, url]) },
      store: { append: async (_stream: string, _expected: string, events: readonly { type: string }[]) => void done.push(...events.map(({ type }) => type)) } as unknown as Pick<EventStore, 'append'>,
      send: async () => ({ status: 410, reason: undefined, durationMs: 1, retryAfterMs: undefined, ...sent }),
      toTest: ({ id, time }) => ({ specversion: '1.0', id, source: '/s', type: 't', time }),
      clock: { now: () => 0 },
    });
  const test = async (sent: Partial<Sent>): Promise<readonly unknown[]> => {
    done.length = 0;
    await redeliver(sent).test(TENANT, 'w-1', { ...someCause, commandId: 'c-1', signal: STAYING });
    return done;
  };

  it('disables an endpoint whose receiver is gone, after it has been recorded', async () => {
    expect(await test({ reason: 'gone' })).to.deep.equal(['WebhookAttemptFailed', ['disabled', 'w-1', webhook.settings.url]]);
  });
  it('disables nothing otherwise', async () => {
    expect(await test({ status: 204 })).to.deep.equal(['WebhookDelivered']);
    expect(await test({ status: 503, reason: 'status' })).to.deep.equal(['WebhookAttemptFailed']);
    expect(await test({ status: null, reason: 'timeout' })).to.deep.equal(['WebhookAttemptFailed']);
  });

  it('that waits for others goes where the endpoint leads when its turn has come', async () => {
    const moved = { ...webhook, settings: { ...webhook.settings, url: 'https://b.example/' } } as unknown as Webhook;
    expect(await waiting((change) => change(moved))).to.deep.equal({ outcome: 'sent', sent: ['https://b.example/'] });
  });
  it('that waits for others is not sent once the endpoint is deleted or disabled, or whoever asked is gone', async () => {
    expect(await waiting((change) => change(undefined))).to.deep.equal({ outcome: 'delivery.webhook_not_found', sent: [] });
    expect(await waiting((change) => change({ ...webhook, disabled: { reason: 'asked' } } as unknown as Webhook))).to.deep.equal({ outcome: 'delivery.webhook_disabled', sent: [] });
    expect(await waiting((_change, leave) => leave())).to.deep.equal({ outcome: 'AbortError', sent: [] });
  });
});

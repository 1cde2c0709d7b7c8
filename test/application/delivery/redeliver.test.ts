/** A test that somebody sends: what becomes of the endpoint when its receiver says that it is gone. */
import { expect } from 'chai';
import { createRedeliver } from '../../../application/delivery/redeliver.ts';
import type { Sent } from '../../../application/delivery/send-webhook.ts';
import type { EventStore } from '../../../application/kernel/ports.ts';
import type { Webhook } from '../../../domain/delivery/webhooks-state.ts';
import { TENANT } from '../../api/kernel/support.ts';
import { someCause } from '../../support/sample-events.ts';

const webhook = { webhookId: 'w-1', disabled: null, settings: { url: 'https://a.example/', types: null, description: null, format: 'json' } } as unknown as Webhook;

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
    await redeliver(sent).test(TENANT, 'w-1', { ...someCause, commandId: 'c-1' });
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
});

/** Receivers of which something cannot be opened, as after the loss of a key: the others are listed as ever, and it is said what is wrong. */
import { expect } from 'chai';
import { resolve } from '../../../api/composition/provide.ts';
import { storage, tenancy } from '../../../api/composition/tokens.ts';
import { siemSinksStream } from '../../../application/delivery/siem-streams.ts';
import { webhooksStream } from '../../../application/delivery/streams.ts';
import type { SealedUrl } from '../../../domain/delivery/sealed-url.ts';
import type { SiemSinkEvent } from '../../../domain/delivery/siem-sink.events.ts';
import type { WebhookEvent, WebhookSettings } from '../../../domain/delivery/webhook.events.ts';
import type { StreamId, TenantId } from '../../../domain/kernel/ids.ts';
import { createTenant, startApp, type App } from '../../support/app.ts';
import { startReceiver, type Receiver } from '../../support/receiver.ts';
import { someCause } from '../../support/sample-events.ts';
import { until } from '../../support/until.ts';

type Json = Readonly<Record<string, any>>; // oxlint-disable-line typescript/no-explicit-any -- answers are looked into at many places

const AT = '2026-03-09T14:00:00.000Z';
/** Sealed under a key that is not there. */
const lost = { tenantKey: 99, box: Buffer.alloc(120, 1).toString('base64url') };
const BROKEN = '0198a000-0000-7000-8000-000000000001';

describe('platform: receivers that cannot be opened', function suite() {
  this.timeout(20_000);
  let [app, receiver, tenant]: [App, Receiver, TenantId] = [] as never;

  before(async () => {
    receiver = await startReceiver();
    app = await startApp({ env: { OUTBOUND_ALLOW: receiver.host } });
    await createTenant(app, 'sealed');
    tenant = (await resolve(app.program.container, tenancy.views).bySlug('sealed'))?.id as TenantId;
  });
  after(async () => {
    await app.close();
    await receiver.close();
  });

  const ask = async (method: string, path: string, body?: object): Promise<Readonly<{ status: number; body: Json }>> => {
    const { status, text } = await app.ask(method, `/platform/v1/tenants/sealed/${path}`, { token: app.operatorToken, body });
    return { status, body: text === '' ? {} : (JSON.parse(text) as Json) };
  };
  const record = (stream: StreamId, ...events: readonly (WebhookEvent | SiemSinkEvent)[]): Promise<unknown> => resolve(app.program.container, storage.store).append(stream, 'any', events, someCause);
  const happen = () => ask('POST', 'credentials', { surface: 'quantum-lock', name: 'x' });

  it('stand in the list of webhooks beside the others, and take another URL', async () => {
    const sound = (await ask('POST', 'webhooks', { url: `${receiver.url}/sound`, types: ['chancery.tenancy.credential.created'] })).body;
    const settings: WebhookSettings = { types: ['chancery.tenancy.credential.created'], description: 'lost', format: 'json', url: lost };
    const keys = { keysId: 'k', secret: lost, seed: lost, publicKey: 'AAAA' };
    await record(webhooksStream(tenant), { type: 'WebhookCreated', data: { webhookId: BROKEN, ...settings, ...keys, startAfter: null, startTime: null, createdAt: AT } });
    const { status, body } = await ask('GET', 'webhooks');
    expect(status).to.equal(200);
    expect((body['items'] as readonly Json[]).map(({ id, url, problem }) => [id, url, problem])).to.deep.equal([[sound['id'], `${receiver.url}/sound`, null], [BROKEN, null, 'unreadable']]);
    expect(JSON.stringify(body)).not.to.contain(lost.box);
    expect((await ask('GET', `webhooks/${BROKEN}`)).body).to.include({ url: null, problem: 'unreadable', description: 'lost' });
    const tested = await ask('POST', `webhooks/${BROKEN}/test`, {});
    expect([tested.status, tested.body['code']]).to.deep.equal([409, 'delivery.unreadable']);
    expect((await ask('PATCH', `webhooks/${BROKEN}`, { description: 'still' })).body).to.include({ url: null, description: 'still' });
    expect((await ask('PATCH', `webhooks/${BROKEN}`, { url: `${receiver.url}/again` })).body).to.include({ url: `${receiver.url}/again`, problem: null });
    expect((await ask('POST', `webhooks/${BROKEN}/test`, {})).body['code'], 'its keys').to.equal('delivery.unreadable');
    expect((await ask('POST', `webhooks/${BROKEN}/rotate-secret`, { overlap_seconds: 0 })).status).to.equal(200);
    expect((await ask('POST', `webhooks/${BROKEN}/test`, {})).body['delivered']).to.equal(true);
  });

  it('stand in the list of SIEM sinks beside the others, fail, and take another URL or secret', async () => {
    const sound = (await ask('POST', 'siem-sinks', { name: 'sound', kind: 'ocsf-http', url: `${receiver.url}/sound`, bearer_token: 'x', types: ['chancery.tenancy.credential.revoked'] })).body;
    const sink = (sinkId: string, url: SealedUrl): SiemSinkEvent => ({
      type: 'SiemSinkCreated',
      data: { sinkId, name: 'lost', target: { kind: 'ocsf-http', url, header: 'Authorization' }, types: ['chancery.tenancy.credential.revoked'], secret: lost, startAfter: null, startTime: null, createdAt: AT },
    });
    const HALF = BROKEN.replace(/1$/u, '2');
    await record(siemSinksStream(tenant), sink(BROKEN, lost), sink(HALF, { clear: `${receiver.url}/half` }));
    const { status, body } = await ask('GET', 'siem-sinks');
    expect(status).to.equal(200);
    expect((body['items'] as readonly Json[]).map((one) => [one['id'], one['url'], one['status'], one['problem']])).to.deep.equal([
      [sound['id'], `${receiver.url}/sound`, 'active', null], [BROKEN, null, 'failing', 'unreadable'], [HALF, `${receiver.url}/half`, 'failing', 'unreadable'],
    ]);
    expect(JSON.stringify(body)).not.to.contain(lost.box);
    const tested = await ask('POST', `siem-sinks/${BROKEN}/test`, {});
    expect([tested.status, tested.body['code']]).to.deep.equal([409, 'delivery.unreadable']);
    expect((await ask('PATCH', `siem-sinks/${BROKEN}`, { name: 'named' })).body).to.include({ url: null, name: 'named' });
    for (const [change, field] of [[{ url: `${receiver.url}/again` }, 'url'], [{ bearer_token: 'y' }, 'url']] as const) {
      const refused = await ask('PATCH', `siem-sinks/${BROKEN}`, change);
      expect([refused.status, Object.keys((refused.body['fields'] ?? {}) as object)], JSON.stringify(change)).to.deep.equal([400, [field]]);
    }
    expect((await ask('PATCH', `siem-sinks/${BROKEN}`, { url: `${receiver.url}/again`, bearer_token: 'y' })).body).to.include({ url: `${receiver.url}/again`, problem: null });
    expect((await ask('PATCH', `siem-sinks/${HALF}`, { bearer_token: 'z' })).body).to.include({ url: `${receiver.url}/half`, problem: null, status: 'active' });
    expect((await ask('POST', `siem-sinks/${HALF}/test`, {})).body['delivered']).to.equal(true);
  });

  it('count among the sinks that fail', async () => {
    const OTHER = BROKEN.replace(/1$/u, '3');
    await record(siemSinksStream(tenant), { type: 'SiemSinkCreated', data: { sinkId: OTHER, name: 'lost', target: { kind: 'ocsf-http', url: lost, header: null }, types: null, secret: null, startAfter: null, startTime: null, createdAt: AT } });
    await happen();
    await until('the gauge', async () => ((await app.ask('GET', '/metrics', { token: app.operatorToken })).text.includes('chancery_siem_sinks{owner="tenant",status="failing"} 1') ? true : undefined));
    expect((await ask('DELETE', `siem-sinks/${OTHER}`)).status).to.equal(204);
  });
});

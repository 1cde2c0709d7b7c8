/** What a scraper sees of fan-out: sinks that lag, deliveries that wait, streams that are open; sums, and no tenant by name. */
import { expect } from 'chai';
import { createTenant, startApp, type App } from '../../support/app.ts';
import { startReceiver, type Receiver, type Reply } from '../../support/receiver.ts';
import { until } from '../../support/until.ts';

describe('platform: the metrics of fan-out', function suite() {
  this.timeout(20_000);
  let [app, receiver]: [App, Receiver] = [] as never;
  let status: Reply = 503;
  before(async () => {
    receiver = await startReceiver(() => status);
    app = await startApp({ env: { OUTBOUND_ALLOW: receiver.host } });
    await createTenant(app, 'measured');
  });
  after(async () => {
    await app.close();
    await receiver.close();
  });

  const gauge = async (name: string): Promise<number> => {
    const { text } = await app.ask('GET', '/metrics', { token: app.operatorToken });
    const line = text.split('\n').find((one) => one.startsWith(`chancery_${name} `));
    return line === undefined ? Number.NaN : Number(line.split(' ').at(-1));
  };
  const shows = (name: string, right: (value: number) => boolean): Promise<number> =>
    until(name, async () => {
      const value = await gauge(name);
      return right(value) ? value : undefined;
    });
  const post = async (path: string, body: object): Promise<string> =>
    ((await app.ask('POST', `/platform/v1${path}`, { token: app.operatorToken, body })).json() as { id: string }).id;
  const happen = () => post('/tenants/measured/credentials', { surface: 'quantum-lock', name: 'x' });

  it('count deliveries that wait, and the endpoints that they wait for', async () => {
    expect([await gauge('webhook_deliveries_waiting'), await gauge('webhook_endpoints_waiting')]).to.deep.equal([0, 0]);
    expect(await gauge('webhook_waiting_seconds')).to.equal(0);
    const id = await post('/tenants/measured/webhooks', { url: `${receiver.url}/hook`, types: ['chancery.tenancy.credential.created'] });
    await happen();
    await happen();
    await shows('webhook_deliveries_waiting', (value) => value === 2);
    expect(await gauge('webhook_endpoints_waiting')).to.equal(1);
    await app.ask('DELETE', `/platform/v1/tenants/measured/webhooks/${id}`, { token: app.operatorToken });
    await shows('webhook_deliveries_waiting', (value) => value === 0);
  });

  it('tell deliveries that fall behind: how long one has waited for its first attempt, where deliveries go', async () => {
    status = 'hang';
    const id = await post('/tenants/measured/webhooks', { url: `${receiver.url}/behind`, types: ['chancery.tenancy.credential.created'] });
    await happen();
    await happen();
    const before = await shows('webhook_waiting_seconds', (value) => value > 0);
    await shows('webhook_waiting_seconds', (value) => value > before);
    await app.ask('PATCH', `/platform/v1/tenants/measured/webhooks/${id}`, { token: app.operatorToken, body: { enabled: false } });
    await shows('webhook_waiting_seconds', (value) => value === 0);
    expect(await gauge('webhook_deliveries_waiting'), 'what is kept for an endpoint that is disabled').to.equal(2);
    await app.ask('DELETE', `/platform/v1/tenants/measured/webhooks/${id}`, { token: app.operatorToken });
    await shows('webhook_deliveries_waiting', (value) => value === 0);
    status = 503;
  });

  it('say how far the last sink is behind, by whose it is, and how sinks are doing', async () => {
    const [lag, other] = ['siem_sink_lag_seconds{owner="tenant"}', 'siem_sink_lag_seconds{owner="installation"}'];
    const path = '/tenants/measured/siem-sinks';
    expect([await gauge(lag), await gauge('siem_sinks{owner="tenant",status="active"}')]).to.deep.equal([0, 0]);
    const id = await post(path, { name: 'x', kind: 'ocsf-http', url: `${receiver.url}/sink`, types: ['chancery.tenancy.credential.created'] });
    await happen();
    await shows('siem_sinks{owner="tenant",status="failing"}', (value) => value === 1);
    expect(await gauge(lag)).to.be.greaterThan(0);
    expect(await gauge(other)).to.equal(0);
    await app.ask('POST', `/platform/v1${path}/${id}/pause`, { token: app.operatorToken, body: {} });
    await shows('siem_sinks{owner="tenant",status="paused"}', (value) => value === 1);
    expect(await gauge(lag)).to.equal(0);
    status = 200;
    await app.ask('POST', `/platform/v1${path}/${id}/resume`, { token: app.operatorToken, body: {} });
    await shows('siem_sinks{owner="tenant",status="active"}', (value) => value === 1);
    await shows(lag, (value) => value === 0);
  });

  it('count the streams that are open', async () => {
    const gone = new AbortController();
    const answer = await fetch(new URL('/platform/v1/events?stream=true', app.url), { headers: { authorization: `Bearer ${app.operatorToken}` }, signal: gone.signal });
    expect(answer.status).to.equal(200);
    expect(await gauge('event_streams_open')).to.equal(1);
    gone.abort();
    await shows('event_streams_open', (value) => value === 0);
  });

  it('name no tenant', async () => {
    const { text } = await app.ask('GET', '/metrics', { token: app.operatorToken });
    expect(text).to.contain('chancery_siem_sinks').and.not.contain('measured');
  });
});

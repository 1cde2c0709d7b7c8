/** What machines ask of the server itself. */
import { expect } from 'chai';
import Type from 'typebox';
import { createMetrics } from '../../../infrastructure/runtime/metrics.ts';
import { defineRoute } from '../../../api/kernel/route.ts';
import { ask, OPERATOR_TOKEN, serve, testSurface, type Running, type TestPrincipal } from './support.ts';

const SECRET_ID = 'canary-path-secret';
const routes = [
  defineRoute<TestPrincipal, ReturnType<typeof Type.Object>>({
    method: 'GET', path: '/things/:id', operationId: 'get', summary: 's', permission: 'public', params: Type.Object({ id: Type.String() }),
    replies: { 200: { description: 'ok' } }, handle: async () => ({ status: 200, body: 1 }),
  }),
];

describe('kernel: health and metrics', () => {
  let running: Running;
  let ready = true;
  const metrics = createMetrics();
  before(async () => {
    running = await serve([testSurface(routes)], {
      metrics,
      readiness: async () => ({ ready, details: { lag: 3 } }),
      publicDocuments: { '/.well-known/chancery-keys.json': async () => ({ keys: [] }) },
      surfaceHosts: new Map([['localhost', 'tiny']]),
    });
  });
  after(() => running.close());

  it('is alive, and ready when it is', async () => {
    expect((await ask(running, 'GET', '/healthz')).json).to.deep.equal({ name: 'chancery', status: 'ok' });
    expect((await ask(running, 'GET', '/readyz')).json).to.deep.equal({ status: 'ready', lag: 3 });
    ready = false;
    const { status, json, headers } = await ask(running, 'GET', '/readyz');
    expect([status, json.status, headers.get('retry-after')]).to.deep.equal([503, 'not ready', '1']);
    expect((await ask(running, 'GET', '/healthz')).status).to.equal(200);
  });

  it('answers on every host, surfaces\' hosts included', async () => {
    const onHost = { ...running, url: running.url.replace('127.0.0.1', 'localhost') };
    expect((await ask(onHost, 'GET', '/things/x')).status).to.equal(200);
    expect((await ask(onHost, 'GET', '/healthz')).status).to.equal(200);
    expect((await ask(onHost, 'GET', '/.well-known/chancery-keys.json')).json).to.deep.equal({ keys: [] });
  });

  it('gives public documents to pages of any origin, and not again to whoever has them', async () => {
    const first = await ask(running, 'GET', '/.well-known/chancery-keys.json', { as: '' });
    const tag = first.headers.get('etag') ?? '';
    expect([first.status, tag.length, first.headers.get('access-control-allow-origin'), first.headers.get('cross-origin-resource-policy')]).to.deep.equal([200, 45, '*', 'cross-origin']);
    for (const has of [tag, `W/${tag}`, `"another", ${tag}`, '*']) {
      const again = await ask(running, 'GET', '/.well-known/chancery-keys.json', { as: '', headers: { 'if-none-match': has } });
      expect([again.status, again.text, again.headers.get('etag')], has).to.deep.equal([304, '', tag]);
    }
    expect((await ask(running, 'GET', '/.well-known/chancery-keys.json', { as: '', headers: { 'if-none-match': '"another"' } })).status).to.equal(200);
  });

  it('shows metrics to the machine itself and to the operator, and to nobody through a proxy', async () => {
    expect((await ask(running, 'GET', '/metrics', { as: '' })).status).to.equal(200);
    for (const header of ['x-forwarded-for', 'forwarded', 'x-real-ip', 'via']) {
      const proxied = (as: string) => ask(running, 'GET', '/metrics', { as, headers: { [header]: '127.0.0.1' } });
      const { status, headers, text } = await proxied('');
      expect([status, headers.get('www-authenticate')], header).to.deep.equal([401, 'Bearer']);
      expect(text).to.not.contain('process_');
      expect((await proxied('wrong')).status).to.equal(401);
      expect((await proxied(`${OPERATOR_TOKEN}x`)).status).to.equal(401);
      expect((await proxied(OPERATOR_TOKEN)).status).to.equal(200);
    }
  });

  it('measures requests by pattern, never by path', async () => {
    await ask(running, 'GET', `/tiny/things/${SECRET_ID}?q=${SECRET_ID}`);
    await ask(running, 'GET', `/tiny/${SECRET_ID}`);
    await ask(running, 'GET', `/${SECRET_ID}`);
    const { text } = await ask(running, 'GET', '/metrics');
    expect(text).to.contain('chancery_http_request_duration_seconds_count{surface="tiny",route="/things/:id",method="GET",status="200"}');
    expect(text).to.contain('surface="tiny",route="none",method="GET",status="404"');
    expect(text).to.match(/^chancery_http_requests_in_flight 1$/m);
    expect(text).to.match(/^nodejs_eventloop_lag_p99_seconds /m).and.match(/^process_resident_memory_bytes /m);
    expect(text).to.not.contain(SECRET_ID);
  });

  it('takes gauges, counters and histograms of other parts', async () => {
    metrics.gauge('projection_lag_seconds', 'Seconds behind.', ['projection'], async () => [{ labels: { projection: 'keys' }, value: 0.7 }]);
    metrics.counter('appends_total', 'Appends.', ['outcome'])({ outcome: 'ok' }, 2);
    metrics.histogram('append_duration_seconds', 'Appends.')({}, 0.003);
    const text = await metrics.render();
    expect(text).to.contain('chancery_projection_lag_seconds{projection="keys"} 0.7').and.contain('chancery_appends_total{outcome="ok"} 2');
    expect(text).to.contain('chancery_append_duration_seconds_bucket{le="0.005"} 1');
  });

  it('leaves out a gauge that cannot be read, or not in time, and gives the others', async () => {
    const some = createMetrics(20);
    const five = [{ value: 5 }];
    let look = (): Promise<typeof five> => Promise.resolve(five);
    some.gauge('moody', 'One that fails.', [], () => look());
    some.gauge('steady', 'One that does not.', [], () => [{ value: 1 }]);
    expect(await some.render()).to.match(/^chancery_moody 5$/mu);
    for (const trouble of [() => Promise.reject(new Error('away')), () => new Promise<never>(() => undefined), () => { throw new Error('at once'); }]) {
      look = trouble;
      expect(await some.render()).to.match(/^chancery_steady 1$/mu).and.not.match(/^chancery_moody /mu);
    }
    look = () => Promise.resolve(five);
    expect(await some.render()).to.match(/^chancery_moody 5$/mu);
  });
});

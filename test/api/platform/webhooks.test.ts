/** Webhooks over the whole program: what is set, what arrives, what is shown of it. */
import { expect } from 'chai';
import { createPublicKey, verify } from 'node:crypto';
import { createTenant, startApp, type App } from '../../support/app.ts';
import { startReceiver, verifies, type Received, type Receiver, type Reply } from '../../support/receiver.ts';

type Json = Readonly<Record<string, any>>; // oxlint-disable-line typescript/no-explicit-any -- answers are looked into at many places

describe('platform: webhooks', function suite() {
  this.timeout(20_000);
  let app: App;
  let receiver: Receiver;
  let reply: (received: Received) => Reply;
  let tenants = 0;

  before(async () => {
    reply = () => 204;
    receiver = await startReceiver((received) => reply(received));
    app = await startApp({ env: { OUTBOUND_ALLOW: receiver.host } });
  });
  after(async () => {
    await app.close();
    await receiver.close();
  });
  beforeEach(() => { reply = () => 204; });

  const ask = async (method: string, path: string, body?: object, headers: Readonly<Record<string, string>> = {}): Promise<Readonly<{ status: number; body: Json }>> => {
    const answered = await app.ask(method, `/platform/v1${path}`, { token: app.operatorToken, body, headers });
    return { status: answered.status, body: answered.text === '' ? {} : (answered.json() as Json) };
  };
  const organization = async (): Promise<string> => {
    tenants += 1;
    await createTenant(app, `hooked-${tenants}`);
    return `hooked-${tenants}`;
  };
  /** Each endpoint has a path of its own at the one receiver. */
  const hook = async (slug: string, more: object = {}): Promise<Json & Readonly<{ path: string }>> => {
    const path = `/hook-${slug}-${receiver.received.length}-${Math.trunc(performance.now())}`;
    const { status, body } = await ask('POST', `/tenants/${slug}/webhooks`, { url: `http://${receiver.host}${path}`, ...more });
    expect(status, JSON.stringify(body)).to.equal(201);
    return { ...body, path };
  };
  const at = (path: string) => receiver.received.filter((one) => one.path === path);
  const arrived = async (path: string, count: number): Promise<readonly Received[]> => {
    await receiver.until(() => at(path).length >= count);
    return at(path);
  };
  /** Something that happens. */
  const happen = (slug: string, name = 'made') => ask('POST', `/tenants/${slug}/credentials`, { surface: 'quantum-lock', name });
  /** Waits for what a question shows, which follows what was seen outside. */
  const shown = async (path: string, enough: (body: Json) => boolean): Promise<Json> => {
    for (let tries = 0; tries < 200; tries += 1) {
      const { body } = await ask('GET', path);
      if (enough(body)) return body;
      await new Promise((resolve) => { setImmediate(resolve); });
    }
    throw new Error(`${path} never showed it`);
  };

  it('tells of what happens, signed, as a CloudEvent that is a Standard Webhook', async () => {
    const slug = await organization();
    const { secret, public_key: publicKey, path } = await hook(slug, { types: ['chancery.tenancy.credential.created'] });
    expect(secret).to.match(/^whsec_[A-Za-z0-9+/]{43}=$/);
    expect(publicKey).to.match(/^whpk_[A-Za-z0-9+/]{43}=$/);
    await happen(slug, 'pipeline');
    const [first] = (await arrived(path, 1)) as [Received];
    expect(first.event).to.deep.include({ specversion: '1.0', type: 'chancery.tenancy.credential.created', timestamp: first.event.time });
    expect(first.event.data).to.deep.include({ name: 'pipeline', surface: 'quantum-lock' });
    expect(first.headers['content-type']).to.equal('application/json');
    expect(first.id).to.include(first.event.id).and.not.include('.');
    expect(verifies(secret, first)).to.equal(true);
    expect(verifies(secret, { ...first, body: `${first.body} ` })).to.equal(false);
    const asymmetric = String(first.headers['webhook-signature']).split(' ').find((one) => one.startsWith('v1a,'))?.slice(4) ?? '';
    const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x: Buffer.from(publicKey.slice(5), 'base64').toString('base64url') }, format: 'jwk' });
    expect(verify(null, Buffer.from(`${first.id}.${first.timestamp}.${first.body}`), key, Buffer.from(asymmetric, 'base64'))).to.equal(true);
  });

  it('sends what it was asked to send, to whom it was asked to, and nothing of others', async () => {
    const [slug, other] = [await organization(), await organization()];
    const all = await hook(slug, { content_type: 'application/cloudevents+json' });
    const some = await hook(slug, { types: ['chancery.tenancy.credential.revoked'] });
    await happen(other);
    const { body: made } = await happen(slug);
    await ask('DELETE', `/tenants/${slug}/credentials/${made['id']}`);
    const types = (await arrived(all.path, 3)).map(({ event }) => event.type);
    // The endpoints that are made after it are news, too.
    expect(types).to.deep.equal(['chancery.delivery.webhook.created', 'chancery.tenancy.credential.created', 'chancery.tenancy.credential.revoked']);
    expect(at(all.path)[0]?.headers['content-type']).to.equal('application/cloudevents+json');
    expect((await arrived(some.path, 1)).map(({ event }) => event.type)).to.deep.equal(['chancery.tenancy.credential.revoked']);
    expect(at(all.path).every(({ event }) => !JSON.stringify(event).includes(some['url'])), 'where webhooks lead is nobody else\'s').to.equal(true);
  });

  it('begins in the past where it is asked to', async () => {
    const slug = await organization();
    await happen(slug, 'one');
    await happen(slug, 'two');
    const early = await hook(slug, { types: ['chancery.tenancy.credential.created'], start: { position: '0' } });
    const lastWeek = await hook(slug, { types: ['chancery.tenancy.credential.created'], start: { time: new Date(performance.timeOrigin - 7 * 86_400_000).toISOString() } });
    await happen(slug, 'three');
    for (const { path } of [early, lastWeek]) {
      const names = (await arrived(path, 3)).map(({ event }) => String(event.data['name']));
      expect(names.toSorted()).to.deep.equal(['one', 'three', 'two']);
    }
  });

  it('refuses what is wrong, naming the field, and stores nothing', async () => {
    const slug = await organization();
    const good = { url: 'https://hooks.example.com/x' };
    const tomorrow = new Date(performance.timeOrigin + 2 * 86_400_000).toISOString();
    const wrong: readonly (readonly [field: string, body: object])[] = [
      ['url', { url: 'https://127.0.0.1/x' }], ['url', { url: 'https://169.254.169.254/latest' }], ['url', { url: 'http://hooks.example.com' }], ['url', { url: 'https://u:p@hooks.example.com' }],
      ['url', { url: 'ftp://hooks.example.com' }], ['url', { url: 'nonsense' }], ['url', { url: '' }], ['url', { url: 5 }], ['url', {}], ['url', { url: `https://e.example/${'x'.repeat(2_100)}` }],
      ['types', { ...good, types: ['chancery.nothing.of.that'] }], ['types', { ...good, types: [] }], ['types', { ...good, types: ['chancery.delivery.delivery.failed'] }],
      ['start.position', { ...good, start: { position: '99999999999999999999' } }], ['start.position', { ...good, start: { position: '-1' } }], ['start.position', { ...good, start: { position: 7 } }],
      ['start.time', { ...good, start: { time: tomorrow } }], ['start.time', { ...good, start: { time: 'yesterday' } }], ['start.time', { ...good, start: { position: '0', time: '2026-01-01T00:00:00Z' } }],
      ['start.time', { ...good, start: { time: '9999-12-31T23:59:59-23:00' } }], ['start', { ...good, start: {} }],
      ['url', { url: 'https://a..b.com/' }], ['url', { url: 'https://hooks.example.com/x#part' }], ['url', { url: 'https://hooks.example.com/x#' }],
      ['content_type', { ...good, content_type: 'text/plain' }], ['description', { ...good, description: 'x'.repeat(501) }], ['surprise', { ...good, surprise: 1 }],
    ];
    for (const [field, body] of wrong) {
      const { status, body: problem } = await ask('POST', `/tenants/${slug}/webhooks`, body);
      expect(status, JSON.stringify(body)).to.equal(400);
      expect(Object.keys(problem['fields'] ?? {}).some((name) => name === field || name.startsWith(field)), `${field} in ${JSON.stringify(problem)}`).to.equal(true);
    }
    expect((await ask('GET', `/tenants/${slug}/webhooks`)).body['items']).to.deep.equal([]);
    const { id } = await hook(slug);
    for (const body of [{}, { since: tomorrow }, { since: '2026-01-01T00:00:00Z', until: tomorrow }, { since: '2026-01-01T00:00:00Z', from_position: '0' }, { from_position: '99999999' }, { since: '2026-02-01T00:00:00Z', until: '2026-01-01T00:00:00Z' }, { since: '2026-01-01T00:00:00Z', types: ['x'] }]) {
      expect((await ask('POST', `/tenants/${slug}/webhooks/${id}/replay`, body)).status, JSON.stringify(body)).to.equal(400);
    }
    expect((await ask('PATCH', `/tenants/${slug}/webhooks/${id}`, { url: 'https://10.0.0.1' })).body['fields']).to.have.property('url');
    expect((await ask('POST', `/tenants/${slug}/webhooks/${id}/rotate-secret`, { overlap_seconds: 604_801 })).status).to.equal(400);
  });

  it('shows its secret once, and the same again to a retry of the same request', async () => {
    const slug = await organization();
    const body = { url: `${receiver.url}/once` };
    const headers = { 'idempotency-key': 'once' };
    const [one, other] = [await ask('POST', `/tenants/${slug}/webhooks`, body, headers), await ask('POST', `/tenants/${slug}/webhooks`, body, headers)];
    expect(other).to.deep.equal(one);
    const { body: list } = await ask('GET', `/tenants/${slug}/webhooks`);
    expect(list['items']).to.have.length(1);
    expect(JSON.stringify(list)).to.include('whpk_').and.not.include('whsec_');
  });

  it('is limited to 50 endpoints, however many ask at once', async () => {
    const slug = await organization();
    // Of what does not happen here: each would be told of all the others.
    const types = ['chancery.tenancy.credential.revoked'];
    const answers = await Promise.all(Array.from({ length: 55 }, (_, index) => ask('POST', `/tenants/${slug}/webhooks`, { url: `${receiver.url}/${index}`, types })));
    expect(answers.filter(({ status }) => status === 201)).to.have.length(50);
    expect(answers.find(({ status }) => status === 409)?.body).to.deep.include({ code: 'delivery.too_many_webhooks', limit: 50 });
    expect((await ask('GET', `/tenants/${slug}/webhooks?limit=100`)).body['items']).to.have.length(50);
  });

  it('tests a receiver, once, and says what came of it', async () => {
    const slug = await organization();
    const { id, path, secret } = await hook(slug, { types: ['chancery.tenancy.credential.created'] });
    const { body: good } = await ask('POST', `/tenants/${slug}/webhooks/${id}/test`);
    expect(good).to.deep.include({ delivered: true, status: 204, reason: null });
    reply = () => 500;
    const { body: bad } = await ask('POST', `/tenants/${slug}/webhooks/${id}/test`);
    expect(bad).to.deep.include({ delivered: false, status: 500, reason: 'status' });
    expect(at(path).map(({ event }) => event.type)).to.deep.equal(Array(2).fill('chancery.delivery.webhook.tested'));
    expect(at(path).every((one) => verifies(secret, one))).to.equal(true);
    const [{ event } = { event: {} as Json }] = at(path);
    const schemaUrl = new URL(String(event['dataschema'])).pathname;
    expect(event).to.deep.include({ authtype: 'service_account', authid: 'operator', data: { webhook_id: id }, subject: id, datacontenttype: 'application/json' });
    expect(event).to.have.property('correlationid').that.is.a('string');
    expect(event).to.not.have.property('sequence');
    const schema = (await app.ask('GET', schemaUrl)).json() as Json;
    expect([schema['title'], Object.keys(schema['properties'] as object)]).to.deep.equal([event['type'], ['webhook_id']]);
    expect((await ask('GET', '/event-schemas')).body['items']).to.deep.include({ type: event['type'], summary: schema['description'], webhooks: false, schema_url: event['dataschema'] });
    expect((await ask('GET', `/events?type=${String(event['type'])}`)).body['fields']).to.deep.equal({ type: 'names the type of tests, which are no events of the log' });
    const { body: list } = await ask('GET', `/tenants/${slug}/webhooks/${id}/deliveries`);
    expect((list['items'] as Json[]).map((item) => item['status'])).to.deep.equal(['failed', 'delivered']);
    const { status, body } = await ask('POST', `/tenants/${slug}/webhooks/${id}/deliveries/${good['delivery_id']}/retry`);
    expect([status, body['code']]).to.deep.equal([409, 'delivery.not_repeatable']);
  });

  it('shows what became of deliveries, and delivers once more with the same id when somebody asks', async () => {
    const slug = await organization();
    const { id, path } = await hook(slug, { types: ['chancery.tenancy.credential.created'] });
    reply = () => ({ status: 503, headers: { 'retry-after': '0' } });
    await happen(slug);
    const [first] = (await arrived(path, 1)) as [Received];
    const deliveries = `/tenants/${slug}/webhooks/${id}/deliveries`;
    const list = await shown(deliveries, ({ items }) => items.length === 1);
    expect(list['items'][0]).to.deep.include({ id: first.id, event_id: first.event.id, event_type: 'chancery.tenancy.credential.created', status: 'retrying', attempts: 1 });
    expect(list['items'][0]['newest_attempts'][0]).to.deep.include({ attempt: 1, status: 503, reason: 'status' });
    expect((await ask('GET', `${deliveries}?status=delivered`)).body['items']).to.deep.equal([]);
    expect((await ask('GET', `${deliveries}?event_type=chancery.delivery.webhook.tested`)).body['items']).to.deep.equal([]);
    expect(await ask('GET', `${deliveries}?event_type=nonsense`)).to.have.nested.property('body.fields.event_type');
    reply = () => 204;
    expect((await ask('POST', `${deliveries}/${first.id}/retry`)).status).to.equal(202);
    expect((await arrived(path, 2)).map((one) => one.id)).to.deep.equal([first.id, first.id]);
    const after = await shown(`${deliveries}?status=delivered`, ({ items }) => items.length === 1);
    expect(after['items'][0]).to.deep.include({ attempts: 2, next_at: null });
    expect((await ask('POST', `${deliveries}/${first.id}/retry`)).status, 'also what was delivered').to.equal(202);
    await arrived(path, 3);
    expect((await ask('POST', `${deliveries}/msg_none/retry`)).body['code']).to.equal('delivery.delivery_not_found');
  });

  it('replays a stretch of the past, each event with the id that it had', async () => {
    const slug = await organization();
    const { id, path } = await hook(slug, { types: ['chancery.tenancy.credential.created'] });
    for (const name of ['one', 'two', 'three']) await happen(slug, name);
    const before = [...(await arrived(path, 3))];
    const { status, body } = await ask('POST', `/tenants/${slug}/webhooks/${id}/replay`, { from_position: String(before.find(({ event }) => event.data['name'] === 'one')?.event['sequence']) });
    expect(status, JSON.stringify(body)).to.equal(202);
    const again = (await arrived(path, 5)).slice(3);
    expect(again.map(({ event }) => String(event.data['name'])).toSorted()).to.deep.equal(['three', 'two']);
    for (const one of again) expect(before.map((known) => known.id)).to.include(one.id);
    await shown(`/tenants/${slug}/webhooks/${id}`, ({ replay_id: running }) => running === null);
  });

  it('signs with new keys from a rotation on, with those before while they overlap, and never after', async () => {
    const slug = await organization();
    const { id, path, secret: first } = await hook(slug, { types: ['chancery.tenancy.credential.created'] });
    const { body: second } = await ask('POST', `/tenants/${slug}/webhooks/${id}/rotate-secret`, { overlap_seconds: 600 });
    expect(second['previous_until']).to.be.a('string');
    await happen(slug);
    const [both] = (await arrived(path, 1)) as [Received];
    expect([verifies(first, both), verifies(second['secret'], both)]).to.deep.equal([true, true]);
    const { body: third } = await ask('POST', `/tenants/${slug}/webhooks/${id}/rotate-secret`, { overlap_seconds: 0 });
    expect(third['previous_until']).to.equal(null);
    await happen(slug);
    const [, alone] = (await arrived(path, 2)) as [Received, Received];
    expect([first, second['secret'], third['secret']].map((secret: string) => verifies(secret, alone))).to.deep.equal([false, false, true]);
    expect(String(alone.headers['webhook-signature']).split(' ')).to.have.length(2);
  });

  it('sends nothing while disabled, goes on from where it stopped, and nothing at all once deleted', async () => {
    const slug = await organization();
    const { id, path } = await hook(slug, { types: ['chancery.tenancy.credential.created'] });
    const witness = await hook(slug, { types: ['chancery.tenancy.credential.created'] });
    expect((await ask('PATCH', `/tenants/${slug}/webhooks/${id}`, { enabled: false })).body).to.deep.include({ status: 'disabled', disabled_reason: 'asked' });
    await happen(slug, 'meanwhile');
    await arrived(witness.path, 1);
    expect(at(path)).to.deep.equal([]);
    expect((await ask('POST', `/tenants/${slug}/webhooks/${id}/test`)).body['code']).to.equal('delivery.webhook_disabled');
    await ask('PATCH', `/tenants/${slug}/webhooks/${id}`, { enabled: true });
    expect((await arrived(path, 1)).map(({ event }) => event.data['name'])).to.deep.equal(['meanwhile']);
    expect((await ask('DELETE', `/tenants/${slug}/webhooks/${id}`)).status).to.equal(204);
    await happen(slug, 'after');
    await arrived(witness.path, 2);
    expect(at(path)).to.have.length(1);
    for (const [method, rest] of [['GET', ''], ['PATCH', ''], ['POST', '/test'], ['GET', '/deliveries'], ['POST', '/rotate-secret']] as const) {
      expect((await ask(method, `/tenants/${slug}/webhooks/${id}${rest}`, method === 'GET' ? undefined : {})).body['code'], rest).to.equal('delivery.webhook_not_found');
    }
  });

  it('is disabled by a receiver that says it is gone', async () => {
    const slug = await organization();
    const { id, path } = await hook(slug, { types: ['chancery.tenancy.credential.created'] });
    reply = () => 410;
    await happen(slug, 'lost?');
    await arrived(path, 1);
    await shown(`/tenants/${slug}/webhooks/${id}`, ({ status, disabled_reason: reason }) => status === 'disabled' && reason === 'gone');
    reply = () => 204;
    await ask('PATCH', `/tenants/${slug}/webhooks/${id}`, { enabled: true });
    const { body } = await ask('GET', `/tenants/${slug}/webhooks/${id}/deliveries`);
    await ask('POST', `/tenants/${slug}/webhooks/${id}/deliveries/${body['items'][0]['id']}/retry`);
    // Enabled, it begins anew with what waits; the wish for another attempt may bring it once more.
    expect(new Set((await arrived(path, 2)).map((one) => one.event.data['name']))).to.deep.equal(new Set(['lost?']));
  });

  it('shows deliveries in the log, and delivers those to nobody', async () => {
    const slug = await organization();
    const { path } = await hook(slug);
    await happen(slug);
    await arrived(path, 1);
    const { items } = await shown(`/tenants/${slug}/events?type=chancery.delivery.delivery.succeeded`, ({ items: found }) => found.length === 1) as { items: readonly Json[] };
    expect(items[0]?.['data']).to.deep.include({ delivery_id: at(path)[0]?.id, attempt: 1, status: 204 });
    await happen(slug, 'another');
    expect((await arrived(path, 2)).map(({ event }) => event.type)).to.deep.equal(Array(2).fill('chancery.tenancy.credential.created'));
  });

  it('goes on after a restart with what had not been delivered', async () => {
    const slug = await organization();
    const { path } = await hook(slug, { types: ['chancery.tenancy.credential.created'] });
    reply = () => 500;
    await happen(slug, 'kept');
    await arrived(path, 1);
    reply = () => 204;
    await app.restart();
    await happen(slug, 'new');
    const names = (await arrived(path, 3)).map(({ event }) => String(event.data['name']));
    expect(names.toSorted()).to.deep.equal(['kept', 'kept', 'new']);
  });
});

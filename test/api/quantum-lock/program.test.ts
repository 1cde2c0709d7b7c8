/** Licences over the whole program: what one call does, the next one shows. */
import { expect } from 'chai';
import type { Surface } from '../../../api/kernel/surface.ts';
import { servedSurfaces } from '../../../api/composition/surfaces.ts';
import { createTenant, startApp, type App } from '../../support/app.ts';
import { onSharedLog } from '../../support/open-stores.ts';
import { createAsk } from '../../reliability/world.ts';
import { createAnswerShapes } from '../qwick-cert/answer-shapes.ts';

const API = '/quantum-lock/api/v1';
const DAY_MS = 86_400_000;
const KEY = /^QCOS(-[0-9A-F]{4}){8}$/u;

type Asked = Readonly<{ key?: string; body?: unknown; headers?: Readonly<Record<string, string>> }>;

describe('quantum-lock: the program', function suite() {
  this.timeout(30_000);
  let app: App;
  let now = Date.parse('2026-03-09T15:00:00.400Z');
  let checkShape: ReturnType<typeof createAnswerShapes>;
  let tenants = 0;

  before(async () => {
    app = await startApp({ clock: { now: () => now } });
    checkShape = createAnswerShapes(servedSurfaces(app.program.container).find(({ name }) => name === 'quantum-lock') as Surface);
  });
  after(() => app.close());

  const platform = (method: string, path: string, body?: object) => app.ask(method, `/platform/v1${path}`, { token: app.operatorToken, ...(body !== undefined && { body }) });
  const credential = async (slug: string, more: object = {}): Promise<Readonly<{ id: string; secret: string }>> =>
    (await platform('POST', `/tenants/${slug}/credentials`, { surface: 'quantum-lock', name: 'test', ...more })).json() as { id: string; secret: string };
  /** A tenant on a plan, with an API key. */
  const account = async (plan = 'startup') => {
    tenants += 1;
    const slug = `lock-${tenants}`;
    const tenant = await createTenant(app, slug);
    await platform('PUT', `/tenants/${slug}/plans/quantum-lock`, { plan });
    return { ...tenant, key: (await credential(slug)).secret };
  };
  const call = async (method: string, path: string, { key = '', body, headers = {} }: Asked = {}) => {
    const answer = await app.ask(method, `${API}${path}`, { headers: { 'x-api-key': key, ...headers }, ...(body !== undefined && { body: body as object }) });
    const json = answer.json() as any; // oxlint-disable-line typescript/no-explicit-any -- tests look where they like
    checkShape({ method, path: `${API}${path}`, status: answer.status, json });
    return { status: answer.status, json, text: answer.text, headers: answer.headers };
  };
  const generate = (key: string, customer = 'user@acmecorp.com', more: object = {}, headers = {}) => call('POST', '/licenses/generate', { key, body: { end_customer_id: customer, ...more }, headers });
  const validate = async (key: string, licenceKey: string, customer = 'user@acmecorp.com') =>
    (await call('POST', '/licenses/validate', { key, body: { license_key: licenceKey, end_customer_id: customer } })).json as { valid: boolean; quantum_verified: boolean; message: string };

  const sign = async (token: string) => {
    const { status, json, headers } = await call('POST', '/kms/sign', { body: { data: 'aGVsbG8=', algorithm: 'ED25519' }, headers: { authorization: `Bearer ${token}` } });
    return [status, json.detail, headers.get('www-authenticate')];
  };

  it('generates, validates, lists, shows, revokes and tells whoever synchronizes', async () => {
    const { key } = await account();
    const made = await generate(key, 'user@acmecorp.com', { features: ['premium', 'api_access'], valid_days: 10, metadata: { company: 'Acme Corp' } });
    expect(made.status).to.equal(201);
    const licenceKey = made.json.license_key as string;
    expect(licenceKey).to.match(KEY);
    expect(made.json).to.deep.include({
      end_customer_id: 'user@acmecorp.com', features: ['premium', 'api_access'], generated_at: '2026-03-09T15:00:00', valid_until: '2026-03-19T15:00:00', quantum_verified: true, security_level: 'Quantum-QCOS-16Q',
    });
    expect(made.json.quantum_signature).to.match(/^[0-9a-f]{64}$/u);
    expect(made.json.qcos_fidelity).to.be.within(0.98, 1);
    expect(await validate(key, licenceKey.toLowerCase())).to.deep.equal({ valid: true, end_customer_id: 'user@acmecorp.com', quantum_verified: true, message: 'License valid' });
    expect(await validate(key, licenceKey, 'another')).to.deep.include({ valid: false, quantum_verified: false, message: 'License not found or does not match end-customer ID' });

    const { json: list } = await call('GET', '/licenses?status_filter=active', { key });
    expect(list).to.deep.include({ total: 1, page: 1, per_page: 50, total_pages: 1 });
    expect(list.licenses[0]).to.deep.include({ id: 1, license_key: licenceKey, status: 'active', revoked: false, created_at: '2026-03-09T15:00:00' });
    const { json: details } = await call('GET', `/licenses/${licenceKey.toLowerCase()}`, { key });
    expect(details).to.deep.include({ quantum_signature: made.json.quantum_signature, qcos_fidelity: made.json.qcos_fidelity.toFixed(4), revoked_at: null });

    const revoked = await call('POST', `/licenses/${licenceKey}/revoke`, { key, body: { reason: 'Customer cancelled subscription' } });
    expect(revoked.json).to.deep.include({ success: true, license_key: licenceKey, reason: 'Customer cancelled subscription' });
    expect(await validate(key, licenceKey)).to.deep.include({ valid: false, quantum_verified: true, message: 'License revoked' });
    expect((await call('POST', `/licenses/${licenceKey}/revoke`, { key, body: {} })).json).to.deep.equal({ detail: 'License already revoked' });
    expect((await call('GET', `/licenses/${licenceKey}`, { key })).json).to.deep.include({ status: 'revoked', revoked: true, revoked_at: revoked.json.revoked_at, revoked_reason: 'Customer cancelled subscription' });
    // Where other processes may revoke as well, the next synchronization begins a little earlier.
    const timestamp = onSharedLog ? '2026-03-09T14:59:00' : '2026-03-09T15:00:00';
    expect((await call('GET', '/revocations', { key })).json).to.deep.include({ revoked_ids: [licenceKey], count: 1, timestamp });
    expect((await call('GET', '/licenses?status_filter=revoked', { key })).json.total).to.equal(1);
  });

  it('says that a license has expired from the moment on that it says', async () => {
    const { key } = await account();
    const { license_key: licenceKey } = (await generate(key, 'user@acmecorp.com', { valid_days: 1 })).json;
    now += DAY_MS - 1;
    expect((await validate(key, licenceKey)).valid).to.equal(true);
    now += 1;
    expect(await validate(key, licenceKey)).to.deep.include({ valid: false, quantum_verified: true, message: 'License expired' });
    expect((await call('GET', '/licenses?status_filter=expired', { key })).json.licenses[0].status).to.equal('expired');
    expect((await call('GET', '/licenses?status_filter=active', { key })).json).to.deep.include({ licenses: [], total: 0, total_pages: 0 });
    expect((await call('POST', `/licenses/${licenceKey}/revoke`, { key, body: {} })).status, 'what has expired may still be revoked').to.equal(200);
  });

  it('misses nothing that is revoked while others synchronize by `timestamp`', async () => {
    const { key } = await account();
    const keys: string[] = [];
    for (let n = 0; n < 4; n += 1) keys.push((await generate(key, `user-${n}`)).json.license_key);
    const seen = new Set<string>();
    let since = '2026-01-01';
    for (const licenceKey of keys) {
      await call('POST', `/licenses/${licenceKey}/revoke`, { key, body: {} });
      const { revoked_ids: revoked, timestamp, count } = (await call('GET', `/revocations?since=${since}`, { key })).json;
      expect(revoked.length).to.equal(count);
      for (const each of revoked) seen.add(each);
      since = timestamp;
      now += 400;
    }
    expect([...seen]).to.deep.equal(keys);
    expect((await call('GET', '/revocations?since=2999-01-01T00:00:00Z', { key })).json).to.deep.include({ revoked_ids: [], count: 0, position: null });
  });

  it('sells a hundred of a hundred and forty asked for at once on the free plan, until the next month', async () => {
    const { key, slug } = await account('free');
    const answers = await Promise.all(Array.from({ length: 140 }, (_, n) => generate(key, `user-${n}`)));
    const refused = answers.filter(({ status }) => status === 429);
    expect(answers.filter(({ status }) => status === 201).length).to.equal(100);
    expect(refused.length).to.equal(40);
    const wait = Math.ceil((Date.parse('2026-04-01T00:00:00Z') - now) / 1_000);
    for (const { json, headers } of refused) expect([json.detail, Number(headers.get('retry-after'))]).to.deep.equal(['Monthly license limit reached', wait]);
    expect((await call('GET', '/stats', { key })).json).to.deep.equal({ licenses_generated_month: 100, licenses_remaining_month: 0, plan: 'free', max_licenses_month: 100 });
    const { json: all } = await call('GET', '/licenses?per_page=100', { key });
    expect(all.licenses.map(({ id }: { id: number }) => id)).to.deep.equal(Array.from({ length: 100 }, (_, n) => n + 1));
    await platform('PUT', `/tenants/${slug}/plans/quantum-lock`, { plan: 'business' });
    expect((await generate(key, 'one more')).status, 'another plan counts at once').to.equal(201);
    expect((await call('GET', '/customers/me', { key })).json).to.deep.include({ plan: 'business', max_licenses_month: 100_000, licenses_used_month: 101 });
    await platform('PUT', `/tenants/${slug}/plans/quantum-lock`, { plan: 'business', status: 'cancelled' });
    expect((await generate(key, 'and another')).status, 'a cancelled plan counts as free').to.equal(429);
    expect((await call('GET', '/stats', { key })).json).to.deep.equal({ licenses_generated_month: 101, licenses_remaining_month: 0, plan: 'free', max_licenses_month: 100 });
  });

  it('repeats under an Idempotency-Key what it did, and keeps no end customer in the clear', async () => {
    const { key } = await account();
    const headers = { 'idempotency-key': '"order-4711"' };
    const answers = await Promise.all(Array.from({ length: 5 }, () => generate(key, 'idem-canary@acmecorp.com', {}, headers)));
    expect(new Set(answers.map(({ text }) => text)).size).to.equal(1);
    expect(answers.filter((answer) => answer.headers.get('idempotent-replayed') === 'true').length).to.equal(4);
    expect((await call('GET', '/stats', { key })).json.licenses_generated_month).to.equal(1);
    const path = `/licenses/${answers[0]?.json.license_key}/revoke`;
    const body = { reason: 'reason-canary: moved away' };
    const once = await call('POST', path, { key, body, headers });
    const twice = await call('POST', path, { key, body, headers });
    expect([once.status, twice.status, twice.text, twice.headers.get('idempotent-replayed')]).to.deep.equal([200, 200, once.text, 'true']);
    expect((await call('POST', path, { key, body })).status).to.equal(400);
    await validate(key, answers[0]?.json.license_key, 'idem-canary@acmecorp.com');
    await app.program.caughtUp();
    const stored = await app.stored();
    expect([...stored.values()].some((text) => text.includes(answers[0]?.json.license_key)), 'what is no secret is found').to.equal(true);
    for (const [name, text] of stored) {
      for (const canary of ['idem-canary', 'reason-canary']) expect(text.includes(canary), `${canary} in ${name}`).to.equal(false);
    }
  });

  it('shows the account with a number of its own that stays, also after a restart', async () => {
    const one = await account();
    const two = await account('enterprise');
    const { json } = await call('GET', '/customers/me', { key: one.key });
    expect(json).to.deep.include({
      name: one.slug, email: one.ownerEmail, company_name: `${one.slug} Inc`, plan: 'startup', max_licenses_month: 10_000, licenses_used_month: 0, created_at: new Date(now).toISOString().slice(0, 19), email_verified: true,
    });
    expect((await call('GET', '/customers/me', { key: two.key })).json.id).to.not.equal(json.id);
    expect((await call('GET', '/stats', { key: two.key })).json).to.deep.include({ plan: 'enterprise', max_licenses_month: 999_999_999 });
    const { license_key: licenceKey } = (await generate(one.key)).json;
    await app.restart();
    expect((await call('GET', '/customers/me', { key: one.key })).json).to.deep.equal({ ...json, licenses_used_month: 1 });
    expect((await validate(one.key, licenceKey)).valid).to.equal(true);
  });

  it('ends a key from the answer on, and takes a service token for nothing here', async () => {
    const { slug, key } = await account();
    const { id, secret } = await credential(slug);
    const service = await credential(slug, { kind: 'service' });
    expect((await generate(secret)).status).to.equal(201);
    await platform('DELETE', `/tenants/${slug}/credentials/${id}`);
    for (const gone of [secret, service.secret]) expect((await generate(gone)).json).to.deep.equal({ detail: 'Invalid or inactive API Key' });
    expect((await generate(key)).status).to.equal(201);
  });

  it('ends a service token from the answer on, and takes an API key for nothing on the KMS', async () => {
    const { slug, key } = await account();
    const { id, secret } = await credential(slug, { kind: 'service' });
    expect((await sign(secret))[0]).to.equal(200);
    await platform('DELETE', `/tenants/${slug}/credentials/${id}`);
    for (const gone of [secret, key]) expect(await sign(gone)).to.deep.equal([401, 'Invalid or inactive service token', 'Bearer']);
  });

  it('is reached by its host without the mount, documents included', async () => {
    const { key } = await account();
    const { ask, close } = createAsk(Number(new URL(app.url).port));
    const headers = { host: 'quantumlock.softquantus.com', 'x-api-key': key };
    for (const path of ['/', '/health', '/api/v1/plans', '/api/v1/licenses', '/docs', '/redoc', '/openapi.json']) {
      expect((await ask({ method: 'GET', path, headers })).status, path).to.equal(200);
    }
    const health = JSON.parse((await ask({ method: 'GET', path: '/health', headers })).text) as object;
    expect(health).to.deep.include({ status: 'healthy', service: 'QuantumLock API', qcos_available: true });
    close();
  });
});

/** Every answer of the document, field by field and in its order. */
import { expect } from 'chai';
import type { Verdict } from '../../../application/licensing/licences.ts';
import { reject } from '../../../domain/kernel/rejection.ts';
import { MAX_FEATURES, MAX_METADATA } from '../../../api/quantum-lock/schemas.ts';
import { API, ERASED, KEY, LICENCE, startScripted, type Scripted } from './scripted.ts';

/** Order counts: some clients print what they get. */
const same = (text: string, expected: object): void => {
  expect(text).to.equal(JSON.stringify(expected));
};

const escaped = (text: string): string => Array.from({ length: text.length }, (_, at) => `\\u${text.charCodeAt(at).toString(16).padStart(4, '0')}`).join('');

const GENERATE = { end_customer_id: 'user@acmecorp.com', features: ['premium', 'api_access', 'analytics'], valid_days: 365, metadata: { company: 'Acme Corp' } };

describe('quantum-lock: answers', () => {
  let lock: Scripted;
  before(async () => {
    lock = await startScripted();
  });
  beforeEach(() => lock.reset());
  after(() => lock.close());

  it('POST /licenses/generate', async () => {
    const asked: unknown[] = [];
    lock.script.generate = async (_principal, wanted) => {
      asked.push(wanted);
      return LICENCE;
    };
    const { status, text } = await lock.call('POST', `${API}/licenses/generate`, { body: GENERATE });
    expect(status).to.equal(201);
    same(text, {
      license_key: KEY, quantum_signature: 'a1b2c3d4e5f6', end_customer_id: 'user@acmecorp.com', features: ['premium', 'api_access', 'analytics'],
      valid_until: '2026-06-15T10:30:00', quantum_verified: true, qcos_fidelity: 0.9847, security_level: 'Quantum-QCOS-16Q', generated_at: '2025-06-15T10:30:00',
    });
    await lock.call('POST', `${API}/licenses/generate`, { body: { end_customer_id: 'x' } });
    const [whole, least] = asked as readonly { commandId: string }[];
    expect(whole).to.deep.include({ endCustomerId: 'user@acmecorp.com', features: GENERATE.features, validDays: 365, metadata: { company: 'Acme Corp' } });
    expect(least).to.deep.include({ endCustomerId: 'x', features: [], validDays: 365, metadata: null });
    expect(whole?.commandId).to.not.equal(least?.commandId);
  });

  it('POST /licenses/generate, with as much as may be in every field, however it is escaped', async () => {
    const face = '\u{1F600}';
    const note = 'x'.repeat(MAX_METADATA - '{"note":""}'.length);
    let asked: unknown;
    lock.script.generate = async (_principal, wanted) => {
      asked = wanted;
      return LICENCE;
    };
    const feature = `"${escaped(face.repeat(100))}"`;
    const body = (more: string) =>
      `{"end_customer_id": "${escaped(face.repeat(255))}", "valid_days": 3650, "features": [${Array(MAX_FEATURES).fill(feature).join(', ')}], "metadata": {"note": "${escaped(note)}${more}"}}`;
    expect((await lock.call('POST', `${API}/licenses/generate`, { body: body('') })).status).to.equal(201);
    expect(asked).to.deep.include({ endCustomerId: face.repeat(255), features: Array(MAX_FEATURES).fill(face.repeat(100)), metadata: { note } });
    expect((await lock.call('POST', `${API}/licenses/generate`, { body: body('x') })).json.detail).to.match(/^Invalid request: metadata must NOT have more than 16384 bytes/);
  });

  const verdicts: readonly (readonly [Verdict, valid: boolean, verified: boolean, message: string])[] = [
    ['valid', true, true, 'License valid'],
    ['not_found', false, false, 'License not found or does not match end-customer ID'],
    ['expired', false, true, 'License expired'],
    ['signature_mismatch', false, false, 'Quantum signature mismatch'],
    ['revoked', false, true, 'License revoked'],
  ];
  for (const [verdict, valid, verified, message] of verdicts) {
    it(`POST /licenses/validate: ${message}`, async () => {
      const asked: unknown[] = [];
      lock.script.validate = async (_principal, what) => {
        asked.push(what);
        return { verdict };
      };
      const { status, text } = await lock.call('POST', `${API}/licenses/validate`, { body: { license_key: KEY.toLowerCase(), end_customer_id: 'user@acmecorp.com' } });
      expect(status).to.equal(200);
      same(text, { valid, end_customer_id: 'user@acmecorp.com', quantum_verified: verified, message });
      expect(asked).to.deep.equal([{ licenceKey: KEY, endCustomerId: 'user@acmecorp.com' }]);
    });
  }

  it('POST /licenses/validate of what cannot be a license key: not found, and nobody is asked', async () => {
    lock.script.validate = async () => reject('kernel.internal');
    for (const key of ['x', KEY.slice(1), `${KEY}-0000`, ` ${KEY}`, KEY.replace('F', 'G'), KEY.replace('FB', '\uFB00B'), '\u017F'.repeat(44), KEY.replaceAll('-', '\u2010')]) {
      const { status, json } = await lock.call('POST', `${API}/licenses/validate`, { body: { license_key: key, end_customer_id: 'x' } });
      expect([status, json.message], key).to.deep.equal([200, 'License not found or does not match end-customer ID']);
    }
  });

  it('GET /licenses', async () => {
    const asked: unknown[] = [];
    lock.script.page = async (_tenant, query) => {
      asked.push(query);
      return { items: [LICENCE, { ...LICENCE, number: 2, validUntil: '2025-06-15T14:30:00.999Z' }, { ...ERASED, number: 3 }], total: 42 };
    };
    const { status, text } = await lock.call('GET', `${API}/licenses?page=1&per_page=20&status_filter=active`);
    expect(status).to.equal(200);
    const one = { id: 1, license_key: KEY, end_customer_id: 'user@acmecorp.com', features: LICENCE.features, valid_until: '2026-06-15T10:30:00', created_at: '2025-06-15T10:30:00', status: 'active', revoked: false };
    const licenses = [one, { ...one, id: 2, valid_until: '2025-06-15T14:30:00', status: 'expired' }, { ...one, id: 3, end_customer_id: null, status: 'revoked', revoked: true }];
    same(text, { licenses, total: 42, page: 1, per_page: 20, total_pages: 3 });
    expect(asked[0]).to.deep.include({ status: 'active', page: 1, perPage: 20 });
  });

  it('GET /licenses: first page of 50 without parameters, never more than 100, and no page of nothing', async () => {
    const shown = async (query: string) => {
      const { page, per_page: perPage, total_pages: pages } = (await lock.call('GET', `${API}/licenses${query}`)).json;
      return [page, perPage, pages];
    };
    expect(await shown('')).to.deep.equal([1, 50, 1]);
    expect(await shown('?per_page=1000000&page=9')).to.deep.equal([9, 100, 1]);
    lock.script.page = async () => ({ items: [], total: 0 });
    expect(await shown('?status_filter=revoked')).to.deep.equal([1, 50, 0]);
  });

  it('GET /licenses/{license_key}', async () => {
    const { status, text } = await lock.call('GET', `${API}/licenses/${KEY.toLowerCase()}`);
    expect(status).to.equal(200);
    const shown = {
      id: 1, license_key: KEY, end_customer_id: 'user@acmecorp.com', features: LICENCE.features, valid_until: '2026-06-15T10:30:00', created_at: '2025-06-15T10:30:00',
      quantum_signature: 'a1b2c3d4e5f6', qcos_fidelity: '0.9847', status: 'active', revoked: false, revoked_at: null, revoked_reason: null,
    };
    same(text, shown);
    lock.script.get = async () => ({ ...LICENCE, fidelity: 1, revokedAt: '2025-06-15T14:30:00.400Z', revokedReason: 'Customer cancelled subscription' });
    same((await lock.call('GET', `${API}/licenses/${KEY}`)).text, { ...shown, qcos_fidelity: '1.0000', status: 'revoked', revoked: true, revoked_at: '2025-06-15T14:30:00', revoked_reason: 'Customer cancelled subscription' });
    lock.script.get = async () => ERASED;
    same((await lock.call('GET', `${API}/licenses/${KEY}`)).text, { ...shown, end_customer_id: null, quantum_signature: null, status: 'revoked', revoked: true, revoked_at: '2025-06-15T14:30:00' });
  });

  it('POST /licenses/{license_key}/revoke', async () => {
    const reasons: unknown[] = [];
    lock.script.revoke = async (_principal, licenceKey, reason) => {
      reasons.push([licenceKey, reason]);
      return { revokedAt: '2025-06-15T14:30:00.999Z' };
    };
    const path = `${API}/licenses/${KEY.toLowerCase()}/revoke`;
    const { status, text } = await lock.call('POST', path, { body: { reason: 'Customer cancelled subscription' } });
    expect(status).to.equal(200);
    const shown = { success: true, license_key: KEY, revoked_at: '2025-06-15T14:30:00', reason: 'Customer cancelled subscription', message: 'License revoked successfully' };
    same(text, shown);
    for (const body of [undefined, {}, { reason: null }]) same((await lock.call('POST', path, { body })).text, { ...shown, reason: null });
    expect(reasons).to.deep.equal([[KEY, 'Customer cancelled subscription'], [KEY, undefined], [KEY, undefined], [KEY, undefined]]);
  });

  it('GET /customers/me and GET /stats, also of a plan that was cancelled and of a month that is used up', async () => {
    const account = await lock.call('GET', `${API}/customers/me`);
    expect(account.status).to.equal(200);
    same(account.text, {
      id: (Date.parse('2025-01-15T08:00:00Z') - Date.parse('2020-01-01')) * 4_096 + 0xabc, name: 'acme_corp', email: 'admin@acmecorp.com', company_name: 'Acme Corporation', plan: 'startup',
      max_licenses_month: 10_000, licenses_used_month: 342, created_at: '2025-01-15T08:00:00', email_verified: true,
    });
    expect(Number.isSafeInteger(account.json.id)).to.equal(true);
    same((await lock.call('GET', `${API}/stats`)).text, { licenses_generated_month: 342, licenses_remaining_month: 9_658, plan: 'startup', max_licenses_month: 10_000 });
    lock.script.usage = async () => ({ month: '2025-06', generated: 342, plan: 'free', limit: 100, sold: 342 });
    expect((await lock.call('GET', `${API}/stats`)).json).to.deep.include({ licenses_remaining_month: 0, max_licenses_month: 100 });
  });

  it('GET /, /health and /api/v1/plans, without a key and with any', async () => {
    for (const key of ['', 'qlk_good', 'nonsense']) {
      same((await lock.call('GET', '/quantum-lock/', { key })).text, {
        service: 'QuantumLock™ API', tagline: 'Quantum-powered licensing as a service', version: '1.0.0', docs: '/docs', powered_by: 'SoftQuantus + QCOS Autopilot', get_started: 'https://portal.softquantus.com',
      });
      same((await lock.call('GET', '/quantum-lock/health', { key })).text, { status: 'healthy', service: 'QuantumLock API', qcos_available: true, timestamp: '2025-06-15T14:30:00' });
      same((await lock.call('GET', `${API}/plans`, { key })).text, [
        { name: 'Free', price_monthly: '$0', licenses_per_month: 100, features: ['Basic quantum security', 'Email support', 'Community access'] },
        { name: 'Startup', price_monthly: '$99', licenses_per_month: 10_000, features: ['Quantum security', 'API access', 'Priority support', 'Analytics dashboard'] },
        { name: 'Business', price_monthly: '$499', licenses_per_month: 100_000, features: ['Advanced quantum', 'SLA 99.9%', '24/7 support', 'Custom integrations', 'White-label option'] },
        { name: 'Enterprise', price_monthly: 'Custom', licenses_per_month: 999_999_999, features: ['Unlimited licenses', 'Dedicated support', 'On-premise option', 'Custom quantum config', 'Legal SLA'] },
      ]);
    }
  });

  it('GET / also without the slash at the end of the mount', async () => {
    const answer = await fetch(`${lock.running.url}/quantum-lock`);
    expect([answer.status, ((await answer.json()) as { service: string }).service]).to.deep.equal([200, 'QuantumLock™ API']);
  });

  it('GET /health says what does not work, with 503', async () => {
    for (const [health, available] of [[{ storage: false, fingerprints: true }, true], [{ storage: true, fingerprints: false }, false]] as const) {
      lock.script.health = health;
      const { status, json, headers } = await lock.call('GET', '/quantum-lock/health');
      expect([status, headers.get('retry-after')]).to.deep.equal([503, '1']);
      expect(json).to.deep.include({ status: 'unhealthy', qcos_available: available });
    }
  });

  it('puts a Z to its times for whoever accepts application/json;profile="utc-z"', async () => {
    const headers = { accept: 'application/json;profile="utc-z"' };
    const times = async (method: string, path: string, body?: object): Promise<string> => (await lock.call(method, path, { headers, ...(body !== undefined && { body }) })).text;
    for (const text of [
      await times('POST', `${API}/licenses/generate`, GENERATE), await times('GET', `${API}/licenses`), await times('GET', `${API}/licenses/${KEY}`), await times('POST', `${API}/licenses/${KEY}/revoke`, {}),
      await times('GET', `${API}/revocations`), await times('GET', `${API}/customers/me`), await times('GET', '/quantum-lock/health'),
    ]) {
      expect(text).to.match(/T\d\d:\d\d:\d\dZ"/).and.to.not.match(/T\d\d:\d\d:\d\d"/);
    }
  });
});

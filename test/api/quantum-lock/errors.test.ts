/** Every way in which the surface refuses: status, words, and the field's name where a field is wrong. */
import { expect } from 'chai';
import { reject, Rejection } from '../../../domain/kernel/rejection.ts';
import { errorCatalogue, renderError } from '../../../api/quantum-lock/errors.ts';
import { KERNEL_REJECTIONS } from '../../../api/kernel/surface.ts';
import { API, KEY, startScripted, type Scripted } from './scripted.ts';

const GENERATE = `${API}/licenses/generate`;
const VALIDATE = `${API}/licenses/validate`;
const REVOKE = `${API}/licenses/${KEY}/revoke`;
const good = { end_customer_id: 'user@acmecorp.com' };
const MALFORMED = ['x', KEY.slice(1), `${KEY}0`, KEY.replace('QCOS', 'QCOZ'), KEY.replaceAll('-', ''), KEY.replace('41FB', '41FG'), '%20', '..%2F..%2Fetc', '%F0%9F%98%80', 'generate', 'validate', 'x'.repeat(5_000)];

type Bad = readonly [method: string, path: string, body: unknown, field: string];

const BAD: readonly Bad[] = [
  ...([undefined, {}, { end_customer_id: null }, { end_customer_id: '' }, { end_customer_id: 5 }, { end_customer_id: ['a'] }, { end_customer_id: 'x'.repeat(256) }, { end_customer_id: 'a\0b' }] as const)
    .map((body): Bad => ['POST', GENERATE, body, 'end_customer_id']),
  ...([null, 'premium', 5, {}] as const).map((features): Bad => ['POST', GENERATE, { ...good, features }, 'features']),
  ...([[5], [null], [''], [['a']], ['x'.repeat(101)], ['a\0']] as const).map((features): Bad => ['POST', GENERATE, { ...good, features }, 'features.0']),
  ['POST', GENERATE, { ...good, features: Array.from({ length: 101 }, () => 'x') }, 'features'],
  ...([0, -1, 3_651, 1.5, '365', null, true, [], 1e308, Number.MAX_SAFE_INTEGER] as const).map((days): Bad => ['POST', GENERATE, { ...good, valid_days: days }, 'valid_days']),
  ...(['text', 5, true, [], [{}]] as const).map((metadata): Bad => ['POST', GENERATE, { ...good, metadata }, 'metadata']),
  ['POST', GENERATE, { ...good, metadata: { note: 'x'.repeat(16_384) } }, 'metadata'],
  ['POST', GENERATE, { ...good, metadata: { note: '\u{1F600}'.repeat(4_096) } }, 'metadata'],
  ['POST', GENERATE, `{"end_customer_id":"x","metadata":${'{"a":'.repeat(100)}1${'}'.repeat(100)}}`, 'metadata'],
  ['POST', GENERATE, '{"end_customer_id":"x","end_customer_id":"y"}', 'end_customer_id'],
  ['POST', GENERATE, '{"end_customer_id":"x","metadata":{"__proto__":{"a":1}}}', '__proto__'],
  ...(['[]', '"text"', 'null', '5', '{', '', '{"end_customer_id":"\\ud800"}', '{"valid_days":1e999}'] as const).filter((text) => text !== '').map((text): Bad => ['POST', GENERATE, text, 'body']),
  ...([{}, { license_key: KEY }, { license_key: KEY, end_customer_id: 5 }, { license_key: KEY, end_customer_id: 'x'.repeat(256) }] as const).map((body): Bad => ['POST', VALIDATE, body, 'end_customer_id']),
  ...([{ ...good }, { ...good, license_key: null }, { ...good, license_key: 5 }, { ...good, license_key: '' }, { ...good, license_key: 'x'.repeat(256) }] as const).map((body): Bad => ['POST', VALIDATE, body, 'license_key']),
  ...([5, {}, [], true, 'x'.repeat(2_001), 'a\0'] as const).map((reason): Bad => ['POST', REVOKE, { reason }, 'reason']),
  ...(['0', '-1', '1.5', 'abc', '', '1e3', '0x1', '99999999999999999999', '%D9%A3'] as const).flatMap((value): readonly Bad[] => [
    ['GET', `${API}/licenses?page=${value}`, undefined, 'page'],
    ...(value.startsWith('99') ? [] : ([['GET', `${API}/licenses?per_page=${value}`, undefined, 'per_page']] as const)),
  ]),
  ...(['', 'ACTIVE', 'all', 'active,revoked', '%00'] as const).map((value): Bad => ['GET', `${API}/licenses?status_filter=${value}`, undefined, 'status_filter']),
  ['GET', `${API}/licenses?status=active`, undefined, 'status'],
  ['GET', `${API}/licenses?page=1&page=2`, undefined, 'page'],
  ...(['', 'yesterday', '5', '2025-13-01T00:00:00Z', '2025-02-30', '2025-06-01T24:30:00', '2025-06-01T00:00:00%2B99:99', '2025-06-01 00:00:00', '-271821-04-20T00:00:00Z', 'x'.repeat(200), '2025-06-01T00:00:00ZZ'] as const)
    .map((value): Bad => ['GET', `${API}/revocations?since=${value}`, undefined, 'since']),
  ['GET', `${API}/revocations?sinse=2025-06-01`, undefined, 'sinse'],
];

const shownOf = ([method, path, body]: Bad): string => `${method} ${path.slice(0, 100)} ${typeof body === 'string' ? body.slice(0, 60) : (JSON.stringify(body) ?? '').slice(0, 60)}`;

describe('quantum-lock: errors', () => {
  let lock: Scripted;
  before(async () => {
    lock = await startScripted();
  });
  beforeEach(() => lock.reset());
  after(() => lock.close());

  const detail = async (method: string, path: string, asked: Parameters<Scripted['call']>[2] = {}) => {
    const { status, json } = await lock.call(method, path, asked);
    return [status, json.detail];
  };

  it(`400 with the field named for ${BAD.length} bad inputs`, async () => {
    for (const bad of BAD) {
      const [method, path, body, field] = bad;
      const { status, json, text } = await lock.call(method, path, { body });
      expect(status, `${shownOf(bad)}: ${text.slice(0, 200)}`).to.equal(400);
      expect(Object.keys(json)).to.deep.equal(['detail']);
      expect(json.detail, shownOf(bad)).to.match(/^Invalid request: /).and.to.contain(field);
    }
  });

  it('says why a body is none', async () => {
    const bodies = [['{', 'the body is not JSON'], [`{"features":[${'1,'.repeat(10_001)}1]}`, 'there are more than 10000 values']] as const;
    for (const [body, why] of bodies) expect(await detail('POST', GENERATE, { body })).to.deep.equal([400, `Invalid request: body is not valid JSON (${why})`]);
  });

  it('takes what is at the edge of being refused', async () => {
    const bodies = [
      { end_customer_id: '\u{1F600}'.repeat(255), features: Array.from({ length: 100 }, () => 'x'.repeat(100)), valid_days: 3_650, metadata: null }, { ...good, valid_days: 1, unknown: 5 }, { ...good, metadata: { note: 'x'.repeat(16_000) } },
    ];
    for (const body of bodies) expect((await lock.call('POST', GENERATE, { body })).status).to.equal(201);
    for (const since of ['2025-06-01T00:00:00Z', '2025-06-01T02:00:00%2B02:00', '2025-06-01T02:00:00+02:00', '2025-06-01T00:00:00', '2025-06-01T00:00', '2025-06-01', '2999-01-01T00:00:00.123456789Z', '0001-01-01T00:00:00Z']) {
      expect((await lock.call('GET', `${API}/revocations?since=${since}`)).status, since).to.equal(200);
    }
  });

  it('401 without a key, with one that is not known, of the other form, without the permission, or where it does not belong', async () => {
    const kept: readonly (readonly [string, Readonly<Record<string, string>>])[] = [
      ['', {}], ['qlk_unknown', {}], ['good', {}], ['svc_good', {}], ['svc_key', {}], ['qlk_service', {}], ['qlk_without', {}], ['qlk_good, qlk_good', {}], ['QLK_GOOD', {}],
      ['', { authorization: 'Bearer qlk_good' }], ['', { authorization: 'Basic cWxrX2dvb2Q6' }], ['x'.repeat(5_000), {}],
    ];
    for (const [key, headers] of kept) {
      const { status, json, headers: answered } = await lock.call('GET', `${API}/licenses`, { key, headers });
      expect([status, json.detail, answered.get('www-authenticate')], key.slice(0, 40)).to.deep.equal([401, 'Invalid or inactive API Key', 'APIKey']);
    }
    expect(await detail('POST', GENERATE, { key: '', body: '{' }), 'before anything is said of the body').to.deep.equal([401, 'Invalid or inactive API Key']);
    lock.script.ended = true;
    expect(await detail('GET', `${API}/stats`), 'one that was revoked while the request was under way').to.deep.equal([401, 'Invalid or inactive API Key']);
  });

  it('404 for a license that is not there, and for what cannot be one', async () => {
    lock.script.revoke = async () => reject('licensing.licence_not_found');
    lock.script.get = async () => undefined;
    for (const key of [KEY, ...MALFORMED]) {
      expect(await detail('GET', `${API}/licenses/${key}`), key.slice(0, 60)).to.deep.equal([404, 'License not found']);
      expect(await detail('POST', `${API}/licenses/${key}/revoke`, { body: {} }), key.slice(0, 60)).to.deep.equal([404, 'License not found']);
    }
    expect(await detail('GET', `${API}/nothing`)).to.deep.equal([404, 'Resource not found']);
    expect(await detail('GET', `${API}/licenses/%zz`)).to.deep.equal([400, 'Invalid request: path is not valid percent-encoding']);
  });

  it('400 for a second revocation, 429 with the time until the next month, 500 and 503 in words of their own', async () => {
    lock.script.revoke = async () => reject('licensing.licence_revoked');
    expect(await detail('POST', REVOKE, { body: {} })).to.deep.equal([400, 'License already revoked']);
    lock.script.generate = async () => reject('licensing.quota_exceeded', { limit: 100, retryAfter: 1_329_000 });
    const limited = await lock.call('POST', GENERATE, { body: good });
    expect([limited.status, limited.json.detail, limited.headers.get('retry-after')]).to.deep.equal([429, 'Monthly license limit reached', '1329000']);
    lock.script.generate = async () => { throw new Error('the secret inside'); };
    expect(await detail('POST', GENERATE, { body: good })).to.deep.equal([500, 'Internal generation error']);
    lock.script.usage = async () => { throw new Error('the secret inside'); };
    expect(await detail('GET', `${API}/stats`)).to.deep.equal([500, 'Internal server error']);
    lock.script.generate = async () => reject('storage.unavailable');
    const unavailable = await lock.call('POST', GENERATE, { body: good });
    expect([unavailable.status, unavailable.json.detail, unavailable.headers.get('retry-after')]).to.deep.equal([503, 'Service temporarily unavailable', '5']);
  });

  it('absurd sizes, like all else that is wrong', async () => {
    const { status, json } = await lock.call('POST', GENERATE, { body: { ...good, metadata: { note: 'x'.repeat(270_000) } } });
    expect([status, json.detail]).to.deep.equal([400, 'Invalid request: body is too large']);
  });

  it('405, 409, 415 and 422 as HTTP has them', async () => {
    const wrong = await lock.call('DELETE', `${API}/licenses/${KEY}`);
    expect([wrong.status, wrong.json.detail, wrong.headers.get('allow')]).to.deep.equal([405, 'Method not allowed', 'GET, HEAD']);
    expect((await lock.call('POST', GENERATE, { body: JSON.stringify(good), headers: { 'content-type': 'text/plain' } })).status).to.equal(415);
    const headers = { 'idempotency-key': 'same' };
    expect((await lock.call('POST', GENERATE, { body: good, headers })).status).to.equal(201);
    expect(await detail('POST', GENERATE, { body: { end_customer_id: 'another' }, headers })).to.deep.equal([422, 'Idempotency-Key has been used with another request']);
    expect((await detail('POST', GENERATE, { body: good, headers: { 'idempotency-key': '"' } }))[1]).to.match(/^Invalid request: Idempotency-Key /);
  });

  it('says nothing of what it does not know, and has a row for everything of the kernel', () => {
    expect(renderError(new Rejection('licensing.unheard_of', { fields: { secret: 'x' } }), { path: '/' })).to.deep.equal({ status: 500, body: { detail: 'Internal server error' } });
    expect(renderError(new Rejection('toString'), { path: '/' }).status).to.equal(500);
    expect(errorCatalogue).to.include.keys(...KERNEL_REJECTIONS);
  });
});

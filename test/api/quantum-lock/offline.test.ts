/**
 * Offline use over the whole program: what it sells is accepted by the verifier without it, in Node.js and in Chromium, and refused once the
 * revocation is synced.
 */
import { expect } from 'chai';
import type { Surface } from '../../../api/kernel/surface.ts';
import { servedSurfaces } from '../../../api/composition/surfaces.ts';
import { createLicenseVerifier, type JsonWebKeySet } from '../../../packages/license-verifier/src/index.ts';
import { CHROMIUM, runInChromium } from '../../packages/license-verifier/browser.ts';
import { createTenant, startApp, type App } from '../../support/app.ts';
import { requireTool } from '../../support/pending.ts';
import { createAnswerShapes } from '../qwick-cert/answer-shapes.ts';

const API = '/quantum-lock/api/v1';
const DAY_MS = 86_400_000;
const CUSTOMER = 'user@acmecorp.example';
const ALGORITHMS = ['ML-DSA-65', 'Ed25519'] as const;

type Json = Readonly<Record<string, any>>; // oxlint-disable-line typescript/no-explicit-any -- tests look where they like
type Account = Readonly<{ id: string; slug: string; key: string }>;

describe('quantum-lock: offline use', function suite() {
  this.timeout(30_000);
  let app: App;
  let now = Date.parse('2026-03-09T15:00:00.400Z');
  let shapes: readonly ReturnType<typeof createAnswerShapes>[];
  let accounts = 0;

  before(async () => {
    app = await startApp({ clock: { now: () => now } });
    shapes = ['quantum-lock', 'platform'].map((wanted) => createAnswerShapes(servedSurfaces(app.program.container).find(({ name }) => name === wanted) as Surface));
  });
  after(() => app.close());

  const shown = (surface: 0 | 1, method: string, path: string, answer: Awaited<ReturnType<App['ask']>>) => {
    const json = answer.json() as Json;
    shapes[surface]?.({ method, path, status: answer.status, json });
    return { status: answer.status, json };
  };
  const platform = async (method: string, path: string, body?: object, headers: Readonly<Record<string, string>> = {}) =>
    shown(1, method, `/platform/v1${path}`, await app.ask(method, `/platform/v1${path}`, { token: app.operatorToken, headers, ...(body !== undefined && { body }) }));
  const call = async ({ key }: Pick<Account, 'key'>, method: string, path: string, body?: object) =>
    shown(0, method, `${API}${path}`, await app.ask(method, `${API}${path}`, { headers: { 'x-api-key': key }, ...(body !== undefined && { body }) }));

  const account = async (): Promise<Account> => {
    accounts += 1;
    const { id, slug } = await createTenant(app, `offline-${accounts}`);
    const { json } = await platform('POST', `/tenants/${slug}/credentials`, { surface: 'quantum-lock', name: 'test' });
    return { id, slug, key: String(json['secret']) };
  };
  const sell = async (to: Account, more: object = {}): Promise<string> =>
    String((await call(to, 'POST', '/licenses/generate', { end_customer_id: CUSTOMER, features: ['premium'], valid_days: 30, ...more })).json['license_key']);
  const offline = async (of: Account, licenceKey: string, query = ''): Promise<Json> => {
    const { status, json } = await call(of, 'GET', `/licenses/${licenceKey}/offline${query}`);
    expect(status, JSON.stringify(json)).to.equal(200);
    return json;
  };
  const bundle = async (of: Account, query = ''): Promise<Json> => (await call(of, 'GET', `/revocations/bundle${query}`)).json;
  const revoke = (of: Account, licenceKey: string) => call(of, 'POST', `/licenses/${licenceKey}/revoke`, {});
  const published = async (): Promise<JsonWebKeySet> => (await app.ask('GET', '/.well-known/chancery-keys.json')).json() as JsonWebKeySet;
  const ownKeys = async ({ slug }: Account): Promise<Json> => (await platform('GET', `/tenants/${slug}/licence-signing-keys`)).json;
  const verifierFor = (audience: string, keys: JsonWebKeySet, more: object = {}) => createLicenseVerifier({ keys, audience, clock: () => now, ...more });

  for (const algorithm of ALGORITHMS) {
    it(`${algorithm}: a licence that was sold is accepted offline, and refused after its revocation is synced`, async () => {
      const mine = await account();
      const licenceKey = await sell(mine);
      const answer = await offline(mine, licenceKey.toLowerCase(), `?algorithm=${algorithm}&grace_days=7`);
      expect(answer).to.deep.include({ algorithm, issued_at: '2026-03-09T15:00:00', valid_until: '2026-04-08T15:00:00', grace_until: '2026-04-15T15:00:00' });
      for (const keys of [await published(), (await ownKeys(mine)) as unknown as JsonWebKeySet]) {
        const verifier = verifierFor(mine.id, keys, { issuer: app.url });
        const asked = { endCustomerId: CUSTOMER, licenseKey: licenceKey, feature: 'premium' };
        expect(await verifier.verify(answer['license'], asked)).to.deep.include({ valid: true, reason: 'valid', features: ['premium'], licenseKey: licenceKey, position: answer['position'] });
        expect((await verifier.verify(answer['license'], { endCustomerId: 'other@acmecorp.example' })).reason).to.equal('customer_mismatch');
      }
      const verifier = verifierFor(mine.id, await published());
      const first = await bundle(mine, `?algorithm=${algorithm}`);
      expect(first).to.deep.include({ from: '0', more: false, count: 0, algorithm, timestamp: '2026-03-09T15:00:00' });
      expect(await verifier.sync(first['bundle'])).to.deep.include({ ok: true, position: first['to'] });
      expect((await verifier.verify(answer['license'])).reason).to.equal('valid');
      await revoke(mine, licenceKey);
      const second = await bundle(mine, `?algorithm=${algorithm}&since=${first['to']}`);
      expect(second).to.deep.include({ from: first['to'], count: 1 });
      expect((await verifier.sync(second['bundle'])).reason).to.equal('applied');
      expect((await verifier.verify(answer['license'])).reason).to.equal('revoked');
    });
  }

  it('is the same in Chromium', async function chromium() {
    requireTool(this, CHROMIUM, `Debian package ${CHROMIUM}`);
    const mine = await account();
    const licenceKey = await sell(mine);
    const answers = [await offline(mine, licenceKey), await offline(mine, licenceKey, '?algorithm=Ed25519')];
    const first = await bundle(mine);
    await revoke(mine, licenceKey);
    const second = await bundle(mine, `?since=${first['to']}`);
    const verifications = answers.map(({ license }) => ({ do: 'verify', at: now, license: String(license), asked: { endCustomerId: CUSTOMER } }) as const);
    const { reasons, asked } = await runInChromium({
      keys: await published(),
      audience: mine.id,
      steps: [...verifications, { do: 'sync', bundle: String(first['bundle']) }, ...verifications, { do: 'sync', bundle: String(second['bundle']) }, ...verifications],
    });
    expect(reasons).to.deep.equal(['valid', 'valid', 'applied', 'valid', 'valid', 'applied', 'revoked', 'revoked']);
    expect(asked).to.deep.equal([]);
  });

  it('outlives rotations of the keys, and a restart', async () => {
    const mine = await account();
    const licenceKey = await sell(mine);
    const before = await offline(mine, licenceKey);
    const keysBefore = await published();
    const header = { 'idempotency-key': '"rotate-once"' };
    const rotated = await platform('POST', `/tenants/${mine.slug}/licence-signing-keys/rotate`, {}, header);
    expect((await platform('POST', `/tenants/${mine.slug}/licence-signing-keys/rotate`, {}, header)).json).to.deep.equal(rotated.json);
    expect(rotated.json['audience']).to.equal(mine.id);
    expect(rotated.json['keys']).to.have.length(3);
    const after = await offline(mine, licenceKey);
    expect(after['kid']).to.equal(rotated.json['signing']['ML-DSA-65']).and.not.equal(before['kid']);
    await platform('POST', `/tenants/${mine.slug}/licence-signing-keys/rotate`, { algorithm: 'ML-DSA-65' });
    await app.restart();
    const verifier = verifierFor(mine.id, await published());
    for (const { license } of [before, after, await offline(mine, licenceKey)]) expect((await verifier.verify(license)).reason).to.equal('valid');
    expect((await verifierFor(mine.id, keysBefore).verify(after['license'])).reason, 'a program with the old keys').to.equal('unknown_key');
    expect(Object.keys(await ownKeys(mine))).to.have.members(['audience', 'signing', 'keys']);
  });

  it('leaves accounts apart: nobody\'s licence, list or key is good for another', async () => {
    const [mine, other] = [await account(), await account()];
    const [own, theirs] = [await offline(mine, await sell(mine)), await offline(other, await sell(other))];
    const keys = await published();
    expect((await verifierFor(mine.id, keys).verify(own['license'])).reason).to.equal('valid');
    expect((await verifierFor(mine.id, keys).verify(theirs['license'])).reason).to.equal('wrong_audience');
    expect((await verifierFor(mine.id, keys).sync((await bundle(other))['bundle'])).reason).to.equal('wrong_audience');
    expect((await verifierFor(mine.id, (await ownKeys(mine)) as unknown as JsonWebKeySet).verify(theirs['license'])).reason).to.equal('unknown_key');
    expect((await call(mine, 'GET', `/licenses/${String((await call(other, 'GET', '/licenses')).json['licenses'][0].license_key)}/offline`)).json).to.deep.equal({ detail: 'License not found' });
    expect(JSON.stringify(keys)).to.not.include(mine.id).and.not.include(mine.slug);
  });

  it('cannot be forged with a KMS key, which signs whatever its service likes', async () => {
    const mine = await account();
    const { license } = await offline(mine, await sell(mine), '?algorithm=Ed25519');
    const { json: service } = await platform('POST', `/tenants/${mine.slug}/credentials`, { surface: 'quantum-lock', kind: 'service', name: 'forger' });
    await platform('POST', `/tenants/${mine.slug}/kms-keys`, { key_id: 'forger', algorithm: 'ED25519' });
    const jwk = (await platform('GET', `/tenants/${mine.slug}/kms-keys/forger/public`)).json['keys'][0] as Json;
    const signed = `${Buffer.from(JSON.stringify({ alg: 'Ed25519', kid: jwk['kid'], typ: 'qlk+jwt' })).toString('base64url')}.${String(license).split('.')[1]}`;
    const { signature } = (await app.ask('POST', `${API}/kms/sign`, { token: String(service['secret']), body: { data: Buffer.from(signed).toString('base64'), key_id: 'forger', algorithm: 'ED25519' } })).json() as { signature: string };
    const forged = `${signed}.${Buffer.from(signature, 'base64').toString('base64url')}`;
    const keys = await published();
    expect(keys.keys.some(({ kid }) => kid === jwk['kid']), 'the forger\'s key is published').to.equal(true);
    expect((await verifierFor(mine.id, keys).verify(forged)).reason).to.equal('unknown_key');
  });

  it('is refused for licences that are revoked or expired', async () => {
    const mine = await account();
    const [revoked, expired] = [await sell(mine), await sell(mine, { valid_days: 1 })];
    await revoke(mine, revoked);
    expect(await call(mine, 'GET', `/licenses/${revoked}/offline`)).to.deep.equal({ status: 400, json: { detail: 'License revoked' } });
    now += DAY_MS;
    expect(await call(mine, 'GET', `/licenses/${expired}/offline`)).to.deep.equal({ status: 400, json: { detail: 'License expired' } });
    expect(await call(mine, 'GET', '/licenses/QCOS-1/offline')).to.deep.equal({ status: 404, json: { detail: 'License not found' } });
  });

  it('names what is wrong with a request', async () => {
    const mine = await account();
    const licenceKey = await sell(mine);
    const wrong: readonly (readonly [string, string])[] = [
      [`/licenses/${licenceKey}/offline?algorithm=RS256`, 'algorithm'], [`/licenses/${licenceKey}/offline?algorithm=ML-DSA-87`, 'algorithm'],
      [`/licenses/${licenceKey}/offline?grace_days=91`, 'grace_days'], [`/licenses/${licenceKey}/offline?grace_days=-1`, 'grace_days'],
      [`/licenses/${licenceKey}/offline?grace_days=1.5`, 'grace_days'], [`/licenses/${licenceKey}/offline?grace_day=1`, 'grace_day'],
      ['/revocations/bundle?since=', 'since'], ['/revocations/bundle?since=yesterday', 'since'], ['/revocations/bundle?since=1', 'since'], ['/revocations/bundle?since=-1', 'since'],
      ['/revocations/bundle?since=99999999999999999999', 'since'], ['/revocations/bundle?since=00000000000000000000000', 'since'], ['/revocations/bundle?since=0&since=0', 'since'],
      ['/revocations/bundle?algorithm=none', 'algorithm'], ['/revocations/bundle?until=0', 'until'],
    ];
    for (const [path, field] of wrong) {
      const { status, json } = await call(mine, 'GET', path);
      expect(status, path).to.equal(400);
      expect(json['detail'], path).to.match(new RegExp(`\\b${field} `, 'u'));
    }
    for (const since of ['0', '2026-01-01', '2026-01-01T00:00:00', '2026-01-01T00:00:00Z', '2026-01-01T00:00:00%2B02:00', '2030-01-01T00:00:00Z']) {
      expect((await call(mine, 'GET', `/revocations/bundle?since=${since}`)).status, since).to.equal(200);
    }
    expect((await platform('POST', `/tenants/${mine.slug}/licence-signing-keys/rotate`, { algorithm: 'ML-DSA-87' })).status).to.equal(400);
  });
});

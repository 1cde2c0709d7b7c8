/** The KMS over the whole program: the document's calls, whose keys are whose, and what is refused. */
import { createPublicKey, hash, randomBytes, verify, type webcrypto } from 'node:crypto';
import { expect } from 'chai';
import { resolve } from '../../../api/composition/provide.ts';
import { servedSurfaces } from '../../../api/composition/surfaces.ts';
import { storage } from '../../../api/composition/tokens.ts';
import type { Surface } from '../../../api/kernel/surface.ts';
import { kmsOperationsStream } from '../../../application/keys/kms.ts';
import type { TenantId } from '../../../domain/kernel/ids.ts';
import type { KmsOperationEvent } from '../../../domain/keys/kms-operation.events.ts';
import { systemClock } from '../../../infrastructure/runtime/clock.ts';
import { createTenant, startApp, type App } from '../../support/app.ts';
import { collect } from '../../support/collect.ts';
import { API, base64, createKmsHelper, type KmsHelper, type Service } from '../../support/kms.ts';
import { createAnswerShapes } from '../qwick-cert/answer-shapes.ts';

const DATA = 'what is signed';
const ALGORITHMS = ['ML-DSA-65', 'ML-DSA-87', 'ED25519'] as const;
const LENGTHS = { 'ML-DSA-65': 3309, 'ML-DSA-87': 4627, ED25519: 64 } as const;
const SEED = Buffer.from('9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60', 'hex');
/** RFC 8032, 7.1, test 1. */
const PUBLIC = Buffer.from('d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a', 'hex');

type JsonWebKey = webcrypto.JsonWebKey;
type Jwks = Readonly<{ keys: readonly (JsonWebKey & Readonly<{ kid: string; purpose: string }>)[] }>;

const isValidOutside = (jwk: JsonWebKey, signature: string): boolean => verify(null, Buffer.from(DATA), createPublicKey({ key: jwk, format: 'jwk' }), Buffer.from(signature, 'base64'));
const detailOf = async (asking: ReturnType<KmsHelper['ask']>) => {
  const answer = await asking;
  return [answer.status, (answer.json() as { detail: string }).detail] as const;
};

/** Status and body of a POST by the operator, and of its repetition under the same key. */
const twice = async (app: App, path: string, body: object) => {
  const headers = { 'idempotency-key': `"${path}"` };
  const answers = [await app.ask('POST', path, { token: app.operatorToken, body, headers }), await app.ask('POST', path, { token: app.operatorToken, body, headers })];
  return answers.map(({ status, text }) => `${status} ${text}`);
};

describe('quantum-lock: the KMS', function suite() {
  this.timeout(30_000);
  let app: App;
  let kms: KmsHelper;
  let anybody: Service;
  let checkShape: ReturnType<typeof createAnswerShapes>;
  before(async () => {
    app = await startApp();
    kms = createKmsHelper(app);
    anybody = await kms.service(await kms.tenant());
    checkShape = createAnswerShapes(servedSurfaces(app.program.container).find(({ name }) => name === 'quantum-lock') as Surface);
  });
  after(() => app.close());

  const publicKeys = async (path: string): Promise<Jwks['keys']> => ((await app.ask('GET', path, { token: app.operatorToken })).json() as Jwks).keys;
  for (const algorithm of ALGORITHMS) {
    it(`signs and verifies with ${algorithm} under the default key, as the document shows it`, async () => {
      const service = await kms.service(await kms.tenant());
      const answer = await kms.ask('sign', service, { data: base64(DATA), ...(algorithm !== 'ML-DSA-65' && { algorithm }) });
      const signed = answer.json() as Record<string, string>;
      checkShape({ method: 'POST', path: `${API}/sign`, status: answer.status, json: signed });
      expect(Object.keys(signed)).to.have.members(['signature', 'key_id', 'algorithm', 'signed_at', 'data_hash']);
      expect(signed).to.deep.include({ key_id: 'default', algorithm, data_hash: hash('sha3-256', DATA, 'hex') });
      expect(signed['signed_at']).to.match(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/u);
      expect(Buffer.from(signed['signature'] ?? '', 'base64')).to.have.length(LENGTHS[algorithm]);

      const judged = await kms.ask('verify', service, { data: base64(DATA), signature: signed['signature'], algorithm });
      checkShape({ method: 'POST', path: `${API}/verify`, status: judged.status, json: judged.json() });
      expect(judged.json()).to.have.all.keys('valid', 'key_id', 'algorithm', 'verified_at', 'data_hash');
      expect(judged.json()).to.deep.include({ valid: true, key_id: 'default', algorithm, data_hash: signed['data_hash'] });
      expect(await kms.verify(service, `${DATA}!`, signed['signature'], { algorithm })).to.equal(false);
    });
  }

  it('says false of every wrong signature, whatever its length and bytes, and of any before a default key is made', async () => {
    const service = await kms.service(await kms.tenant());
    expect(await kms.verify(service, DATA, base64(randomBytes(3309)))).to.equal(false);
    const { signature } = await kms.sign(service, DATA);
    for (const wrong of ['', base64(randomBytes(1)), base64(randomBytes(64)), base64(randomBytes(3309)), base64(randomBytes(4627)), base64(randomBytes(200_000)), `${signature.slice(0, -4)}AAAA`]) {
      expect(await kms.verify(service, DATA, wrong)).to.equal(false);
    }
    expect(await kms.verify(service, DATA, signature, { algorithm: 'ML-DSA-87' }), 'another algorithm').to.equal(false);
  });

  const bad: readonly (readonly [why: string, what: 'sign' | 'verify', body: unknown, names: string])[] = [
    ['no data', 'sign', {}, 'data'],
    ['data that is no text', 'sign', { data: 5 }, 'data'],
    ['data with a stranger in it', 'sign', { data: 'aGVs*G8=' }, 'data'],
    ['data without its padding', 'sign', { data: 'aGVsbG8' }, 'data'],
    ['data in the other alphabet', 'sign', { data: '-_-_' }, 'data'],
    ['data with a line break', 'sign', { data: 'aGVs\nbG8=' }, 'data'],
    ['data that is too long', 'sign', { data: base64(Buffer.alloc(262_145)) }, 'data'],
    ['an unknown algorithm', 'sign', { data: '', algorithm: 'RSA' }, 'algorithm'],
    ['an algorithm that is no text', 'sign', { data: '', algorithm: ['ML-DSA-65'] }, 'algorithm'],
    ['a key id that is no text', 'sign', { data: '', key_id: {} }, 'key_id'],
    ['an empty key id', 'sign', { data: '', key_id: '' }, 'key_id'],
    ['a key id that is too long', 'sign', { data: '', key_id: 'k'.repeat(201) }, 'key_id'],
    ['no signature', 'verify', { data: '' }, 'signature'],
    ['a signature that is null', 'verify', { data: '', signature: null }, 'signature'],
    ['a signature that is no Base64', 'verify', { data: '', signature: 'not base64!' }, 'signature'],
  ];
  for (const [why, what, body, names] of bad) {
    it(`refuses to ${what} ${why}, by name`, async () => {
      const [status, detail] = await detailOf(kms.ask(what, anybody, body));
      expect(status).to.equal(400);
      expect(detail).to.contain(names);
    });
  }

  it('signs as much as 256 KiB, and nothing', async () => {
    const service = await kms.service(await kms.tenant());
    for (const data of ['', 'x'.repeat(262_144)]) {
      const { signature } = await kms.sign(service, data, { algorithm: 'ED25519' });
      expect(await kms.verify(service, data, signature, { algorithm: 'ED25519' })).to.equal(true);
    }
  });

  it('knows no other key id, and no key of another algorithm, service or tenant', async () => {
    const [home, elsewhere] = [await kms.tenant(), await kms.tenant()];
    await kms.key(home, { key_id: 'releases', algorithm: 'ED25519' });
    const service = await kms.service(home);
    const bound = await kms.service(home, 'bound', { key_ids: ['reports'] });
    const foreign = await kms.service(elsewhere);
    const use = { data: '', key_id: 'releases', algorithm: 'ED25519' };
    expect((await kms.ask('sign', service, use)).status).to.equal(200);
    const notFound: readonly (readonly [Parameters<KmsHelper['ask']>[1], object])[] = [
      [service, { ...use, key_id: 'never' }], [service, { ...use, algorithm: 'ML-DSA-65' }], [service, { ...use, key_id: 'default@billing' }], [service, { ...use, key_id: 'no such:key\u0000' }],
      [bound, use], [bound, { data: '' }], [foreign, use],
    ];
    for (const [who, body] of notFound) {
      expect(await detailOf(kms.ask('sign', who, body)), JSON.stringify(body)).to.deep.equal([404, 'Key not found']);
      expect(await detailOf(kms.ask('verify', who, { ...body, signature: '' })), JSON.stringify(body)).to.deep.equal([404, 'Key not found']);
    }
  });

  it('gives each service a default key of its own, which stays when its token is replaced', async () => {
    const slug = await kms.tenant();
    const first = await kms.service(slug, 'first');
    const second = await kms.service(slug, 'second');
    const { signature } = await kms.sign(first, DATA);
    expect(await kms.verify(first, DATA, signature)).to.equal(true);
    await kms.sign(second, DATA);
    expect(await kms.verify(second, DATA, signature)).to.equal(false);
    const replaced = await kms.service(slug, 'first');
    await kms.platform('DELETE', `/tenants/${slug}/credentials/${first.id}`);
    expect(await kms.verify(replaced, DATA, signature)).to.equal(true);
  });

  it('signs with the default key of the tenant once there is one; what services signed before still verifies', async () => {
    const slug = await kms.tenant();
    const [first, second] = [await kms.service(slug, 'first'), await kms.service(slug, 'second')];
    const before = await kms.sign(first, DATA);
    await kms.key(slug, { key_id: 'default', algorithm: 'ML-DSA-65' });
    const after = await kms.sign(first, DATA);
    expect(await kms.verify(second, DATA, after['signature'])).to.equal(true);
    expect(await kms.verify(first, DATA, before['signature'])).to.equal(true);
    expect(await kms.verify(second, DATA, before['signature'])).to.equal(false);
  });

  it('verifies under every version that is not retired, and signs with the newest', async () => {
    const slug = await kms.tenant();
    const service = await kms.service(slug);
    await kms.key(slug, { key_id: 'releases', algorithm: 'ED25519' });
    const use = { key_id: 'releases', algorithm: 'ED25519' };
    const old = await kms.sign(service, DATA, use);
    const rotated = await kms.rotate(slug, 'releases');
    expect(rotated['versions'].map(({ version, status }: { version: number; status: string }) => [version, status])).to.deep.equal([[2, 'signing'], [1, 'verifying']]);
    const young = await kms.sign(service, DATA, use);
    expect([await kms.verify(service, DATA, old['signature'], use), await kms.verify(service, DATA, young['signature'], use)]).to.deep.equal([true, true]);
    expect((await kms.platform('POST', `/tenants/${slug}/kms-keys/releases/versions/2/retire`)).status).to.equal(409);
    await kms.retire(slug, 'releases', 1);
    expect([await kms.verify(service, DATA, old['signature'], use), await kms.verify(service, DATA, young['signature'], use)]).to.deep.equal([false, true]);
  });

  for (const algorithm of ALGORITHMS) {
    it(`can be checked from outside: the published ${algorithm} keys verify, by kid and without a tenant`, async () => {
      const slug = await kms.tenant();
      const service = await kms.service(slug);
      const { signature } = await kms.sign(service, DATA, { algorithm });
      const [own] = await publicKeys(`/platform/v1/tenants/${slug}/kms-keys/default/public?algorithm=${algorithm}`);
      expect(isValidOutside(own as JsonWebKey, signature)).to.equal(true);
      const published = (await publicKeys('/.well-known/chancery-keys.json')).find(({ kid }) => kid === own?.kid);
      expect(published).to.deep.equal(own);
      expect(Object.keys(published ?? {})).to.have.members(algorithm === 'ED25519' ? ['kty', 'crv', 'alg', 'x', 'kid', 'use', 'purpose'] : ['kty', 'alg', 'pub', 'kid', 'use', 'purpose']);
    });
  }

  it('imports a seed, and a public key that verifies and signs nothing', async () => {
    const slug = await kms.tenant();
    const service = await kms.service(slug);
    const imported = await kms.key(slug, { key_id: 'seeded', algorithm: 'ED25519', seed: SEED.toString('base64url') });
    expect(imported).to.deep.include({ key_id: 'seeded', algorithm: 'ED25519', service: null, can_sign: true });
    const { signature } = await kms.sign(service, '', { key_id: 'seeded', algorithm: 'ED25519' });
    // RFC 8032, 7.1, test 1.
    expect(Buffer.from(signature, 'base64').toString('hex')).to.equal('e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b');
    const foreign = await kms.key(slug, { key_id: 'foreign', algorithm: 'ED25519', public_key: PUBLIC.toString('base64') });
    expect(foreign['can_sign']).to.equal(false);
    expect(foreign['versions'][0].kid).to.equal(imported['versions'][0].kid);
    expect(await kms.verify(service, '', signature, { key_id: 'foreign', algorithm: 'ED25519' })).to.equal(true);
    expect(await detailOf(kms.ask('sign', service, { data: '', key_id: 'foreign', algorithm: 'ED25519' }))).to.deep.equal([400, 'Key cannot sign: only its public key is known here']);
    expect((await kms.platform('POST', `/tenants/${slug}/kms-keys/foreign/rotate`)).status).to.equal(409);
  });

  it('refuses keys that it cannot import, by name', async () => {
    const slug = await kms.tenant();
    const wrong: readonly (readonly [string, object])[] = [
      ['seed', { algorithm: 'ML-DSA-65', seed: base64(randomBytes(31)) }], ['seed', { algorithm: 'ED25519', seed: base64(randomBytes(64)) }], ['seed', { algorithm: 'ED25519', seed: '*' }],
      ['public_key', { algorithm: 'ML-DSA-65', public_key: base64(randomBytes(1951)) }], ['public_key', { algorithm: 'ED25519', public_key: base64(randomBytes(1952)) }],
      ['public_key', { algorithm: 'ED25519', public_key: '' }], ['public_key', { algorithm: 'ED25519', public_key: base64(PUBLIC), seed: base64(SEED) }],
      ['algorithm', {}], ['algorithm', { algorithm: 'RSA' }], ['key_id', { algorithm: 'ED25519', key_id: 'a:b' }], ['key_id', { algorithm: 'ED25519', key_id: '' }],
    ];
    for (const [field, body] of wrong) {
      const answer = await kms.platform('POST', `/tenants/${slug}/kms-keys`, { key_id: 'wrong', ...body });
      expect(answer.status, field).to.equal(400);
      expect(Object.keys((answer.json() as { fields: object }).fields), answer.text).to.deep.equal([field]);
    }
    await kms.key(slug, { key_id: 'once', algorithm: 'ED25519' });
    expect((await kms.platform('POST', `/tenants/${slug}/kms-keys`, { key_id: 'once', algorithm: 'ED25519' })).status).to.equal(409);
  });

  it('asks which key is meant where there are several', async () => {
    const slug = await kms.tenant();
    const rotated = async (body: object) => {
      const answer = await kms.platform('POST', `/tenants/${slug}/kms-keys/default/rotate`, body);
      return [answer.status, (answer.json() as { fields?: object }).fields && Object.keys((answer.json() as { fields: object }).fields)[0]];
    };
    expect(await rotated({})).to.deep.equal([404, undefined]);
    await kms.sign(await kms.service(slug, 'first'), DATA);
    expect(await rotated({})).to.deep.equal([200, undefined]);
    await kms.sign(await kms.service(slug, 'second'), DATA);
    expect(await rotated({})).to.deep.equal([400, 'service']);
    expect(await rotated({ service: 'second' })).to.deep.equal([200, undefined]);
    await kms.key(slug, { key_id: 'default', algorithm: 'ML-DSA-65' });
    await kms.key(slug, { key_id: 'default', algorithm: 'ED25519' });
    expect(await rotated({})).to.deep.equal([400, 'algorithm']);
    expect(await rotated({ algorithm: 'ED25519' })).to.deep.equal([200, undefined]);
  });

  it('lists keys by page, newest first', async () => {
    const slug = await kms.tenant();
    for (const keyId of ['a', 'b', 'c']) await kms.key(slug, { key_id: keyId, algorithm: 'ED25519' });
    const page = async (query: string) => (await kms.platform('GET', `/tenants/${slug}/kms-keys?limit=2${query}`)).json() as { items: readonly { key_id: string }[]; next_cursor: string | null };
    const first = await page('');
    const second = await page(`&cursor=${first.next_cursor}`);
    expect([...first.items, ...second.items].map(({ key_id: keyId }) => keyId)).to.have.members(['a', 'b', 'c']);
    expect([first.items.length, second.next_cursor]).to.deep.equal([2, null]);
  });

  it('keeps a tenant from filling what is published: at most 256 versions that verify', async () => {
    const slug = await kms.tenant();
    const rotate = async (keyId: string) => (await kms.platform('POST', `/tenants/${slug}/kms-keys/${keyId}/rotate`, {})).status;
    const fill = async (keyId: string): Promise<void> => {
      await kms.key(slug, { key_id: keyId, algorithm: 'ED25519' });
      for (let version = 2; version <= 32; version += 1) expect(await rotate(keyId)).to.equal(200);
    };
    await Promise.all(['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'].map(fill));
    const refused = await kms.platform('POST', `/tenants/${slug}/kms-keys`, { key_id: 'one-more', algorithm: 'ED25519' });
    expect([refused.status, refused.json()]).to.deep.include(409).and.to.have.nested.property('[1].code', 'keys.too_many_keys');
    expect((await kms.platform('POST', `/tenants/${slug}/kms-keys/a/versions/1/retire`, {})).status).to.equal(200);
    expect(await rotate('a')).to.equal(200);
  });

  it('makes and rotates a key once under one Idempotency-Key', async () => {
    const slug = await kms.tenant();
    const [made, again] = await twice(app, `/platform/v1/tenants/${slug}/kms-keys`, { key_id: 'once', algorithm: 'ED25519' });
    expect(made).to.equal(again);
    expect(made).to.match(/^201 /u);
    const [rotated, repeated] = await twice(app, `/platform/v1/tenants/${slug}/kms-keys/once/rotate`, {});
    expect(rotated).to.equal(repeated);
    expect(rotated).to.contain('"version":2').and.not.to.contain('"version":3');
  });

  it('records each operation before it answers: by hashes, with neither data nor signature', async () => {
    const tenant = await createTenant(app, 'kms-recorded');
    const service = await kms.service(tenant.slug);
    const { signature, data_hash: dataHash } = await kms.sign(service, DATA, { algorithm: 'ED25519' });
    await kms.verify(service, DATA, base64(randomBytes(64)), { algorithm: 'ED25519' });
    // It may have been before midnight.
    const days = [-86_400_000, 0].map((since) => kmsOperationsStream(tenant.id as TenantId, new Date(systemClock.now() + since).toISOString()));
    const store = resolve(app.program.container, storage.store);
    const events = (await Promise.all(days.map((day) => collect(store.read<KmsOperationEvent>(day))))).flat();
    expect(events.map(({ type }) => type)).to.deep.equal(['KmsDataSigned', 'KmsSignatureVerified']);
    expect(events[0]?.data).to.deep.include({ keyId: 'default', algorithm: 'Ed25519', service: 'billing', credentialId: service.id, dataHash, signatureHash: hash('sha3-256', Buffer.from(signature, 'base64'), 'hex') });
    expect(events[1]?.data).to.deep.include({ valid: false, kid: null });
    expect(JSON.stringify(events)).not.to.contain(signature.slice(0, 40)).and.not.to.contain(base64(DATA));
  });
});

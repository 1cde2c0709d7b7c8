/** Recall and revocation over the whole program, with real signatures and the real revocation list. */
import { expect } from 'chai';
import { createHash, X509Certificate } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { resolve } from '../../../api/composition/provide.ts';
import { signing, storage } from '../../../api/composition/tokens.ts';
import { operationStream } from '../../../application/signing/operations.ts';
import type { TenantId } from '../../../domain/kernel/ids.ts';
import { createCredential, createTenant, signIn, startApp, type Answer, type App, type Tenant } from '../../support/app.ts';
import { systemClock } from '../../../infrastructure/runtime/clock.ts';
import { requireTool } from '../../support/pending.ts';
import { randomIds } from '../../support/random-ids.ts';
import { runTool } from '../../support/run-tool.ts';
import { requested } from '../../support/signing.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

// oxlint-disable-next-line typescript/no-explicit-any -- answers are looked into by name
type Json = Record<string, any>;

const json = (answer: Answer): Json => answer.json() as Json;
const leafOf = (signed: Json): X509Certificate => new X509Certificate(Buffer.from(signed['certificate_chain'][0], 'base64'));

const ids = (answer: Answer): readonly string[] => (json(answer)['items'] as Json[]).map((item) => item['operation_id'] as string);

/** The revocation list as anybody gets it, in the words of openssl. */
const publishedList = async (url: string): Promise<string> => {
  const directory = temporaryDirectory();
  try {
    const reply = await fetch(new URL('/qwick-cert/pki/issuing.crl', url));
    const file = join(directory.path, 'issuing.crl');
    writeFileSync(file, Buffer.from(await reply.arrayBuffer()));
    return (await runTool('openssl', 'crl', '-inform', 'DER', '-in', file, '-noout', '-text')).said;
  } finally {
    directory.remove();
  }
};

describe('recall and revocation', function suite() {
  this.timeout(60_000);
  let app: App;
  let acme: Tenant;
  let other: Tenant;
  let owner: string;
  let key: Readonly<{ id: string; secret: string }>;
  let made = 0;

  before(async () => {
    app = await startApp();
    [acme, other] = await Promise.all([createTenant(app, 'acme'), createTenant(app, 'other')]);
    owner = await signIn(app, acme, acme.ownerEmail);
    key = await createCredential(app, acme);
  });
  after(async () => app.close());

  const sign = async (token: string, of: Tenant = acme, more: object = {}): Promise<Json> => {
    made += 1;
    const digest = createHash('sha256').update(String(made)).digest('base64');
    const body = { digest, algorithm: 'sha256', file_name: `a${made}.exe`, file_size: 1, organization_slug: of.slug, ...more };
    const answer = await app.ask('POST', '/qwick-cert/api/v1/sign-digest', { token, body });
    expect(answer.status, answer.text).to.equal(200);
    return json(answer)['data'];
  };
  const recall = async (query: string, token = app.operatorToken, slug = 'acme'): Promise<Answer> =>
    app.ask('GET', `/platform/v1/tenants/${slug}/recall?${query}`, { token });
  const revoke = async (serial: string, body: object, token = app.operatorToken, slug = 'acme'): Promise<Answer> =>
    app.ask('POST', `/platform/v1/tenants/${slug}/signing-certificates/${serial}/revoke`, { token, body });

  describe('recall', () => {
    let byKey: Json;
    let byOwner: Json;

    before(async () => {
      byKey = await sign(key.secret);
      byOwner = await sign(owner, acme, { await_result: true });
      await sign((await createCredential(app, other)).secret, other);
    });

    it('finds by certificate, however its serial number or fingerprint is written', async () => {
      const leaf = leafOf(byKey);
      const sha256 = createHash('sha256').update(leaf.raw).digest('hex');
      const all = [byKey['operation_id'], byOwner['operation_id']];
      for (const certificate of [leaf.serialNumber, leaf.serialNumber.toLowerCase(), leaf.serialNumber.match(/../gu)?.join(':') ?? '', `00${leaf.serialNumber}`, `0:${leaf.serialNumber}`, sha256, leaf.fingerprint256]) {
        const answer = await recall(`certificate=${certificate}`);
        expect(ids(answer), certificate).to.deep.equal(all);
        expect(json(answer)).to.include({ count: 2, next_cursor: null, limit: 50 });
        expect(json(answer)['items'][0]).to.deep.include({ certificate: { serial: leaf.serialNumber.toLowerCase(), sha256 } });
      }
    });

    it('finds by credential and by person', async () => {
      expect(ids(await recall(`api_key=${key.id}`))).to.deep.equal([byKey['operation_id']]);
      expect(ids(await recall(`actor=${acme.ownerId.toUpperCase()}`))).to.deep.equal([byKey['operation_id'], byOwner['operation_id']]);
      expect(ids(await recall(`actor=${other.ownerId}`))).to.deep.equal([]);
    });

    it('shows what is needed to recognise file and signature', async () => {
      const [item] = json(await recall(`api_key=${key.id}`))['items'] as Json[];
      expect(Object.keys(item ?? {})).to.deep.equal([
        'operation_id', 'status', 'actor_user_id', 'actor_email', 'api_key', 'source', 'file_name', 'file_size', 'file_hash', 'batch_id',
        'certificate', 'pkcs7_sha256', 'signed_at', 'created_at',
      ]);
      expect(item).to.include({
        status: 'completed', actor_user_id: acme.ownerId, actor_email: acme.ownerEmail, api_key: key.id, source: 'api', file_name: 'a1.exe',
        file_hash: createHash('sha256').update('1').digest('base64'), batch_id: null,
        pkcs7_sha256: createHash('sha256').update(Buffer.from(byKey['signature'], 'base64')).digest('hex'), signed_at: byKey['signed_at'],
      });
      expect(json(await recall(`actor=${acme.ownerId}`))['items'][1]).to.include({ status: 'signed', api_key: null });
    });

    it('names the end of the log as it was when it was asked', async () => {
      const before = await resolve(app.program.container, storage.log).head();
      const position = json(await recall(`api_key=${key.id}`))['to_position'] as string;
      expect(position >= (before ?? ''), `${position} ${before}`).to.equal(true);
      const { operation_id: id } = await sign(key.secret);
      const answer = await recall(`api_key=${key.id}`);
      expect(ids(answer).at(-1)).to.equal(id);
      expect((json(answer)['to_position'] as string) > position).to.equal(true);
    });

    it('lists an operation whose completion was never stored, its certificate unknown', async () => {
      const operationId = randomIds.next();
      const { data } = requested({ operationId, actorUserId: acme.ownerId, by: { kind: 'credential', id: key.id }, requestedAt: new Date().toISOString() });
      const cause = { actor: { kind: 'system', id: 'test' }, correlation: 'test' } as const;
      const stream = operationStream(acme.id as TenantId, operationId);
      await resolve(app.program.container, signing.operations).execute(stream, { type: 'RequestSigning', data }, cause);
      const found = (json(await recall(`api_key=${key.id}`))['items'] as Json[]).find((item) => item['operation_id'] === operationId);
      expect(found).to.deep.include({ status: 'pending', certificate: null, pkcs7_sha256: null, signed_at: null });
      expect(ids(await recall(`certificate=${leafOf(byKey).serialNumber}`))).to.not.include(operationId);
    });

    it('within a time range, its ends included', async () => {
      const { created_at: at } = json(await recall(`api_key=${key.id}`))['items'][0];
      const range = (from: string, to: string) => recall(`api_key=${key.id}&from=${encodeURIComponent(from)}&to=${encodeURIComponent(to)}`);
      expect(ids(await range(at, at))).to.deep.equal([byKey['operation_id']]);
      expect(ids(await range('2001-01-01', '2001-12-31'))).to.deep.equal([]);
      expect(ids(await range('2001-01-01', '2999-12-31')).length).to.be.greaterThan(2);
    });

    it('in pages that neither overlap nor leave anything out', async () => {
      const whole = json(await recall(`actor=${acme.ownerId}`));
      const found: string[] = [];
      for (let cursor: string | null = ''; cursor !== null; ) {
        const answer = await recall(`actor=${acme.ownerId}&limit=1${cursor === '' ? '' : `&cursor=${cursor}`}`);
        found.push(...ids(answer));
        expect(json(answer)['count']).to.equal(whole['count']);
        cursor = json(answer)['next_cursor'];
      }
      expect(found).to.deep.equal((whole['items'] as Json[]).map((item) => item['operation_id']));
      const { next_cursor: cursor } = json(await recall(`actor=${acme.ownerId}&limit=1`));
      expect((await recall(`api_key=${key.id}&limit=1&cursor=${cursor}`)).status, 'a cursor of another question').to.equal(400);
    });

    it('asks for exactly one of the three, well written', async () => {
      for (const query of ['', `api_key=${key.id}&actor=${acme.ownerId}`, 'certificate=xyz', 'api_key=7', `actor=${acme.ownerId}&from=yesterday`, `actor=${acme.ownerId}&from=2026-11-23&to=2026-11-22`, `actor=${acme.ownerId}&until=2026-01-01`]) {
        expect((await recall(query)).status, query).to.equal(400);
      }
    });

    it('is for owners, admins and the operator, each of their own', async () => {
      expect((await recall(`api_key=${key.id}`, owner)).status).to.equal(200);
      expect((await recall(`api_key=${key.id}`, await signIn(app, other, other.ownerEmail))).status).to.equal(404);
      expect((await recall(`certificate=${leafOf(byKey).serialNumber}`, app.operatorToken, 'other')).json()).to.deep.include({ items: [], count: 0 });
      expect((await recall(`api_key=${key.id}`, key.secret)).status).to.equal(401);
    });
  });

  describe('revocation', () => {
    it('is in the list at once, with its date and reason, and the next signature is made with another certificate', async function judged() {
      requireTool(this, 'openssl', 'Debian package openssl');
      const { serialNumber } = leafOf(await sign(key.secret));
      expect(await publishedList(app.url)).to.not.contain(serialNumber);
      const at = new Date(systemClock.now() - 60_000);
      const answer = await revoke(serialNumber, { reason: 'keyCompromise', at: at.toISOString() }, owner);
      expect([answer.status, answer.json()]).to.deep.equal([200, { serial: serialNumber.toLowerCase(), reason: 'keyCompromise', revoked_at: at.toISOString() }]);
      const text = await publishedList(app.url);
      expect(text).to.contain(`Serial Number: ${serialNumber}`).and.to.contain('Key Compromise');
      const revokedAt = Date.parse(/Revocation Date: (.*)/u.exec(text.slice(text.indexOf(serialNumber)))?.[1] ?? '');
      expect(revokedAt).to.equal(Math.floor(at.getTime() / 1_000) * 1_000);
      const next = leafOf(await sign(key.secret));
      expect(next.serialNumber).to.not.equal(serialNumber);
      expect(await publishedList(app.url)).to.not.contain(next.serialNumber);
      expect(json(await recall(`certificate=${serialNumber}`))['count'], 'what it signed is still found').to.be.greaterThan(0);
    });

    it('comes once, also when two come at once', async () => {
      const { serialNumber } = leafOf(await sign(key.secret));
      const both = await Promise.all([revoke(serialNumber, { reason: 'superseded' }), revoke(serialNumber, { reason: 'superseded' })]);
      expect(both.map(({ status }) => status).toSorted((one, two) => one - two)).to.deep.equal([200, 409]);
      const again = await revoke(serialNumber, { reason: 'superseded' });
      expect([again.status, json(again)['code']]).to.deep.equal([409, 'authorities.certificate_revoked']);
    });

    it('knows no certificate of another tenant, nor one that is none', async () => {
      const { serialNumber } = leafOf(await sign((await createCredential(app, other)).secret, other));
      for (const serial of [serialNumber, '0a0b0c']) {
        const answer = await revoke(serial, { reason: 'superseded' });
        expect([answer.status, json(answer)['code']]).to.deep.equal([404, 'authorities.certificate_unknown']);
      }
      expect((await revoke(serialNumber, { reason: 'superseded' }, owner, 'other')).status).to.equal(404);
      expect(leafOf(await sign((await createCredential(app, other)).secret, other)).serialNumber).to.equal(serialNumber);
    });

    it('says why and since when, in words and times that there are', async () => {
      const { serialNumber } = leafOf(await sign(key.secret));
      const hour = 3_600_000;
      for (const body of [
        {},
        { reason: 'certificateHold' },
        { reason: 'keyCompromise', at: 'yesterday' },
        { reason: 'keyCompromise', at: new Date(systemClock.now() + hour).toISOString() },
        { reason: 'keyCompromise', at: new Date(systemClock.now() - 24 * hour).toISOString() },
        { reason: 'keyCompromise', when: 'now' },
      ]) expect((await revoke(serialNumber, body)).status, JSON.stringify(body)).to.equal(400);
      expect((await revoke('xyz', { reason: 'keyCompromise' })).status, 'no serial number').to.equal(404);
      const known = await revoke(`00:${serialNumber.match(/../gu)?.join(':')}`, { reason: 'cessation_of_operation' });
      expect(json(known)).to.include({ serial: serialNumber.toLowerCase(), reason: 'cessationOfOperation' });
    });
  });
});

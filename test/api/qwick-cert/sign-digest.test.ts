import { expect } from 'chai';
import { Rejection } from '../../../domain/kernel/rejection.ts';
import type { SigningRequested } from '../../../domain/signing/operation.events.ts';
import type { FileKind } from '../../../domain/signing/file-kind.ts';
import { collect } from '../../support/collect.ts';
import { SIGNED, START, startProgram, type Organization, type Program } from './program.ts';

const PATH = '/qwick-cert/api/v1/sign-digest';
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/u;
const DIGEST = 'n4bQgYhMfWWaL+qgxVrQFaO/TxsrC4Is0V1sFbDwCgg=';

describe('POST /sign-digest', () => {
  let program: Program;
  let acme: Organization;
  let key: string;

  const body = (over: object = {}) => ({ digest: DIGEST, algorithm: 'sha256', file_name: 'MyApp.exe', file_size: 2_048_576, organization_slug: acme.slug, ...over });
  const sign = (over: object = {}, as = key) => program.ask('POST', PATH, { as, body: body(over) });
  const told = async (over: object, headers = {}) => (await program.ask('POST', PATH, { as: key, headers, body: body(over) })).headers.get('x-qwick-cli-update');
  const operations = async () => (await program.ask('GET', `/qwick-cert/api/v1/signing-operations?organization_slug=${acme.slug}`, { as: key })).json.data;

  before(async () => {
    program = await startProgram();
  });
  after(() => program.close());
  beforeEach(async () => {
    program.knobs.now = START;
    program.knobs.sign = async () => SIGNED;
    acme = await program.organization();
    key = (await program.key(acme)).secret;
  });

  it('answers as the document shows, field by field', async () => {
    const { status, headers, json, text } = await sign({ client_channel: 'cli', client_version: '1.2.0' });
    expect(status, text).to.equal(200);
    expect(headers.get('content-type')).to.equal('application/json; charset=utf-8');
    expect(Object.keys(json)).to.deep.equal(['data', 'request_id', 'api_version']);
    expect(Object.keys(json.data)).to.deep.equal(['operation_id', 'signature', 'certificate_chain', 'timestamp', 'signed_at']);
    expect(json.request_id).to.match(UUID).and.to.equal(headers.get('x-request-id'));
    expect(json.api_version).to.equal('v1');
    expect(json.data.operation_id).to.match(UUID);
    expect(json.data.signature).to.equal(Buffer.from(SIGNED.pkcs7).toString('base64'));
    expect(json.data.certificate_chain).to.deep.equal(['AQ==', 'Ag==', 'Aw==']);
    expect(json.data.timestamp).to.equal('2026-03-09T15:00:03Z');
    expect(json.data.signed_at).to.equal('2026-03-09T15:00:00.000Z');
  });

  it('signs what was sent, as the kind its name tells or the one asked for', async () => {
    const asked: [string, FileKind][] = [];
    program.knobs.sign = async (_tenant, digest, kind) => {
      asked.push([Buffer.from(digest).toString('base64'), kind]);
      return SIGNED;
    };
    for (const over of [{}, { file_name: 'a.MSI' }, { file_name: 'a.ps1' }, { file_name: 'a.cab' }, { file_name: 'tool' }, { file_name: 'a.js', file_kind: 'powershell' }]) {
      expect((await sign(over)).status).to.equal(200);
    }
    expect(asked.map(([, kind]) => kind)).to.deep.equal(['pe', 'msi', 'powershell', 'cab', 'pe', 'powershell']);
    expect(new Set(asked.map(([digest]) => digest))).to.deep.equal(new Set([DIGEST]));
  });

  it('is in the list before the next request, with the key\'s person as its actor', async () => {
    const { json } = await sign({ batch_id: '550E8400-E29B-41D4-A716-446655440000', reason: 'Release' });
    const { items, total } = await operations();
    expect(total).to.equal(1);
    expect(items[0]).to.include({
      id: json.data.operation_id, actor_user_id: acme.owner.userId, actor_email: acme.owner.email, status: 'completed', source: 'api',
      batch_id: '550e8400-e29b-41d4-a716-446655440000',
    });
  });

  it('takes a session of a signer and up', async () => {
    for (const role of ['owner', 'admin', 'signer'] as const) expect((await sign({}, await program.session(acme, role))).status).to.equal(200);
    expect((await operations()).items.map(({ source }: { source: string }) => source)).to.deep.equal(['cli', 'cli', 'cli']);
  });

  it('keeps the client\'s address readable to nobody without the person\'s key', async () => {
    const { json } = await sign();
    const stream = `signing.operation-${acme.id}-${json.data.operation_id}` as Parameters<Program['store']['read']>[0];
    const [requested] = await collect(program.store.read<SigningRequested>(stream));
    expect(JSON.stringify(requested)).to.not.contain('127.0.0.1');
    const address = requested?.data.address ?? expect.fail('nothing was recorded');
    expect(address.subject).to.equal(acme.owner.userId);
    expect(await program.tenancy.personalData.open(address, { tenant: acme.id, place: `${stream}#address` })).to.equal('127.0.0.1');
  });

  describe('refuses with QWICK_API_600, names the field and changes nothing', () => {
    const cases: readonly (readonly [string, object, string])[] = [
      ['no digest', { digest: undefined }, 'digest'],
      ['a digest of 20 bytes', { digest: Buffer.alloc(20).toString('base64') }, 'digest'],
      ['a digest of 33 bytes', { digest: Buffer.alloc(33).toString('base64') }, 'digest'],
      ['a digest in base64url', { digest: `${'_'.repeat(42)}A=` }, 'digest'],
      ['a digest with loose bits', { digest: `${'A'.repeat(42)}B=` }, 'digest'],
      ['a digest with a line end', { digest: `${DIGEST}\n` }, 'digest'],
      ['a digest that is a number', { digest: 7 }, 'digest'],
      ['no algorithm', { algorithm: undefined }, 'algorithm'],
      ['another algorithm', { algorithm: 'sha1' }, 'algorithm'],
      ['no file name', { file_name: undefined }, 'file_name'],
      ['an empty file name', { file_name: '' }, 'file_name'],
      ['a file name of 1,025 characters', { file_name: 'x'.repeat(1_025) }, 'file_name'],
      ['a file name with NUL', { file_name: 'a\0.exe' }, 'file_name'],
      ['no file size', { file_size: undefined }, 'file_size'],
      ['a negative file size', { file_size: -1 }, 'file_size'],
      ['half a byte', { file_size: 0.5 }, 'file_size'],
      ['a file size in quotes', { file_size: '1' }, 'file_size'],
      ['no organization', { organization_slug: undefined }, 'organization_slug'],
      ['a batch that is no UUID', { batch_id: 'batch-1' }, 'batch_id'],
      ['a reason of 2,001 characters', { reason: 'x'.repeat(2_001) }, 'reason'],
      ['an unknown channel', { client_channel: 'jenkins' }, 'client_channel'],
      ['the dashboard, by key', { client_channel: 'dashboard' }, 'client_channel'],
      ['a client version that is a number', { client_version: 1.2 }, 'client_version'],
      ['an unknown kind of file', { file_kind: 'elf' }, 'file_kind'],
      ...['appx', 'msix', 'AppxBundle', 'msixbundle', 'js', 'vbs', 'wsf'].map((extension) => [`a .${extension}`, { file_name: `a.${extension}` }, 'file_name'] as const),
    ];
    for (const [name, over, field] of cases) {
      it(name, async () => {
        const { status, json } = await sign(over);
        expect(status).to.equal(400);
        expect(json.error.code).to.equal('QWICK_API_600');
        expect(json.error.message).to.equal('Request validation failed');
        expect(Object.keys(json.error.details.fields)).to.deep.equal([field]);
        expect(json.error.details.fields[field]).to.be.a('string').and.not.equal('');
        expect((await operations()).total).to.equal(0);
      });
    }

    it('every wrong field at once', async () => {
      const { json } = await program.ask('POST', PATH, { as: key, body: {} });
      expect(Object.keys(json.error.details.fields)).to.have.members(['digest', 'algorithm', 'file_name', 'file_size', 'organization_slug']);
    });
  });

  it('looks at the body before the permission, and at the organization before the role', async () => {
    const viewer = await program.session(acme, 'viewer');
    expect((await sign({ file_name: 'a.appx' }, viewer)).json.error.code).to.equal('QWICK_API_600');
    expect((await sign({ organization_slug: 'elsewhere' }, viewer)).json.error.code).to.equal('QWICK_API_602');
    expect((await sign({}, viewer)).json.error).to.deep.include({ code: 'QWICK_AUTH_303', details: { required: 'signer' } });
  });

  it('does not let the query name another organization than the body', async () => {
    const other = await program.organization();
    const asked = await program.ask('POST', `${PATH}?organization_slug=${acme.slug}`, { as: key, body: body({ organization_slug: other.slug }) });
    expect(asked.status).to.equal(404);
  });

  describe('a backend without a signature', () => {
    const cases = [
      ['signing.backend_provisioning', 503, 'QWICK_SIGN_102', '3'],
      ['signing.backend_failed', 502, 'QWICK_SIGN_103', null],
      ['signing.backend_transient', 502, 'QWICK_SIGN_104', null],
    ] as const;
    for (const [code, status, qwick, retryAfter] of cases) {
      it(`${qwick} leaves a failed operation`, async () => {
        program.knobs.sign = () => Promise.reject(new Rejection(code, retryAfter === null ? {} : { retryAfter: 3 }));
        const answer = await sign();
        expect(answer.status).to.equal(status);
        expect(answer.json.error.code).to.equal(qwick);
        expect(answer.headers.get('retry-after')).to.equal(retryAfter);
        const { items } = await operations();
        expect(items).to.have.length(1);
        expect(items[0]).to.include({ status: 'failed', signed_at: null });
      });
    }

    it('an unforeseen error shows nothing of itself', async () => {
      program.knobs.sign = () => Promise.reject(new Error('/etc/secret SQLITE_CORRUPT'));
      const { status, json, text } = await sign();
      expect(status).to.equal(500);
      expect(json.error).to.deep.equal({ code: 'QWICK_INFRA_000', message: 'Internal server error', details: {}, docs: 'https://docs.qwickcert.com/errors/QWICK_INFRA_000' });
      expect(text).to.not.match(/secret|SQLITE|\bat\b/u);
    });
  });

  it('does not answer when the completion cannot be recorded', async () => {
    const { append } = program.knobs;
    program.knobs.append = async (stream, expected, events, how) => {
      if (events.some(({ type }) => type === 'SigningCompleted')) throw new Rejection('storage.unavailable', { retryAfter: 5 });
      return append(stream, expected, events, how);
    };
    try {
      const { status, headers, json, text } = await sign();
      expect([status, json.error.code, headers.get('retry-after')]).to.deep.equal([503, 'QWICK_INFRA_000', '5']);
      expect(json.error.details).to.deep.equal({ retry_after: 5 });
      expect(text).to.not.contain(Buffer.from(SIGNED.pkcs7).toString('base64'));
    } finally {
      program.knobs.append = append;
    }
    expect((await operations()).items[0]).to.include({ status: 'pending', signed_at: null });
  });

  it('answers a repeated Idempotency-Key with the same signature, and signs once', async () => {
    const headers = { 'idempotency-key': '"8e03978e"' };
    const once = await program.ask('POST', PATH, { as: key, headers, body: body() });
    const again = await program.ask('POST', PATH, { as: key, headers, body: body() });
    const other = await program.ask('POST', PATH, { as: key, headers, body: body({ file_name: 'Other.exe' }) });
    expect([once.status, again.status, other.status]).to.deep.equal([200, 200, 422]);
    expect(again.json.data).to.deep.equal(once.json.data);
    expect(again.headers.get('idempotent-replayed')).to.equal('true');
    expect(Object.keys(other.json.error.details.fields)).to.deep.equal(['Idempotency-Key']);
    expect((await operations()).total).to.equal(1);
  });

  it('tells the client of its version, on errors as well', async () => {
    expect(await told({ client_version: '1.1.0' })).to.equal('required');
    expect(await told({ client_version: '1.9.0' })).to.equal('recommended');
    expect(await told({ client_version: '1.10.0' })).to.equal('optional');
    expect(await told({})).to.equal('optional');
    expect(await told({ client_version: '1.1.0', digest: 'x' })).to.equal('required');
    expect(await told({}, { 'x-qwick-cli-version': '1.1.0' })).to.equal('required');
  });
});

/** Members, sessions and credentials through the API; what is taken away is refused on the very next request. */
import { expect } from 'chai';
import { randomUUID } from 'node:crypto';
import { decodeJwt, decodeProtectedHeader } from 'jose';
import type { Role } from '../../../domain/tenancy/terms.ts';
import { PASSWORD } from '../../support/tenancy.ts';
import { startPlatform, type Platform } from './program.ts';

type Organization = Awaited<ReturnType<Platform['organization']>>;

const codeOf = async (reply: Promise<{ status: number; json: { code: string } }>): Promise<readonly [number, string]> => {
  const { status, json } = await reply;
  return [status, json.code];
};

describe('platform: people', () => {
  let platform: Platform;
  let acme: Organization;
  beforeEach(async () => {
    platform = await startPlatform();
    acme = await platform.organization({ slug: 'acme' });
  });
  afterEach(() => platform.close());

  const signIn = async (email: string, more: object = {}) => platform.call('POST', '/sessions', { as: '', body: { email, password: PASSWORD, ...more } });
  const tokenOf = async (email: string): Promise<string> => (await signIn(email)).json.access_token;
  const owner = () => tokenOf(acme.owner.email);
  const add = (role: Role, as?: string) => platform.call('POST', '/tenants/acme/members', { body: { email: `${role}-${randomUUID()}@acme.example`, password: PASSWORD, role }, ...(as !== undefined && { as }) });
  const credential = (as?: string, body: object = {}) => platform.call('POST', '/tenants/acme/credentials', { body: { surface: 'qwick-cert', name: 'CI', ...body }, ...(as !== undefined && { as }) });
  const worksAt = (secret: string) => platform.access.credential('qwick-cert', secret).then(() => 'works', (error: { code: string }) => error.code);

  it('sign in, refresh and sign out', async () => {
    const { status, json, headers } = await signIn(acme.owner.email);
    expect([status, headers.get('cache-control')]).to.deep.equal([201, 'no-store']);
    expect(json).to.deep.include({ expires_in: 900, tenant: 'acme', role: 'owner' });
    expect(decodeProtectedHeader(json.access_token)).to.deep.include({ alg: 'EdDSA', typ: 'at+jwt' });
    expect(decodeJwt(json.access_token)).to.include({ sub: acme.owner.userId, tid: acme.id, slug: 'acme' });
    const refreshed = await platform.call('POST', '/sessions/refresh', { as: '', body: { refresh_token: json.refresh_token } });
    expect(refreshed.status).to.equal(200);
    expect((await platform.call('GET', '/tenants/acme/members', { as: refreshed.json.access_token })).status).to.equal(200);
    expect((await platform.call('DELETE', '/sessions/current', { as: refreshed.json.access_token })).status).to.equal(204);
    for (const as of [json.access_token, refreshed.json.access_token]) expect(await codeOf(platform.call('GET', '/tenants/acme/members', { as }))).to.deep.equal([401, 'tenancy.token_invalid']);
    expect(await codeOf(platform.call('POST', '/sessions/refresh', { as: '', body: { refresh_token: refreshed.json.refresh_token } }))).to.deep.equal([401, 'tenancy.refresh_invalid']);
  });

  it('are told which tenants they may choose from', async () => {
    await platform.organization({ slug: 'beta', email: acme.owner.email });
    const { status, json } = await signIn(acme.owner.email);
    expect([status, json.code, json.tenants]).to.deep.equal([409, 'tenancy.tenant_required', ['acme', 'beta']]);
    expect((await signIn(acme.owner.email, { tenant: 'beta' })).json.tenant).to.equal('beta');
  });

  it('are throttled after ten failures, and told for how long', async () => {
    for (let n = 0; n < 10; n += 1) expect((await signIn(acme.owner.email, { password: 'wrong' })).status).to.equal(401);
    const { status, json, headers } = await signIn(acme.owner.email);
    expect([status, json.code, json.retry_after, headers.get('retry-after')]).to.deep.equal([429, 'tenancy.too_many_attempts', 60, '60']);
  });

  it('are added, listed, changed and removed', async () => {
    const { status, json } = await add('signer');
    expect([status, json.role]).to.deep.equal([201, 'signer']);
    const path = `/tenants/acme/members/${json.user_id}`;
    expect((await platform.call('PATCH', path, { body: { role: 'admin' } })).json).to.deep.equal({ ...json, role: 'admin' });
    expect((await platform.call('GET', '/tenants/acme/members')).json.items).to.deep.equal([
      { user_id: acme.owner.userId, email: acme.owner.email, role: 'owner' },
      { ...json, role: 'admin' },
    ]);
    for (let twice = 0; twice < 2; twice += 1) expect((await platform.call('DELETE', path)).status).to.equal(204);
    expect((await platform.call('GET', '/tenants/acme/members')).json.items).to.have.length(1);
    expect(await codeOf(platform.call('PATCH', path, { body: { role: 'viewer' } }))).to.deep.equal([404, 'tenancy.member_unknown']);
    expect(await codeOf(platform.call('DELETE', `/tenants/acme/members/${randomUUID()}`))).to.deep.equal([404, 'tenancy.member_unknown']);
  });

  it('are there once, and always with an owner', async () => {
    const { json } = await add('signer');
    expect(await codeOf(platform.call('POST', '/tenants/acme/members', { body: { email: json.email.toUpperCase(), password: `${PASSWORD} other`, role: 'viewer' } }))).to.deep.equal([409, 'tenancy.member_exists']);
    expect((await signIn(json.email)).status, 'the password is as it was').to.equal(201);
    const path = `/tenants/acme/members/${acme.owner.userId}`;
    expect(await codeOf(platform.call('DELETE', path))).to.deep.equal([409, 'tenancy.last_owner']);
    expect(await codeOf(platform.call('PATCH', path, { body: { role: 'admin' } }))).to.deep.equal([409, 'tenancy.last_owner']);
  });

  it('become owners by owners only', async () => {
    const admin = (await add('admin')).json;
    const as = await tokenOf(admin.email);
    expect(await codeOf(add('owner', as))).to.deep.equal([403, 'tenancy.owner_required']);
    expect(await codeOf(platform.call('PATCH', `/tenants/acme/members/${admin.user_id}`, { as, body: { role: 'owner' } }))).to.deep.equal([403, 'tenancy.owner_required']);
    expect(await codeOf(platform.call('DELETE', `/tenants/acme/members/${acme.owner.userId}`, { as }))).to.deep.equal([403, 'tenancy.owner_required']);
    expect((await add('signer', as)).status).to.equal(201);
    expect((await add('owner', await owner())).status).to.equal(201);
  });

  it('without the role, the tenant or a token are refused', async () => {
    await platform.organization({ slug: 'beta' });
    const as = await owner();
    const paths = ['/tenants/:slug/members', '/tenants/:slug/credentials'];
    for (const path of paths) {
      const foreign = await platform.call('GET', path.replace(':slug', 'beta'), { as });
      const missing = await platform.call('GET', path.replace(':slug', 'nobody'), { as });
      const blank = ({ json, status }: typeof foreign) => [status, { ...json, instance: '', request_id: '' }];
      expect(blank(foreign)).to.deep.equal(blank(missing));
      expect([foreign.status, foreign.json.code]).to.deep.equal([404, 'tenancy.tenant_unknown']);
      expect([...foreign.headers.keys()]).to.deep.equal([...missing.headers.keys()]);
      for (const role of ['signer', 'developer', 'viewer'] as const) {
        const low = await tokenOf((await add(role)).json.email);
        expect(await codeOf(platform.call('GET', path.replace(':slug', 'acme'), { as: low })), role).to.deep.equal([403, 'tenancy.forbidden']);
      }
    }
    for (const path of ['/tenants', '/tenants/acme', '/tenants/beta', '/projections', `/jobs/${randomUUID()}`]) {
      expect(await codeOf(platform.call('GET', path, { as })), path).to.deep.equal([403, 'tenancy.operator_required']);
      const { status, json, headers } = await platform.call('GET', path, { as: '' });
      expect([status, json.code, headers.get('www-authenticate')], path).to.deep.equal([401, 'tenancy.unauthenticated', 'Bearer']);
    }
    expect(await codeOf(platform.call('DELETE', '/sessions/current'))).to.deep.equal([403, 'tenancy.session_required']);
    const { secret } = (await credential()).json;
    for (const wrong of [secret, 'x', 'operator-token-for-test', `${await owner()}x`]) expect(await codeOf(platform.call('GET', '/tenants/acme/members', { as: wrong }))).to.deep.equal([401, 'tenancy.token_invalid']);
  });

  it('make credentials that act for them; the operator\'s act for the owner', async () => {
    const admin = (await add('admin')).json;
    const made = await credential(await tokenOf(admin.email), { permissions: ['sign', 'read_audit'] });
    expect(made.status).to.equal(201);
    expect(made.json).to.deep.include({ surface: 'qwick-cert', kind: 'api-key', name: 'CI', permissions: ['sign', 'read_audit'], expires_at: '2026-09-09T00:00:00.000Z' });
    expect(made.json.prefix).to.equal(made.json.secret.slice(0, 13));
    platform.knobs.now += 1;
    const other = await credential();
    await platform.access.credential('qwick-cert', made.json.secret);
    const { items } = (await platform.call('GET', '/tenants/acme/credentials')).json;
    const { secret: _, ...shown } = made.json;
    expect(items[0]).to.deep.equal({ ...shown, acting_for: admin.user_id, ended: false, use_count: 1, last_used_at: new Date(platform.knobs.now).toISOString() });
    expect(items[1]).to.include({ id: other.json.id, acting_for: acme.owner.userId, use_count: 0, last_used_at: null });
    expect(JSON.stringify(items)).not.to.include(made.json.secret);
  });

  it('make services that are bound to keys, and keys without an end, where a surface has such forms', async () => {
    const service = await credential(undefined, { surface: 'quantum-lock', kind: 'service', permissions: undefined, key_ids: ['builds', 'builds', 'releases'] });
    expect(service.json).to.deep.include({ kind: 'service', permissions: ['kms'], key_ids: ['builds', 'releases'], expires_at: null });
    expect(service.json.secret).to.match(/^svc_/u);
    expect(await platform.access.credential('quantum-lock', service.json.secret)).to.deep.include({ form: 'service', name: 'CI', keyIds: ['builds', 'releases'] });
    const plain = await credential(undefined, { surface: 'quantum-lock', permissions: undefined, expires_at: '2099-01-01T00:00:00Z' });
    expect(plain.json).to.deep.include({ kind: 'api-key', key_ids: null, expires_at: '2099-01-01T00:00:00.000Z' });
    expect(plain.json.secret).to.match(/^qlk_/u);
  });

  it('are told what is wrong with a credential', async () => {
    expect(await codeOf(credential(undefined, { surface: 'certwatch' }))).to.deep.equal([400, 'tenancy.surface_not_served']);
    const bad = { permissions: ['admin'], scopes: ['x'], email: 'a@b.example', key_ids: ['k'], kind: 'service', name: '', expires_at: '2020-01-01T00:00:00Z', surface: 'nonsense', colour: 'red' };
    for (const [field, value] of Object.entries(bad)) {
      const { status, json } = await credential(undefined, { [field]: value });
      expect([status, Object.keys(json.fields)], field).to.deep.equal([400, [field]]);
    }
    // Its own surface knows no longest time; an offset leads out of the years that can be written down.
    const beyond = await credential(undefined, { surface: 'quantum-lock', permissions: undefined, expires_at: '9999-12-31T23:59:59-00:01' });
    expect([beyond.status, Object.keys(beyond.json.fields)]).to.deep.equal([400, ['expires_at']]);
    expect((await platform.call('GET', '/tenants/acme/credentials')).json.items).to.deep.equal([]);
  });

  it('are refused on the very next request: a revoked credential', async () => {
    const { json } = await credential();
    expect(await worksAt(json.secret)).to.equal('works');
    expect((await platform.call('DELETE', `/tenants/acme/credentials/${json.id}`)).status).to.equal(204);
    expect(await worksAt(json.secret)).to.equal('tenancy.credential_revoked');
    expect((await platform.call('GET', '/tenants/acme/credentials')).json.items).to.deep.equal([]);
    await platform.organization({ slug: 'beta' });
    for (const path of [`/tenants/beta/credentials/${json.id}`, `/tenants/acme/credentials/${randomUUID()}`]) expect(await codeOf(platform.call('DELETE', path))).to.deep.equal([404, 'tenancy.credential_not_found']);
  });

  it('are refused on the very next request: a removed member, with all they had', async () => {
    const { json: member } = await add('admin');
    const { json: session } = await signIn(member.email);
    const { json: key } = await credential(session.access_token);
    expect(await worksAt(key.secret)).to.equal('works');
    expect((await platform.call('DELETE', `/tenants/acme/members/${member.user_id}`)).status).to.equal(204);
    expect(await worksAt(key.secret)).to.equal('tenancy.credential_revoked');
    expect(await codeOf(platform.call('GET', '/tenants/acme/members', { as: session.access_token }))).to.deep.equal([401, 'tenancy.token_invalid']);
    expect(await codeOf(platform.call('POST', '/sessions/refresh', { as: '', body: { refresh_token: session.refresh_token } }))).to.deep.equal([401, 'tenancy.refresh_invalid']);
    expect(await codeOf(signIn(member.email))).to.deep.equal([401, 'tenancy.credentials_invalid']);
    const listed = async () => (await platform.call('GET', '/tenants/acme/credentials')).json.items.map(({ id, ended }: { id: string; ended: boolean }) => [id, ended]);
    expect(await listed(), 'listed as ended').to.deep.equal([[key.id, true]]);
    await platform.call('POST', '/tenants/acme/members', { body: { email: member.email, password: PASSWORD, role: 'admin' } });
    expect(await listed(), 'and being added again brings nothing back').to.deep.equal([[key.id, true]]);
  });

  it('are refused on the very next request: a lowered role, twenty times over', async () => {
    const { json: member } = await add('admin');
    const as = await tokenOf(member.email);
    for (let round = 0; round < 20; round += 1) {
      expect((await platform.call('GET', '/tenants/acme/members', { as })).status).to.equal(200);
      await platform.call('PATCH', `/tenants/acme/members/${member.user_id}`, { body: { role: 'signer' } });
      expect(await codeOf(platform.call('GET', '/tenants/acme/members', { as }))).to.deep.equal([403, 'tenancy.forbidden']);
      await platform.call('PATCH', `/tenants/acme/members/${member.user_id}`, { body: { role: 'admin' } });
    }
  });

  it('leave no address, password or secret in what is stored or logged', async () => {
    const { json: member } = await add('admin');
    const { json: session } = await signIn(member.email);
    const { json: key } = await credential(session.access_token);
    const canaries = [member.email, PASSWORD, key.secret.slice(13), session.access_token.split('.')[2], session.refresh_token.slice(-32)];
    const stored: string[] = [];
    const feed = platform.ground.embedded.log.feed();
    stored.push(JSON.stringify((await feed.pull(undefined, 1_000, AbortSignal.timeout(15_000))).events), platform.running.logs.join(''));
    for (const canary of canaries) expect(stored.join(''), String(canary)).not.to.include(canary);
    expect(stored[0]).to.include(member.user_id);
  });
});

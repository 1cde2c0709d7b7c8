import { expect } from 'chai';
import type { Role } from '../../../application/tenancy/access.ts';
import { START, startProgram, type Organization, type Program } from './program.ts';

const KEYS = '/qwick-cert/api/v1/apikeys';
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/u;
const MISSING = '019aa5c4-6f00-7000-8000-00000000dead';

describe('/apikeys', () => {
  let program: Program;
  let acme: Organization;
  let owner: string;

  const at = (path: string, of = acme) => `${path}?organization_slug=${of.slug}`;
  const create = (body: object, as = owner) => program.ask('POST', at(KEYS), { as, body });
  const expiry = async (body: object) => (await create({ name: 'key', permissions: ['sign'], ...body })).json.data.expires_at;
  const list = (as = owner) => program.ask('GET', at(KEYS), { as });
  const revoke = (id: string, as = owner, of = acme) => program.ask('POST', at(`${KEYS}/${id}/revoke`, of), { as });
  const operations = (as: string) => program.ask('GET', at('/qwick-cert/api/v1/signing-operations'), { as });

  before(async () => {
    program = await startProgram();
  });
  after(() => program.close());
  beforeEach(async () => {
    program.knobs.now = START;
    acme = await program.organization();
    owner = await program.session(acme);
  });

  it('are created as the document shows, field by field', async () => {
    const { status, json, text } = await create({ name: 'GitHub Actions', permissions: ['sign'], expires_in_months: 6 });
    expect(status, text).to.equal(201);
    const { id, key, ...rest } = json.data;
    expect(Object.keys(json.data)).to.deep.equal(['id', 'name', 'key', 'prefix', 'permissions', 'expires_at', 'created_at']);
    expect(id).to.match(UUID);
    expect(key).to.match(/^qwick_ak_[0-9A-Za-z]{32}$/u);
    expect(rest).to.deep.equal({
      name: 'GitHub Actions', prefix: key.slice(0, 13), permissions: ['sign'], expires_at: '2026-09-09T00:00:00Z', created_at: '2026-03-09T15:00:00Z',
    });
  });

  it('are listed as the document shows, field by field, never with the key', async () => {
    const { data } = (await create({ name: 'CI Pipeline', permissions: ['sign', 'read_audit'] })).json;
    program.knobs.now = START + 1_234;
    expect((await operations(data.key)).status).to.equal(200);
    expect((await operations(data.key)).status).to.equal(200);
    const { status, json, text } = await list();
    expect(status).to.equal(200);
    expect(text).to.not.contain(data.key);
    expect(Object.entries(json.data.keys[0])).to.deep.equal([
      ['id', data.id], ['name', 'CI Pipeline'], ['prefix', data.prefix], ['permissions', ['sign', 'read_audit']], ['expires_at', '2026-09-09T00:00:00Z'],
      ['days_until_expiry', 183], ['last_used_at', '2026-03-09T15:00:01Z'], ['use_count', 2], ['created_at', '2026-03-09T15:00:00Z'],
    ]);
  });

  it('are unused until they are used', async () => {
    await create({ name: 'unused', permissions: ['sign'] });
    expect((await list()).json.data.keys[0]).to.include({ last_used_at: null, use_count: 0 });
  });

  it('live for 6 months unless asked otherwise, up to 24', async () => {
    expect(await expiry({})).to.equal('2026-09-09T00:00:00Z');
    expect(await expiry({ expires_in_months: 1 })).to.equal('2026-04-09T00:00:00Z');
    expect(await expiry({ expires_in_months: 24 })).to.equal('2028-03-09T00:00:00Z');
  });

  it('stop working at the moment they expire', async () => {
    const { key } = (await create({ name: 'key', permissions: ['read_audit'], expires_in_months: 1 })).json.data;
    program.knobs.now = Date.parse('2026-04-08T23:59:59.999Z');
    expect((await operations(key)).status).to.equal(200);
    program.knobs.now = Date.parse('2026-04-09T00:00:00.000Z');
    const { status, json } = await operations(key);
    expect([status, json.error.code]).to.deep.equal([401, 'QWICK_AUTH_304']);
  });

  it('are revoked as the document shows, before the answer is sent, and once', async () => {
    const { id, key } = (await create({ name: 'key', permissions: ['read_audit'] })).json.data;
    program.knobs.now = START + 30 * 60_000;
    owner = await program.session(acme);
    const { status, json } = await revoke(id.toUpperCase());
    expect([status, json.data]).to.deep.equal([200, { id, revoked_at: '2026-03-09T15:30:00Z' }]);
    expect((await operations(key)).json.error.code).to.equal('QWICK_AUTH_304');
    expect((await list()).json.data.keys).to.deep.equal([]);
    const again = await revoke(id);
    expect([again.status, again.json.error.code]).to.deep.equal([409, 'QWICK_API_601']);
  });

  it('are listed while they can work: not those of somebody who has left, for whom the document has no word', async () => {
    const admin = await program.session(acme, 'admin');
    const { key } = (await create({ name: 'of one who leaves', permissions: ['read_audit'] }, admin)).json.data;
    const { id } = (await create({ name: 'stays', permissions: ['read_audit'] })).json.data;
    const { sub: userId } = JSON.parse(Buffer.from(admin.split('.')[1] ?? '', 'base64url').toString());
    expect((await list()).json.data.keys).to.have.length(2);
    await program.tenancy.members.remove(acme.id, userId, { cause: { actor: { kind: 'system', id: 'test' }, correlation: 'test' }, by: { kind: 'operator' } });
    expect((await operations(key)).json.error.code).to.equal('QWICK_AUTH_304');
    expect((await list()).json.data.keys.map((listed: { id: string }) => listed.id)).to.deep.equal([id]);
  });

  it('show a repeated Idempotency-Key the same key, and are made once', async () => {
    const headers = { 'idempotency-key': 'once' };
    const body = { name: 'key', permissions: ['sign'] };
    const [one, two] = [await program.ask('POST', at(KEYS), { as: owner, headers, body }), await program.ask('POST', at(KEYS), { as: owner, headers, body })];
    expect(two.json.data).to.deep.equal(one.json.data);
    expect((await list()).json.data.keys).to.have.length(1);
  });

  describe('refuse with QWICK_API_600, name the field and change nothing', () => {
    const good = { name: 'key', permissions: ['sign'] };
    const cases: readonly (readonly [string, object, string])[] = [
      ['no name', { ...good, name: undefined }, 'name'],
      ['an empty name', { ...good, name: '' }, 'name'],
      ['a blank name', { ...good, name: '  ' }, 'name'],
      ['a name of 101 characters', { ...good, name: 'x'.repeat(101) }, 'name'],
      ['no permissions', { ...good, permissions: undefined }, 'permissions'],
      ['empty permissions', { ...good, permissions: [] }, 'permissions'],
      ['an unknown permission', { ...good, permissions: ['sign', 'admin'] }, 'permissions.1'],
      ['a permission twice', { ...good, permissions: ['sign', 'sign'] }, 'permissions'],
      ['permissions as text', { ...good, permissions: 'sign' }, 'permissions'],
      ['0 months', { ...good, expires_in_months: 0 }, 'expires_in_months'],
      ['25 months', { ...good, expires_in_months: 25 }, 'expires_in_months'],
      ['half a month', { ...good, expires_in_months: 0.5 }, 'expires_in_months'],
      ['months as text', { ...good, expires_in_months: '6' }, 'expires_in_months'],
    ];
    for (const [name, body, field] of cases) {
      it(name, async () => {
        const { status, json } = await create(body);
        expect([status, json.error.code]).to.deep.equal([400, 'QWICK_API_600']);
        expect(Object.keys(json.error.details.fields)).to.deep.equal([field]);
        expect((await list()).json.data.keys).to.deep.equal([]);
      });
    }
    it('no organization', async () => {
      for (const [method, path] of [['GET', KEYS], ['POST', KEYS], ['POST', `${KEYS}/${MISSING}/revoke`]] as const) {
        const body = method === 'POST' && path === KEYS ? { body: good } : {};
        const { status, json } = await program.ask(method, path, { as: owner, ...body });
        expect([status, Object.keys(json.error.details.fields)]).to.deep.equal([400, ['organization_slug']]);
      }
    });
  });

  describe('are for people with the role', () => {
    const cases: readonly (readonly [Role, number, number])[] = [
      ['owner', 200, 201], ['admin', 200, 201], ['signer', 200, 403], ['viewer', 200, 403], ['developer', 200, 403],
    ];
    for (const [role, listing, creating] of cases) {
      it(`${role}: list ${listing}, create and revoke ${creating}`, async () => {
        const as = await program.session(acme, role);
        const { id } = (await create({ name: 'key', permissions: ['sign'] })).json.data;
        expect((await list(as)).status).to.equal(listing);
        const made = await create({ name: 'mine', permissions: ['sign'] }, as);
        const revoked = await revoke(id, as);
        expect([made.status, revoked.status]).to.deep.equal([creating, creating === 201 ? 200 : 403]);
        if (creating === 403) expect(made.json.error).to.deep.include({ code: 'QWICK_AUTH_303', details: { required: 'admin' } });
      });
    }

    it('never for a key, whatever it may do', async () => {
      const { secret, id } = await program.key(acme);
      for (const answer of [await list(secret), await create({ name: 'key', permissions: ['sign'] }, secret), await revoke(id, secret)]) {
        expect([answer.status, answer.json.error.code, answer.json.error.details]).to.deep.equal([403, 'QWICK_AUTH_303', { required: 'session' }]);
      }
    });
  });

  it('of another organization are not there', async () => {
    const other = await program.organization();
    const { id } = await program.key(other);
    for (const answer of [await revoke(id), await revoke(MISSING), await revoke('nonsense'), await revoke(id, owner, other), await program.ask('GET', at(KEYS, other), { as: owner })]) {
      expect([answer.status, answer.json.error.code, answer.json.error.details]).to.deep.equal([404, 'QWICK_API_602', {}]);
    }
    expect((await program.ask('GET', at(KEYS, other), { as: await program.session(other) })).json.data.keys).to.have.length(1);
  });
});

import { expect } from 'chai';
import { randomUUID } from 'node:crypto';
import { PASSWORD } from '../../support/tenancy.ts';
import { startPlatform, type Platform } from './program.ts';

const wanted = (slug: string, more: object = {}) => ({ slug, name: 'Acme Corporation', owner: { email: `owner@${slug}.example`, password: PASSWORD }, ...more });

type Documented = Readonly<{ paths: Readonly<Record<string, { get: { responses: Record<string, { content: object }> } }>> }>;

const cursorOf = (value: unknown): string => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');

describe('platform: tenants', () => {
  let platform: Platform;
  before(async () => { platform = await startPlatform(); });
  after(() => platform.close());
  const create = (slug: string, more: object = {}) => platform.call('POST', '/tenants', { body: wanted(slug, more) });

  it('are created with their owner and plans', async () => {
    const { status, json, headers } = await create('acme', { plans: { 'qwick-cert': 'pro', 'quick-ztna': 'business' } });
    expect([status, headers.get('location')]).to.deep.equal([201, '/platform/v1/tenants/acme']);
    const { id, owner, subscriptions, ...rest } = json;
    expect(rest).to.deep.equal({ slug: 'acme', name: 'Acme Corporation', plans: { 'qwick-cert': 'pro', 'quick-ztna': 'business', 'quantum-lock': 'free' } });
    expect(owner).to.deep.equal({ user_id: owner.user_id, email: 'owner@acme.example' });
    expect(subscriptions['qwick-cert']).to.deep.equal({
      plan: 'pro', status: 'active', since: '2026-03-09T15:00:00.000Z', current_period_end: null, cancel_at_period_end: false, discount: null, limits: {},
    });
    const { json: got } = await platform.call('GET', '/tenants/acme');
    expect(got).to.deep.equal({ id, ...rest, subscriptions });
  });

  it('are created once for one Idempotency-Key, and the copy of the answer is sealed', async () => {
    const key = { headers: { 'idempotency-key': randomUUID() } };
    const first = await platform.call('POST', '/tenants', { body: wanted('once'), ...key });
    const again = await platform.call('POST', '/tenants', { body: wanted('once'), ...key });
    expect([first.status, again.status, again.headers.get('idempotent-replayed')]).to.deep.equal([201, 201, 'true']);
    expect(again.json).to.deep.equal(first.json);
    const copies: string[] = [];
    for await (const { value } of platform.ground.embedded.state.list('idempotency')) copies.push(value);
    expect(copies.join('')).not.to.include('owner@once.example');
    expect((await create('once')).status).to.equal(409);
  });

  it('are listed page by page, oldest first', async () => {
    for (const slug of ['page-1', 'page-2', 'page-3']) {
      platform.knobs.now += 1;
      expect((await create(slug)).status).to.equal(201);
    }
    const slugs: string[] = [];
    for (let cursor = ''; ;) {
      const { status, json } = await platform.call('GET', `/tenants?limit=2${cursor}`);
      expect([status, json.limit]).to.deep.equal([200, 2]);
      expect(json.items.length).to.be.at.most(2);
      slugs.push(...json.items.map((item: { slug: string }) => item.slug));
      if (json.next_cursor === null) break;
      cursor = `&cursor=${json.next_cursor}`;
    }
    expect(slugs.slice(-3)).to.deep.equal(['page-1', 'page-2', 'page-3']);
    expect(new Set(slugs).size).to.equal(slugs.length);
    expect((await platform.call('GET', '/tenants?limit=100000')).json.limit).to.equal(200);
  });

  it('are not listed from a cursor that is none of theirs, or with a limit that is none', async () => {
    for (const cursor of ['x', '!!', cursorOf('{'), cursorOf(null), cursorOf(['members', 'x']), cursorOf(['tenants', 'x']), cursorOf(['tenants', cursorOf([{}, 1])])]) {
      const { status, json } = await platform.call('GET', `/tenants?cursor=${cursor}`);
      expect([status, json.code, json.fields], cursor).to.deep.equal([400, 'request.invalid', { cursor: 'is not a cursor of this list' }]);
    }
    for (const limit of ['0', '-1', 'abc', '', '1.5', '1e3']) {
      const { status, json } = await platform.call('GET', `/tenants?limit=${limit}`);
      expect([status, Object.keys(json.fields)], limit).to.deep.equal([400, ['limit']]);
    }
  });

  it('change their plans', async () => {
    await create('planned');
    const plan = {
      plan: 'enterprise', status: 'past_due', current_period_end: '2026-05-01T02:00:00+02:00', cancel_at_period_end: true,
      discount: { name: 'Annual 20%', percent_off: 20, ends_at: '2027-03-09T00:00:00Z' }, limits: { members: 50, concurrency: 32, requests_per_minute: 2_000, signing_operations: 0 },
    };
    const stored = { ...plan, since: new Date(platform.knobs.now).toISOString(), current_period_end: '2026-05-01T00:00:00.000Z', discount: { ...plan.discount, ends_at: '2027-03-09T00:00:00.000Z' } };
    expect((await platform.call('PUT', '/tenants/planned/plans/qwick-cert', { body: plan })).json).to.deep.equal(stored);
    expect((await platform.call('GET', '/tenants/planned')).json.subscriptions['qwick-cert']).to.deep.equal(stored);
    expect((await platform.access.tenantBySlug('planned'))?.plans['qwick-cert']?.limits).to.deep.equal({ members: 50, concurrency: 32, requestsPerMinute: 2_000, signingOperations: 0 });
    const { json } = await platform.call('PUT', '/tenants/planned/plans/qwick-cert', { body: { plan: 'enterprise', discount: null } });
    expect(json).to.deep.include({ status: 'active', discount: null, current_period_end: null, limits: {} });
    const listed = (await platform.call('GET', '/tenants?limit=200')).json.items.find(({ slug }: { slug: string }) => slug === 'planned');
    expect(listed.subscriptions['qwick-cert']).to.deep.equal(json);
  });

  it('name what is wrong with a request, and change nothing', async () => {
    const head = await platform.ground.embedded.log.head();
    const bad: readonly (readonly [string, string, unknown, string])[] = [
      ['POST', '/tenants', { ...wanted('bad'), slug: 'Bad!' }, 'slug'],
      ['POST', '/tenants', { ...wanted('bad'), slug: 7 }, 'slug'],
      ['POST', '/tenants', { ...wanted('bad'), name: 'a\u0000b' }, 'name'],
      ['POST', '/tenants', { ...wanted('bad'), owner: { email: 'x', password: PASSWORD } }, 'owner.email'],
      ['POST', '/tenants', { ...wanted('bad'), owner: { email: 'a@b.example', password: 'short' } }, 'owner.password'],
      ['POST', '/tenants', { ...wanted('bad'), owner: { email: 'a@b.example' } }, 'owner.password'],
      ['POST', '/tenants', { ...wanted('bad'), plans: { 'qwick-cert': 'gold' } }, 'plans.qwick-cert'],
      ['POST', '/tenants', { ...wanted('bad'), plans: { certwatch: 'free' } }, 'plans.certwatch'],
      ['POST', '/tenants', { ...wanted('bad'), admin: true }, 'admin'],
      ['PUT', '/tenants/acme/plans/qwick-cert', { plan: 'gold' }, 'plan'],
      ['PUT', '/tenants/acme/plans/quantum-api', { plan: 'free' }, 'plan'],
      ['PUT', '/tenants/acme/plans/qwick-cert', { plan: 'pro', limits: { members: -1 } }, 'limits.members'],
      ['PUT', '/tenants/acme/plans/qwick-cert', { plan: 'pro', current_period_end: 'tomorrow' }, 'current_period_end'],
      ['PUT', '/tenants/acme/plans/qwick-cert', { plan: 'pro', current_period_end: '2026-12-31T23:59:60Z' }, 'current_period_end'],
      ['PUT', '/tenants/acme/plans/qwick-cert', { plan: 'pro', current_period_end: '9999-12-31T23:59:59-00:01' }, 'current_period_end'],
      ['PUT', '/tenants/acme/plans/qwick-cert', { plan: 'pro', current_period_end: '0000-01-01T00:00:00+00:01' }, 'current_period_end'],
      ['PUT', '/tenants/acme/plans/qwick-cert', { plan: 'pro', discount: { name: 'x', percent_off: 1, ends_at: '9999-12-31T23:59:59-00:01' } }, 'discount.ends_at'],
      ['PUT', '/tenants/acme/plans/qwick-cert', { plan: 'pro', status: 'odd' }, 'status'],
      ['PUT', '/tenants/acme/plans/nonsense', { plan: 'pro' }, 'surface'],
    ];
    for (const [method, path, body, field] of bad) {
      const { status, json } = await platform.call(method, path, { body });
      if (field === 'surface') expect(status).to.be.oneOf([400, 404]);
      else expect([status, json.code, Object.keys(json.fields)], `${path} ${field}`).to.deep.equal([400, 'request.invalid', [field]]);
    }
    expect((await platform.call('PUT', '/tenants/nobody/plans/qwick-cert', { body: { plan: 'pro' } })).json.code).to.equal('tenancy.tenant_unknown');
    expect(await platform.ground.embedded.log.head()).to.equal(head);
  });

  it('answer errors as problems', async () => {
    const { status, json, headers } = await platform.call('GET', '/tenants/nobody');
    expect([status, headers.get('content-type')]).to.deep.equal([404, 'application/problem+json']);
    expect(json).to.deep.equal({
      type: 'about:blank', title: 'Not Found', status: 404, detail: 'There is no such tenant.', instance: '/platform/v1/tenants/nobody',
      code: 'tenancy.tenant_unknown', request_id: headers.get('x-request-id'),
    });
  });
});

describe('platform: operations', () => {
  let platform: Platform;
  before(async () => { platform = await startPlatform(); });
  after(() => platform.close());

  it('tell how far the read models are, and rebuild them', async () => {
    await platform.organization();
    const { json } = await platform.call('GET', '/projections');
    expect(json.items.map(({ name }: { name: string }) => name)).to.include.members(['tenancy_members', 'tenancy_tenants', 'tenancy_credentials', 'tenancy_credential_index']);
    expect(json.items[0]).to.have.all.keys('name', 'version', 'serving', 'position', 'lag');
    const rebuilt = await platform.call('POST', '/projections/tenancy_members/rebuild');
    expect([rebuilt.status, rebuilt.json.name]).to.deep.equal([202, 'tenancy_members']);
    expect((await platform.call('POST', '/projections/nonsense/rebuild')).json.code).to.equal('platform.projection_unknown');
  });

  it('make backups as jobs, and hand them out', async () => {
    await platform.organization();
    const started = await platform.call('POST', '/jobs', { body: { kind: 'backup' } });
    expect([started.status, started.json.status]).to.deep.equal([202, 'running']);
    let job = started.json;
    while (job.status === 'running') ({ json: job } = await platform.call('GET', `/jobs/${job.id}`));
    expect(job).to.include({ status: 'done', progress: 1, error: null });
    const file = await fetch(`${platform.running.url}/platform/v1/jobs/${job.id}/file`, { headers: { authorization: 'Bearer operator-token-for-tests' } });
    expect([file.status, file.headers.get('content-disposition')]).to.deep.equal([200, `attachment; filename="chancery-data-${job.id}.backup"`]);
    expect((await file.bytes()).length).to.equal(job.file.size);
    const documented = (await (await fetch(`${platform.running.url}/platform/openapi.json`)).json()) as Documented;
    const { content } = documented.paths['/v1/jobs/{id}/file']?.get.responses['200'] ?? { content: {} };
    expect(Object.keys(content)).to.deep.equal([file.headers.get('content-type')]);
  });

  it('know no other jobs', async () => {
    expect((await platform.call('POST', '/jobs', { body: { kind: 'nonsense' } })).json.fields).to.deep.equal({ kind: 'must be one of backup, backup-keys, rotate-master-key, rotate-tenant-key, rotate-session-key' });
    for (const path of [`/jobs/${randomUUID()}`, `/jobs/${randomUUID()}/file`]) expect((await platform.call('GET', path)).json.code).to.equal('platform.job_unknown');
  });

  it('publish the keys of access tokens', async () => {
    const reply = await fetch(`${platform.running.url}/.well-known/chancery-keys.json`);
    const { keys } = (await reply.json()) as { keys: Record<string, string>[] };
    expect(keys).to.have.length(1);
    expect(keys[0]).to.have.all.keys('kty', 'crv', 'use', 'alg', 'kid', 'x', 'purpose');
  });
});

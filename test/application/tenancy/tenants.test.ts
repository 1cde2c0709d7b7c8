import { expect } from 'chai';
import { randomUUID } from 'node:crypto';
import type { TenantId } from '../../../domain/kernel/ids.ts';
import { CAUSE, PASSWORD, startTenancy, type Tenancy } from '../../support/tenancy.ts';
import { rejection } from '../../support/rejections.ts';

const wanted = (slug: string, email = `owner@${slug}.example`) => ({ slug, name: 'Acme', owner: { email, password: PASSWORD }, plans: {} });
const newId = (): TenantId => randomUUID() as TenantId;
const signInTo = (tenancy: Tenancy, slug: string) => tenancy.sessions.signIn({ email: `owner@${slug}.example`, password: PASSWORD, ip: slug }, CAUSE);

describe('creating a tenant', () => {
  let tenancy: Tenancy;
  before(async () => { tenancy = await startTenancy(); });
  after(() => tenancy.close());
  afterEach(() => { tenancy.knobs.beforeAppend = () => undefined; });

  it('gives it a slug, plans and an owner who can sign in', async () => {
    const { tenant, owner } = await tenancy.tenants.create(newId(), { ...wanted('whole'), plans: { 'qwick-cert': 'pro' } }, CAUSE);
    expect(tenant.plans['qwick-cert']).to.deep.equal({ plan: 'pro', status: 'active', since: '2026-03-09T15:00:00.000Z', cancelAtPeriodEnd: false, limits: {} });
    expect(Object.keys(tenant.plans)).to.deep.equal(['qwick-cert', 'quick-ztna', 'quantum-lock']);
    expect(await tenancy.access.tenantBySlug('whole')).to.deep.equal(tenant);
    expect(await signInTo(tenancy, 'whole')).to.include({ userId: owner.userId, role: 'owner' });
  });

  it('refuses a slug that is taken', async () => {
    await tenancy.tenants.create(newId(), wanted('taken'), CAUSE);
    expect(await rejection(tenancy.tenants.create(newId(), wanted('taken'), CAUSE))).to.deep.equal({ code: 'tenancy.slug_taken', details: { slug: 'taken' } });
  });

  it('answers the same again to the same call', async () => {
    const id = newId();
    const first = await tenancy.tenants.create(id, wanted('again'), CAUSE);
    const head = await tenancy.ground.embedded.log.head();
    expect(await tenancy.tenants.create(id, wanted('again'), CAUSE)).to.deep.equal(first);
    expect(await tenancy.ground.embedded.log.head(), 'nothing was touched').to.equal(head);
  });

  it('names each bad field, and changes nothing', async () => {
    const before = await tenancy.ground.embedded.log.head();
    const bad = [
      [{ ...wanted('x_y') }, 'slug'],
      [{ ...wanted('bad-name'), name: ' ' }, 'name'],
      [{ ...wanted('bad-mail', 'nobody') }, 'owner.email'],
      [{ ...wanted('bad-word'), owner: { email: 'a@b.example', password: 'password1' } }, 'owner.password'],
      [{ ...wanted('bad-plan'), plans: { 'qwick-cert': 'gold' } }, 'plans.qwick-cert'],
    ] as const;
    for (const [body, field] of bad) {
      const { code, details } = await rejection(tenancy.tenants.create(newId(), body, CAUSE));
      expect([code, Object.keys(details['fields'] as object)], field).to.deep.equal(['request.invalid', [field]]);
    }
    expect(await tenancy.ground.embedded.log.head()).to.equal(before);
  });

  for (const [step, type] of ['SlugReserved', 'MemberAdded', 'TenantCreated'].entries()) {
    it(`that was cut off before ${type} shows nothing, and is completed by asking again`, async () => {
      const slug = `cut-${step}`;
      tenancy.knobs.beforeAppend = (_stream, first) => { if (first === type) throw new Error('killed'); };
      await tenancy.tenants.create(newId(), wanted(slug), CAUSE).then(() => expect.fail('it was not cut off'), () => undefined);
      tenancy.knobs.beforeAppend = () => undefined;

      const after = tenancy.another();
      expect(await after.access.tenantBySlug(slug)).to.equal(undefined);
      expect((await rejection(after.sessions.signIn({ email: `owner@${slug}.example`, password: PASSWORD, ip: slug }, CAUSE))).code).to.equal('tenancy.credentials_invalid');
      const listed = await tenancy.reader.open<{ slug: string }>('00000000-0000-0000-0000-000000000000' as TenantId, (await import('../../../projections/tenancy/tenants.ts')).tenantsProjection);
      expect((await listed.page({ limit: 200 })).items.map((each) => each.slug)).not.to.include(slug);

      const other = { ...wanted(slug), owner: { email: `owner@${slug}.example`, password: `${PASSWORD} anew` } };
      const { tenant } = await after.tenants.create(newId(), other, CAUSE);
      expect((await after.access.tenantBySlug(slug))?.id).to.equal(tenant.id);
      expect((await rejection(signInTo(tenancy, slug))).code, 'the password of the attempt that failed').to.equal('tenancy.credentials_invalid');
      expect((await after.sessions.signIn({ email: `owner@${slug}.example`, password: `${PASSWORD} anew`, ip: slug }, CAUSE)).tenant.id).to.equal(tenant.id);
    });

    it(`that was cut off before ${type} is completed under its own id by the same call`, async () => {
      const slug = `resumed-${step}`;
      const id = newId();
      tenancy.knobs.beforeAppend = (_stream, first) => { if (first === type) throw new Error('killed'); };
      await tenancy.tenants.create(id, wanted(slug), CAUSE).then(() => expect.fail('it was not cut off'), () => undefined);
      tenancy.knobs.beforeAppend = () => undefined;
      expect((await tenancy.another().tenants.create(id, wanted(slug), CAUSE)).tenant.id).to.equal(id);
      expect((await signInTo(tenancy, slug)).tenant.id).to.equal(id);
    });
  }

  it('ends well for exactly one of two at the same time', async () => {
    for (let round = 0; round < 10; round += 1) {
      const slug = `race-${round}`;
      const both = [tenancy, tenancy.another()].map(({ tenants }, index) => tenants.create(newId(), wanted(slug, `owner${index}@${slug}.example`), CAUSE));
      const ended = await Promise.allSettled(both);
      const [winner, ...others] = ended.flatMap((each) => (each.status === 'fulfilled' ? [each.value.tenant] : []));
      expect(others).to.deep.equal([]);
      expect((await tenancy.access.tenantBySlug(slug))?.id).to.equal(winner?.id).and.not.equal(undefined);
      for (const each of ended) if (each.status === 'rejected') expect((each.reason as { code: string }).code).to.equal('tenancy.slug_taken');
    }
  });
});

import { expect } from 'chai';
import { Rejection } from '../../../domain/kernel/rejection.ts';
import { memberLimit, openingPlans } from '../../../domain/tenancy/plans.ts';
import { slug } from '../../../domain/tenancy/slug.ts';
import type { SlugReserved } from '../../../domain/tenancy/slug.events.ts';
import { tenant, type CreateTenant, type SetPlan } from '../../../domain/tenancy/tenant.ts';
import type { TenantCreated } from '../../../domain/tenancy/tenant.events.ts';
import { specification } from '../../support/specification.ts';

const at = '2026-03-01T00:00:00.000Z';
const later = '2026-04-01T00:00:00.000Z';
const free = { plan: 'free', status: 'active', since: at, cancelAtPeriodEnd: false, limits: {} } as const;
const data = { slug: 'acme', name: 'Acme', plans: openingPlans({ 'qwick-cert': 'free' }, at) };
const create: CreateTenant = { type: 'CreateTenant', data };
const created: TenantCreated = { type: 'TenantCreated', data };
const abandon = { type: 'AbandonTenant', data: { slug: 'acme' } } as const;

describe('a tenant', () => {
  const { given, twice } = { ...specification(tenant), twice: specification(tenant).given().twice };

  it('is created, once', () => {
    given().when(create).then(created);
    twice(create);
  });

  it('that was abandoned never comes to be', () => {
    given().when(abandon).then({ type: 'TenantAbandoned', data: { slug: 'acme' } });
    given({ type: 'TenantAbandoned', data: { slug: 'acme' } }).when(create).rejected('tenancy.slug_taken', { slug: 'acme' });
    twice(abandon);
  });

  it('that exists cannot be abandoned', () => {
    given(created).when(abandon).rejected('tenancy.slug_taken', { slug: 'acme' });
  });

  const plan = { plan: 'pro', status: 'active', cancelAtPeriodEnd: false, limits: { members: 20 } } as const;
  const setPlan: SetPlan = { type: 'SetPlan', data: { surface: 'qwick-cert', plan, at: later } };

  it('changes its plan, which begins anew with another name only', () => {
    given(created).when(setPlan).then({ type: 'PlanSet', data: { surface: 'qwick-cert', plan: { ...plan, since: later } } });
    given(created)
      .when({ type: 'SetPlan', data: { surface: 'qwick-cert', plan: { ...plan, plan: 'free' }, at: later } })
      .then({ type: 'PlanSet', data: { surface: 'qwick-cert', plan: { ...plan, plan: 'free', since: at } } });
    given(created).twice(setPlan);
    given(created).when({ type: 'SetPlan', data: { surface: 'qwick-cert', plan: free, at: later } }).nothing();
  });

  it('refuses plans that a surface does not have, and plans of nobody', () => {
    given(created)
      .when({ type: 'SetPlan', data: { surface: 'qwick-cert', plan: { ...plan, plan: 'gold' }, at } })
      .rejected('request.invalid', { fields: { plan: 'must be one of free, pro, enterprise' } });
    given(created)
      .when({ type: 'SetPlan', data: { surface: 'certwatch', plan, at } })
      .rejected('request.invalid', { fields: { plan: 'certwatch has no plans' } });
    given().when(setPlan).rejected('tenancy.tenant_unknown');
  });

  it('has chosen the plan that it is given, even when it is the one that it came with', () => {
    const assumed = { type: 'TenantCreated', data: { ...data, plans: openingPlans({}, at) } } as const;
    const command = { type: 'SetPlan', data: { surface: 'qwick-cert', plan: { plan: 'free', status: 'active', cancelAtPeriodEnd: false, limits: {} }, at: later } } as const;
    given(assumed).when(command).then({ type: 'PlanSet', data: { surface: 'qwick-cert', plan: free } });
    given(assumed).twice(command);
  });

  it('starts with the plans asked for and the first of each other surface', () => {
    expect(openingPlans({ 'quick-ztna': 'business' }, at)).to.deep.equal({
      'qwick-cert': { ...free, assumed: true },
      'quick-ztna': { ...free, plan: 'business' },
      'quantum-lock': { ...free, assumed: true },
    });
    expect(() => openingPlans({ 'quantum-lock': 'pro' }, at)).to.throw(Rejection).with.nested.property('details.fields').that.has.key('plans.quantum-lock');
  });
});

describe('how many members there may be', () => {
  const cases: readonly (readonly [string, Parameters<typeof memberLimit>[0], number | undefined])[] = [
    ['Free', { 'qwick-cert': free }, 3],
    ['Pro', { 'qwick-cert': { ...free, plan: 'pro' } }, 10],
    ['Enterprise', { 'qwick-cert': { ...free, plan: 'enterprise' } }, undefined],
    ['a limit of its own', { 'qwick-cert': { ...free, plan: 'enterprise', limits: { members: 25 } } }, 25],
    ['a plan that nobody chose', openingPlans({ 'quick-ztna': 'business' }, at), undefined],
    ['no plan at all', {}, undefined],
  ];
  for (const [name, plans, limit] of cases) it(`${name}: ${limit ?? 'any number'}`, () => expect(memberLimit(plans)).to.equal(limit));
});

describe('a slug', () => {
  const { given } = specification(slug);
  const reserved: SlugReserved = { type: 'SlugReserved', data: { slug: 'acme', tenantId: 'one' } };

  it('leads to one tenant', () => {
    given().when({ type: 'ReserveSlug', data: { slug: 'acme', tenantId: 'one' } }).then(reserved);
    given().twice({ type: 'ReserveSlug', data: { slug: 'acme', tenantId: 'one' } });
    given(reserved).when({ type: 'ReserveSlug', data: { slug: 'acme', tenantId: 'two' } }).rejected('tenancy.slug_taken');
  });

  it('is reserved anew only instead of the tenant that it leads to', () => {
    given(reserved)
      .when({ type: 'ReserveSlug', data: { slug: 'acme', tenantId: 'two', instead: 'one' } })
      .then({ type: 'SlugReserved', data: { slug: 'acme', tenantId: 'two' } });
    given(reserved).when({ type: 'ReserveSlug', data: { slug: 'acme', tenantId: 'two', instead: 'three' } }).rejected('tenancy.slug_taken');
    given().when({ type: 'ReserveSlug', data: { slug: 'acme', tenantId: 'two', instead: 'one' } }).rejected('tenancy.slug_taken');
  });

  for (const wrong of ['', 'a', 'A1', '-ab', 'ab-', 'a_b', 'a.b', 'ä1', 'a b', 'ab\n', 'x'.repeat(64)]) {
    it(`is not ${JSON.stringify(wrong)}`, () => {
      given().when({ type: 'ReserveSlug', data: { slug: wrong, tenantId: 'one' } }).rejected('request.invalid');
    });
  }
});

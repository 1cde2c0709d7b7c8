/** All tenants of the installation: the operator's list. */
import { INSTALLATION, type TenantId } from '../../domain/kernel/ids.ts';
import type { PlanSet, TenantCreated } from '../../domain/tenancy/tenant.events.ts';
import type { Plans } from '../../domain/tenancy/terms.ts';
import { defineProjection } from '../kernel/projection.ts';

export type TenantDocument = Readonly<{ id: TenantId; slug: string; name: string; plans: Plans; createdAt: string }>;

export const tenantsProjection = defineProjection<TenantDocument, TenantCreated | PlanSet>({
  name: 'tenancy_tenants',
  version: 1,
  indexes: [['createdAt']],
  tenant: () => INSTALLATION,
  id: ({ tenant }) => tenant,
  on: {
    TenantCreated: (_document, { tenant, data, time }) => ({ id: tenant, slug: data.slug, name: data.name, plans: data.plans, createdAt: time }),
    PlanSet: (document, { data }) => document && { ...document, plans: { ...document.plans, [data.surface]: data.plan } },
  },
});

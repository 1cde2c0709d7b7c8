/** What others may know of a tenant, read from its stream at the head. */
import type { TenantId } from '../../domain/kernel/ids.ts';
import type { TenantView } from './access.ts';
import { streams, type TenancyAggregates } from './aggregates.ts';

export interface TenantViews {
  /** Undefined until the tenant is complete. */
  byId(id: TenantId): Promise<TenantView | undefined>;
  bySlug(slug: string): Promise<TenantView | undefined>;
}

export const createTenantViews = ({ tenants, slugs }: Pick<TenancyAggregates, 'tenants' | 'slugs'>): TenantViews => {
  const byId = async (id: TenantId): Promise<TenantView | undefined> => {
    const { state } = await tenants.load(streams.tenant(id));
    return state.status === 'open' ? { id, slug: state.slug, name: state.name, plans: state.plans } : undefined;
  };
  return {
    byId,
    bySlug: async (slug) => {
      const { tenantId } = (await slugs.load(streams.slug(slug))).state;
      return tenantId === undefined ? undefined : byId(tenantId as TenantId);
    },
  };
};

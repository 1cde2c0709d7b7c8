/** GET and POST /tenants, GET /tenants/{slug}, PUT /tenants/{slug}/plans/{surface}: the operator's. */
import type { Static } from 'typebox';
import type { Access, TenantView } from '../../../application/tenancy/access.ts';
import type { Tenants } from '../../../application/tenancy/tenants.ts';
import { INSTALLATION, type TenantId } from '../../../domain/kernel/ids.ts';
import { reject } from '../../../domain/kernel/rejection.ts';
import type { PlanState, Plans } from '../../../domain/tenancy/terms.ts';
import { tenantsProjection, type TenantDocument } from '../../../projections/tenancy/tenants.ts';
import type { Reader } from '../../../projections/kernel/reader.ts';
import { defineRoute, type Route } from '../../kernel/route.ts';
import { answerPage, pageOf, PageQuery } from '../page.ts';
import { planOf, showPlan } from '../plan.ts';
import type { PlatformPrincipal } from '../principal.ts';
import { CreatedTenantReply, CreateTenantBody, PlanBody, PlanParams, PlanReply, SlugParams, TenantReply } from '../schemas.ts';

export type TenantDeps = Readonly<{
  tenants: Tenants;
  access: Pick<Access, 'tenantBySlug'>;
  reader: Reader;
}>;

type Shown = Static<typeof TenantReply>;

const entries = (plans: Plans) => Object.entries(plans) as readonly (readonly [string, PlanState])[];

const show = ({ id, slug, name, plans }: Pick<TenantView, 'id' | 'slug' | 'name' | 'plans'>): Shown => ({
  id,
  slug,
  name,
  plans: Object.fromEntries(entries(plans).map(([surface, { plan }]) => [surface, plan])),
  subscriptions: Object.fromEntries(entries(plans).map(([surface, plan]) => [surface, showPlan(plan)])),
});

const common = { tags: ['Tenants'], permission: 'operator' } as const;

const createRoute = ({ tenants }: TenantDeps) =>
  defineRoute<PlatformPrincipal, undefined, undefined, typeof CreateTenantBody>({
    ...common,
    method: 'POST',
    path: '/v1/tenants',
    operationId: 'createTenant',
    summary: 'Create a tenant and its owner',
    description: 'Plans of surfaces that are not served yet are kept.',
    body: CreateTenantBody,
    bodyExample: {
      slug: 'acme-corp',
      name: 'Acme Corporation',
      owner: { email: 'owner@acme.example', password: 'correct horse battery staple' },
      plans: { 'qwick-cert': 'pro' },
    },
    replies: { 201: { description: 'The tenant', schema: CreatedTenantReply } },
    rejections: ['tenancy.slug_taken'],
    // The answer names a person: its copy is kept sealed.
    idempotentCopy: 'secret',
    handle: async ({ body: { plans = {}, ...wanted }, commandId, cause }) => {
      const { tenant, owner } = await tenants.create(commandId as TenantId, { ...wanted, plans }, cause);
      const body = { ...show(tenant), owner: { user_id: owner.userId, email: owner.email } } satisfies Static<typeof CreatedTenantReply>;
      return { status: 201, body, headers: { Location: `/platform/v1/tenants/${tenant.slug}` } };
    },
  });

const listRoute = ({ reader }: TenantDeps) =>
  defineRoute<PlatformPrincipal, undefined, typeof PageQuery>({
    ...common,
    method: 'GET',
    path: '/v1/tenants',
    operationId: 'listTenants',
    summary: 'List all tenants, oldest first',
    query: PageQuery,
    replies: { 200: { description: 'A page of tenants', schema: pageOf(TenantReply, 'Tenants') } },
    handle: async ({ query }) =>
      answerPage(
        'tenants',
        query,
        async (page) => {
          const model = await reader.open<TenantDocument>(INSTALLATION, tenantsProjection);
          return model.page({ ...page, order: { by: 'createdAt', direction: 'asc' } });
        },
        show,
      ),
  });

const getRoute = ({ access }: TenantDeps) =>
  defineRoute<PlatformPrincipal, typeof SlugParams>({
    ...common,
    method: 'GET',
    path: '/v1/tenants/:slug',
    operationId: 'getTenant',
    summary: 'Get a tenant',
    params: SlugParams,
    replies: { 200: { description: 'The tenant', schema: TenantReply } },
    rejections: ['tenancy.tenant_unknown'],
    handle: async ({ params }) => ({ status: 200, body: show((await access.tenantBySlug(params.slug)) ?? reject('tenancy.tenant_unknown')) }),
  });

const planRoute = ({ tenants, access }: TenantDeps) =>
  defineRoute<PlatformPrincipal, typeof PlanParams, undefined, typeof PlanBody>({
    ...common,
    method: 'PUT',
    path: '/v1/tenants/:slug/plans/:surface',
    operationId: 'setPlan',
    summary: 'Replace the plan of a surface',
    description: 'What the body does not name is as it is by default. A plan begins anew, and with it its period and what is counted in it, when its name changes; where only `current_period_end` moves, the running period keeps its count.',
    params: PlanParams,
    body: PlanBody,
    bodyExample: { plan: 'enterprise', limits: { concurrency: 32 } },
    replies: { 200: { description: 'The plan', schema: PlanReply } },
    rejections: ['tenancy.tenant_unknown'],
    handle: async ({ params, body, cause }) => {
      const tenant = (await access.tenantBySlug(params.slug)) ?? reject('tenancy.tenant_unknown');
      return { status: 200, body: showPlan(await tenants.setPlan(tenant.id, params.surface, planOf(body), cause)) };
    },
  });

export const tenantRoutes = (deps: TenantDeps): readonly Route<PlatformPrincipal>[] => [createRoute(deps), listRoute(deps), getRoute(deps), planRoute(deps)];

/** GET /customers/me and GET /stats: the account behind an API key, and what it has used. */
import type { Static } from 'typebox';
import type { Licences, LicenceUsage } from '../../../application/licensing/licences.ts';
import type { TenantView } from '../../../application/tenancy/access.ts';
import { INSTALLATION } from '../../../domain/kernel/ids.ts';
import { reject } from '../../../domain/kernel/rejection.ts';
import type { Reader } from '../../../projections/kernel/reader.ts';
import type { MemberDirectory } from '../../../projections/tenancy/member-directory.ts';
import { tenantsProjection, type TenantDocument } from '../../../projections/tenancy/tenants.ts';
import { defineRoute, type Route } from '../../kernel/route.ts';
import { accountNumber } from '../account-number.ts';
import { EXAMPLES } from '../examples.ts';
import { identified, type LockPrincipal } from '../principal.ts';
import { AccountReply, StatsReply } from '../schemas.ts';
import { timesFor } from '../times.ts';

export type AccountDeps = Readonly<{ licences: Pick<Licences, 'usage'>; members: Pick<MemberDirectory, 'oldestOwner'>; reader: Reader }>;

const common = { tags: ['Account and Statistics'], permission: 'licences' } as const;

const createdAt = async (reader: Reader, { id }: TenantView): Promise<string> => {
  const tenants = await reader.open<TenantDocument>(INSTALLATION, tenantsProjection);
  return (await tenants.get(id))?.createdAt ?? reject('storage.behind');
};

const accountRoute = ({ licences, members, reader }: AccountDeps) =>
  defineRoute<LockPrincipal>({
    ...common,
    method: 'GET',
    path: '/api/v1/customers/me',
    operationId: 'getAccount',
    summary: 'Account information',
    replies: { 200: { description: 'The account', schema: AccountReply, example: EXAMPLES.account } },
    handle: async (request) => {
      const { tenant } = identified(request.principal);
      const [created, owner, usage] = await Promise.all([createdAt(reader, tenant), members.oldestOwner(tenant.id), licences.usage(tenant)]);
      const body = {
        id: accountNumber(tenant.id, created),
        name: tenant.slug,
        email: owner?.email ?? null,
        company_name: tenant.name,
        plan: usage.plan,
        max_licenses_month: usage.limit,
        licenses_used_month: usage.generated,
        created_at: timesFor(request)(created),
        // An owner's address was given by the operator, or has taken an invitation.
        email_verified: owner?.email !== undefined,
      };
      return { status: 200, body: body satisfies Static<typeof AccountReply> };
    },
  });

const remaining = ({ limit, generated }: LicenceUsage): number => Math.max(0, limit - generated);

const statsRoute = ({ licences }: AccountDeps) =>
  defineRoute<LockPrincipal>({
    ...common,
    method: 'GET',
    path: '/api/v1/stats',
    operationId: 'getStats',
    summary: 'Usage statistics',
    description: 'Of this UTC month.',
    replies: { 200: { description: 'The statistics', schema: StatsReply, example: EXAMPLES.stats } },
    handle: async ({ principal }) => {
      const { tenant } = identified(principal);
      const usage = await licences.usage(tenant);
      const body = { licenses_generated_month: usage.generated, licenses_remaining_month: remaining(usage), plan: usage.plan, max_licenses_month: usage.limit };
      return { status: 200, body: body satisfies Static<typeof StatsReply> };
    },
  });

export const accountRoutes = (deps: AccountDeps): readonly Route<LockPrincipal>[] => [statsRoute(deps), accountRoute(deps)];

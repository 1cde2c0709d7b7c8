/** GET and POST /tenants/{slug}/members, PATCH and DELETE …/{user_id}. */
import type { Static } from 'typebox';
import type { Access, TenantView } from '../../../application/tenancy/access.ts';
import type { Members } from '../../../application/tenancy/members.ts';
import type { Cause } from '../../../application/kernel/ports.ts';
import { reject } from '../../../domain/kernel/rejection.ts';
import type { MemberDirectory } from '../../../projections/tenancy/member-directory.ts';
import { defineRoute, type Route } from '../../kernel/route.ts';
import { answerPage, pageOf, PageQuery } from '../page.ts';
import { managerOf, type PlatformPrincipal } from '../principal.ts';
import { AddMemberBody, ChangeRoleBody, MemberParams, MemberReply, SlugParams } from '../schemas.ts';

export type MemberDeps = Readonly<{ members: Members; directory: MemberDirectory; access: Pick<Access, 'tenantBySlug'> }>;

type Shown = Static<typeof MemberReply>;

/** The tenant of a route below `/tenants/{slug}`: whoever got here may know whether there is one. */
export const tenantOfPath = async (access: Pick<Access, 'tenantBySlug'>, slug: string): Promise<TenantView> =>
  (await access.tenantBySlug(slug)) ?? reject('tenancy.tenant_unknown');

const changeBy = ({ principal, cause }: Readonly<{ principal: PlatformPrincipal; cause: Cause }>) => ({ cause, by: managerOf(principal) });

const common = { tags: ['Members'], permission: 'tenant' } as const;
const rejections = ['tenancy.tenant_unknown', 'tenancy.forbidden'];

const listRoute = ({ directory, access }: MemberDeps) =>
  defineRoute<PlatformPrincipal, typeof SlugParams, typeof PageQuery>({
    ...common,
    method: 'GET',
    path: '/v1/tenants/:slug/members',
    operationId: 'listMembers',
    summary: 'List the members of a tenant',
    params: SlugParams,
    query: PageQuery,
    replies: { 200: { description: 'A page of members', schema: pageOf(MemberReply, 'Members') } },
    rejections,
    handle: async ({ params, query }) => {
      const { id } = await tenantOfPath(access, params.slug);
      return answerPage(
        'members',
        query,
        (page) => directory.page(id, page),
        ({ userId, email, role }): Shown => ({ user_id: userId, email: email ?? null, role }),
      );
    },
  });

const addRoute = ({ members, access }: MemberDeps) =>
  defineRoute<PlatformPrincipal, typeof SlugParams, undefined, typeof AddMemberBody>({
    ...common,
    method: 'POST',
    path: '/v1/tenants/:slug/members',
    operationId: 'addMember',
    summary: 'Add a member',
    params: SlugParams,
    body: AddMemberBody,
    bodyExample: { email: 'dev@acme.example', password: 'correct horse battery staple', role: 'signer' },
    replies: { 201: { description: 'The member', schema: MemberReply } },
    rejections: [...rejections, 'tenancy.member_exists', 'tenancy.member_limit', 'tenancy.owner_required'],
    // The answer names a person: its copy is kept sealed.
    idempotentCopy: 'secret',
    handle: async (request) => {
      const { id, slug } = await tenantOfPath(access, request.params.slug);
      const { userId, email, role } = await members.add(id, request.body, changeBy(request));
      const body: Shown = { user_id: userId, email, role };
      return { status: 201, body, headers: { Location: `/platform/v1/tenants/${slug}/members/${userId}` } };
    },
  });

const changeRoute = ({ members, directory, access }: MemberDeps) =>
  defineRoute<PlatformPrincipal, typeof MemberParams, undefined, typeof ChangeRoleBody>({
    ...common,
    method: 'PATCH',
    path: '/v1/tenants/:slug/members/:user_id',
    operationId: 'changeRole',
    summary: 'Change what a member may do',
    description: 'In force with the next request.',
    params: MemberParams,
    body: ChangeRoleBody,
    bodyExample: { role: 'viewer' },
    replies: { 200: { description: 'The member', schema: MemberReply } },
    rejections: [...rejections, 'tenancy.member_unknown', 'tenancy.last_owner', 'tenancy.owner_required'],
    handle: async (request) => {
      const { id } = await tenantOfPath(access, request.params.slug);
      const userId = request.params.user_id.toLowerCase();
      const { role } = request.body;
      // Before the change: afterwards the answer waits for nothing.
      const emails = await directory.emails(id, [userId]);
      await members.changeRole(id, userId, role, changeBy(request));
      return { status: 200, body: { user_id: userId, email: emails.get(userId) ?? null, role } satisfies Shown };
    },
  });

const removeRoute = ({ members, access }: MemberDeps) =>
  defineRoute<PlatformPrincipal, typeof MemberParams>({
    ...common,
    method: 'DELETE',
    path: '/v1/tenants/:slug/members/:user_id',
    operationId: 'removeMember',
    summary: 'Remove a member',
    description: 'Ends their sessions and the credentials that act for them, before the answer is sent.',
    params: MemberParams,
    replies: { 204: { description: 'Removed' } },
    rejections: [...rejections, 'tenancy.member_unknown', 'tenancy.last_owner', 'tenancy.owner_required'],
    handle: async (request) => {
      const { id } = await tenantOfPath(access, request.params.slug);
      await members.remove(id, request.params.user_id.toLowerCase(), changeBy(request));
      return { status: 204 };
    },
  });

export const memberRoutes = (deps: MemberDeps): readonly Route<PlatformPrincipal>[] => [listRoute(deps), addRoute(deps), changeRoute(deps), removeRoute(deps)];

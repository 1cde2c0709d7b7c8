/** GET and POST /tenants/{slug}/invitations, GET and DELETE …/{id}, POST /invitations/accept. */
import type { Static } from 'typebox';
import type { Access } from '../../../application/tenancy/access.ts';
import type { Invitations } from '../../../application/tenancy/invitations.ts';
import type { Cause } from '../../../application/kernel/ports.ts';
import { reject } from '../../../domain/kernel/rejection.ts';
import type { InvitationList, ListedInvitation } from '../../../projections/tenancy/invitations.ts';
import { defineRoute, type Route } from '../../kernel/route.ts';
import { AcceptBody, InvitationParams, InvitationReply, InviteBody, JoinedReply } from '../account-schemas.ts';
import { answerPage, pageOf, PageQuery } from '../page.ts';
import { managerOf, type PlatformPrincipal } from '../principal.ts';
import { SlugParams } from '../schemas.ts';
import { tenantOfPath } from './members.ts';

export type InvitationDeps = Readonly<{ invitations: Invitations; invitationList: InvitationList; access: Pick<Access, 'tenantBySlug'> }>;

type Shown = Static<typeof InvitationReply>;

const show = (invitation: ListedInvitation): Shown => ({
  id: invitation.id,
  email: invitation.email ?? null,
  role: invitation.role,
  status: invitation.status,
  invited_by: invitation.invitedBy,
  created_at: invitation.createdAt,
  expires_at: invitation.expiresAt,
  ended_at: invitation.endedAt,
  mail: invitation.mail,
});

const changeBy = ({ principal, cause }: Readonly<{ principal: PlatformPrincipal; cause: Cause }>) => ({ cause, by: managerOf(principal) });

const common = { tags: ['Invitations'], permission: 'tenant' } as const;
const rejections = ['tenancy.tenant_unknown', 'tenancy.forbidden'];

const listRoute = ({ invitationList, access }: InvitationDeps) =>
  defineRoute<PlatformPrincipal, typeof SlugParams, typeof PageQuery>({
    ...common,
    method: 'GET',
    path: '/v1/tenants/:slug/invitations',
    operationId: 'listInvitations',
    summary: 'List the invitations of a tenant, newest first',
    params: SlugParams,
    query: PageQuery,
    replies: { 200: { description: 'A page of invitations', schema: pageOf(InvitationReply, 'Invitations') } },
    rejections,
    handle: async ({ params, query }) => {
      const { id } = await tenantOfPath(access, params.slug);
      return answerPage('invitations', query, (page) => invitationList.page(id, page), show);
    },
  });

const createRoute = ({ invitations, access }: InvitationDeps) =>
  defineRoute<PlatformPrincipal, typeof SlugParams, undefined, typeof InviteBody>({
    ...common,
    method: 'POST',
    path: '/v1/tenants/:slug/invitations',
    operationId: 'createInvitation',
    summary: 'Ask somebody to join',
    description: 'A mail with a code goes out after the answer; `mail` of the invitation says what became of it. The code is good once, for 7 days.',
    params: SlugParams,
    body: InviteBody,
    bodyExample: { email: 'dev@acme.example', role: 'signer' },
    replies: { 201: { description: 'The invitation', schema: InvitationReply } },
    rejections: [...rejections, 'tenancy.member_exists', 'tenancy.invitation_pending', 'tenancy.owner_required'],
    // The answer names a person: its copy is kept sealed.
    idempotentCopy: 'secret',
    handle: async (request) => {
      const { id, slug } = await tenantOfPath(access, request.params.slug);
      const made = await invitations.create(id, request.body, { ...changeBy(request), id: request.commandId });
      const body = show({ ...made, status: 'pending', endedAt: null, mail: { status: 'queued', at: made.createdAt, reason: null } });
      return { status: 201, body, headers: { Location: `/platform/v1/tenants/${slug}/invitations/${made.id}` } };
    },
  });

const getRoute = ({ invitationList, access }: InvitationDeps) =>
  defineRoute<PlatformPrincipal, typeof InvitationParams>({
    ...common,
    method: 'GET',
    path: '/v1/tenants/:slug/invitations/:id',
    operationId: 'getInvitation',
    summary: 'What became of an invitation and its mail',
    params: InvitationParams,
    replies: { 200: { description: 'The invitation', schema: InvitationReply } },
    rejections: [...rejections, 'tenancy.invitation_unknown'],
    handle: async ({ params }) => {
      const { id } = await tenantOfPath(access, params.slug);
      return { status: 200, body: show((await invitationList.get(id, params.id.toLowerCase())) ?? reject('tenancy.invitation_unknown')) };
    },
  });

const revokeRoute = ({ invitations, access }: InvitationDeps) =>
  defineRoute<PlatformPrincipal, typeof InvitationParams>({
    ...common,
    method: 'DELETE',
    path: '/v1/tenants/:slug/invitations/:id',
    operationId: 'revokeInvitation',
    summary: 'Revoke an invitation',
    description: 'Its code is refused from the answer on.',
    params: InvitationParams,
    replies: { 204: { description: 'Revoked' } },
    rejections: [...rejections, 'tenancy.invitation_unknown', 'tenancy.invitation_accepted', 'tenancy.owner_required'],
    handle: async (request) => {
      const { id } = await tenantOfPath(access, request.params.slug);
      await invitations.revoke(id, request.params.id.toLowerCase(), changeBy(request));
      return { status: 204 };
    },
  });

const acceptRoute = ({ invitations }: InvitationDeps) =>
  defineRoute<PlatformPrincipal, undefined, undefined, typeof AcceptBody>({
    method: 'POST',
    path: '/v1/invitations/accept',
    operationId: 'acceptInvitation',
    summary: 'Join with the code from the mail',
    description: 'The code is used up by joining, and by nothing else.',
    tags: ['Invitations'],
    permission: 'public',
    body: AcceptBody,
    bodyExample: { token: 'cinv_…', password: 'correct horse battery staple' },
    replies: { 201: { description: 'The new member', schema: JoinedReply } },
    rejections: ['tenancy.code_invalid', 'tenancy.member_exists', 'tenancy.member_limit', 'tenancy.too_many_attempts'],
    idempotentCopy: 'secret',
    handle: async ({ body, ip, cause }) => {
      const { userId, email, role, tenant } = await invitations.accept({ ...body, ip }, cause);
      return { status: 201, body: { user_id: userId, email, role, tenant: tenant.slug } satisfies Static<typeof JoinedReply> };
    },
  });

export const invitationRoutes = (deps: InvitationDeps): readonly Route<PlatformPrincipal>[] => [
  listRoute(deps),
  createRoute(deps),
  getRoute(deps),
  revokeRoute(deps),
  acceptRoute(deps),
];

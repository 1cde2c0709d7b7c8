/** GET and POST /tenants/{slug}/credentials, DELETE …/{id}. */
import type { Static } from 'typebox';
import type { Access } from '../../../application/tenancy/access.ts';
import type { Credentials, NewCredential } from '../../../application/tenancy/credentials.ts';
import { rejectFields } from '../../../domain/kernel/rejection.ts';
import type { CredentialList, ListedCredential } from '../../../projections/tenancy/credentials.ts';
import { defineRoute, type Route } from '../../kernel/route.ts';
import { answerPage, pageOf, PageQuery } from '../page.ts';
import { instantOf } from '../plan.ts';
import { makerOf, type PlatformPrincipal } from '../principal.ts';
import { CreateCredentialBody, CreatedCredentialReply, CredentialParams, CredentialReply, SlugParams } from '../schemas.ts';
import { tenantOfPath } from './members.ts';

export type CredentialDeps = Readonly<{ credentials: Credentials; credentialList: CredentialList; access: Pick<Access, 'tenantBySlug'> }>;

type Body = Static<typeof CreateCredentialBody>;

const common = { tags: ['Credentials'], permission: 'tenant' } as const;
const rejections = ['tenancy.tenant_unknown', 'tenancy.forbidden'];

const show = (credential: ListedCredential): Static<typeof CredentialReply> => ({
  id: credential.id,
  surface: credential.surface,
  kind: credential.kind,
  name: credential.name,
  prefix: credential.prefix,
  permissions: [...credential.permissions],
  key_ids: credential.keyIds && [...credential.keyIds],
  acting_for: credential.actingFor,
  ended: credential.ended,
  created_at: credential.createdAt,
  expires_at: credential.expiresAt,
  last_used_at: credential.lastUsedAt,
  use_count: credential.useCount,
});

/** Members of the body that say something on other surfaces only. */
const ELSEWHERE = ['scopes', 'email'] as const;

const wantedOf = (body: Body): NewCredential => {
  const { surface, name, kind, permissions, key_ids: keyIds, expires_at: expiresAt } = body;
  const foreign = ELSEWHERE.filter((member) => body[member] !== undefined);
  if (foreign.length > 0) rejectFields(Object.fromEntries(foreign.map((member) => [member, `means nothing on ${surface}`])));
  return {
    surface,
    name,
    ...(kind !== undefined && { kind }),
    ...(permissions !== undefined && { permissions }),
    ...(keyIds !== undefined && { keyIds }),
    ...(expiresAt !== undefined && { expires: { at: Date.parse(instantOf(expiresAt, 'expires_at')) } }),
  };
};

const listRoute = ({ credentialList, access }: CredentialDeps) =>
  defineRoute<PlatformPrincipal, typeof SlugParams, typeof PageQuery>({
    ...common,
    method: 'GET',
    path: '/v1/tenants/:slug/credentials',
    operationId: 'listCredentials',
    summary: 'List the credentials of a tenant',
    description: 'Revoked ones are left out.',
    params: SlugParams,
    query: PageQuery,
    replies: { 200: { description: 'A page of credentials', schema: pageOf(CredentialReply, 'Credentials') } },
    rejections,
    handle: async ({ params, query }) => {
      const { id } = await tenantOfPath(access, params.slug);
      return answerPage('credentials', query, (page) => credentialList.page(id, page), show);
    },
  });

const createRoute = ({ credentials, access }: CredentialDeps) =>
  defineRoute<PlatformPrincipal, typeof SlugParams, undefined, typeof CreateCredentialBody>({
    ...common,
    method: 'POST',
    path: '/v1/tenants/:slug/credentials',
    operationId: 'createCredential',
    summary: 'Create a credential; its secret is shown this once',
    description: 'It acts for the person who makes it, or for the tenant\'s first owner when the operator does.',
    params: SlugParams,
    body: CreateCredentialBody,
    bodyExample: { surface: 'qwick-cert', name: 'CI pipeline', permissions: ['sign'] },
    replies: { 201: { description: 'The credential', schema: CreatedCredentialReply } },
    rejections: [...rejections, 'tenancy.surface_not_served', 'tenancy.credential_exists'],
    idempotentCopy: 'secret',
    handle: async ({ principal, params, body, cause, commandId }) => {
      const { id, slug } = await tenantOfPath(access, params.slug);
      const made = await credentials.create(id, wantedOf(body), makerOf(principal), { ...cause, id: commandId });
      const reply: Static<typeof CreatedCredentialReply> = {
        id: made.id,
        surface: made.surface,
        kind: made.kind,
        name: made.name,
        secret: made.secret,
        prefix: made.prefix,
        permissions: [...made.permissions],
        key_ids: made.keyIds === undefined ? null : [...made.keyIds],
        created_at: made.createdAt,
        expires_at: made.expiresAt ?? null,
      };
      return { status: 201, body: reply, headers: { Location: `/platform/v1/tenants/${slug}/credentials/${made.id}` } };
    },
  });

const revokeRoute = ({ credentials, access }: CredentialDeps) =>
  defineRoute<PlatformPrincipal, typeof CredentialParams>({
    ...common,
    method: 'DELETE',
    path: '/v1/tenants/:slug/credentials/:id',
    operationId: 'revokeCredential',
    summary: 'Revoke a credential',
    description: 'It has stopped working everywhere before the answer is sent.',
    params: CredentialParams,
    replies: { 204: { description: 'Revoked' } },
    rejections: [...rejections, 'tenancy.credential_not_found'],
    handle: async ({ params, cause }) => {
      const { id } = await tenantOfPath(access, params.slug);
      await credentials.revoke(id, params.id.toLowerCase(), cause);
      return { status: 204 };
    },
  });

export const credentialRoutes = (deps: CredentialDeps): readonly Route<PlatformPrincipal>[] => [listRoute(deps), createRoute(deps), revokeRoute(deps)];

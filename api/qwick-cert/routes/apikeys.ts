/** GET and POST /apikeys, POST /apikeys/:id/revoke: for people only, a key cannot make keys. */
import type { Static } from 'typebox';
import type { TenantId } from '../../../domain/kernel/ids.ts';
import { reject } from '../../../domain/kernel/rejection.ts';
import type { Clock } from '../../../application/kernel/ports.ts';
import type { Credentials, NewCredential } from '../../../application/tenancy/credentials.ts';
import type { CredentialList, ListedCredential } from '../../../projections/tenancy/credentials.ts';
import { defineRoute, type Route } from '../../kernel/route.ts';
import { inPerson, type QwickPrincipal } from '../principal.ts';
import { CreatedKeyReply, CreateKeyBody, IdParams, KEY_PERMISSIONS, KeysReply, OrganizationQuery, RevokedKeyReply } from '../schemas.ts';
import { daysUntil, toSeconds } from '../times.ts';

export type KeysDeps = Readonly<{ credentials: Credentials; credentialList: CredentialList; clock: Clock }>;

const SURFACE = 'qwick-cert';
const DEFAULT_MONTHS = 6;
const tags = ['API Keys'];
const rejections = ['signing.organization_not_found', 'signing.session_required', 'signing.forbidden'];

type Permission = (typeof KEY_PERMISSIONS)[number];
type Listed = Static<typeof KeysReply>['keys'][number];
type Created = Static<typeof CreatedKeyReply>;

const known = (permissions: readonly string[]): Permission[] => KEY_PERMISSIONS.filter((permission) => permissions.includes(permission));
const seconds = (at: string): string => toSeconds(Date.parse(at));

const listed = (key: ListedCredential, now: number): Listed => ({
  id: key.id,
  name: key.name,
  prefix: key.prefix,
  permissions: known(key.permissions),
  expires_at: key.expiresAt && seconds(key.expiresAt),
  days_until_expiry: key.expiresAt === null ? null : daysUntil(Date.parse(key.expiresAt), now),
  last_used_at: key.lastUsedAt && seconds(key.lastUsedAt),
  use_count: key.useCount,
  created_at: seconds(key.createdAt),
});

const READ_AT_ONCE = 200;

/** Oldest first; the document knows no pages here, and no place to tell that a key is revoked or that its person has left. */
const living = async (list: CredentialList, tenant: TenantId): Promise<readonly ListedCredential[]> => {
  const found: ListedCredential[] = [];
  for (let after: string | undefined; ; ) {
    const page = await list.page(tenant, { surface: SURFACE, limit: READ_AT_ONCE, ...(after !== undefined && { after }) });
    found.push(...page.items.filter(({ ended }) => !ended));
    if (page.next === undefined) return found;
    after = page.next;
  }
};

const listRoute = ({ credentialList, clock }: KeysDeps) =>
  defineRoute<QwickPrincipal, undefined, typeof OrganizationQuery>({
    method: 'GET',
    path: '/api/v1/apikeys',
    operationId: 'listApiKeys',
    summary: 'List the API keys of an organization',
    tags,
    permission: 'list_keys',
    query: OrganizationQuery,
    replies: { 200: { description: 'Keys without their secrets; revoked ones, and those of people who have left, are left out', schema: KeysReply } },
    rejections,
    handle: async ({ principal }) => {
      const keys = await living(credentialList, inPerson(principal).tenant.id);
      const now = clock.now();
      return { status: 200, body: { keys: keys.map((key) => listed(key, now)) } };
    },
  });

const wantedOf = ({ name, permissions, expires_in_months: inMonths = DEFAULT_MONTHS }: Static<typeof CreateKeyBody>): NewCredential => ({
  surface: SURFACE,
  name,
  permissions,
  expires: { inMonths },
});

const createRoute = ({ credentials }: KeysDeps) =>
  defineRoute<QwickPrincipal, undefined, typeof OrganizationQuery, typeof CreateKeyBody>({
    method: 'POST',
    path: '/api/v1/apikeys',
    operationId: 'createApiKey',
    summary: 'Create an API key; the full key is shown this once',
    tags,
    permission: 'manage_keys',
    query: OrganizationQuery,
    body: CreateKeyBody,
    bodyExample: { name: 'GitHub Actions', permissions: ['sign'], expires_in_months: 6 },
    replies: { 201: { description: 'Created', schema: CreatedKeyReply } },
    rejections: [...rejections, 'tenancy.credential_exists'],
    idempotentCopy: 'secret',
    handle: async ({ principal, body, cause, commandId }) => {
      const { tenant, userId, amr } = inPerson(principal);
      const made = await credentials.create(tenant.id, wantedOf(body), { kind: 'person', userId, amr }, { ...cause, id: commandId });
      const created: Created = {
        id: made.id,
        name: made.name,
        key: made.secret,
        prefix: made.prefix,
        permissions: known(made.permissions),
        // Every key of this surface ends.
        expires_at: seconds(made.expiresAt ?? reject('kernel.internal')),
        created_at: seconds(made.createdAt),
      };
      return { status: 201, body: created };
    },
  });

const revokeRoute = ({ credentials }: KeysDeps) =>
  defineRoute<QwickPrincipal, typeof IdParams, typeof OrganizationQuery>({
    method: 'POST',
    path: '/api/v1/apikeys/:id/revoke',
    operationId: 'revokeApiKey',
    summary: 'Revoke an API key: it stops working before this is answered',
    tags,
    permission: 'manage_keys',
    params: IdParams,
    query: OrganizationQuery,
    replies: { 200: { description: 'Revoked', schema: RevokedKeyReply } },
    rejections: [...rejections, 'tenancy.credential_not_found', 'signing.key_already_revoked'],
    handle: async ({ principal, params, cause }) => {
      const { id, revokedAt, already } = await credentials.revoke(inPerson(principal).tenant.id, params.id.toLowerCase(), cause, SURFACE);
      if (already) reject('signing.key_already_revoked');
      return { status: 200, body: { id, revoked_at: seconds(revokedAt) } };
    },
  });

export const apiKeyRoutes = (deps: KeysDeps): readonly Route<QwickPrincipal>[] => [listRoute(deps), createRoute(deps), revokeRoute(deps)];

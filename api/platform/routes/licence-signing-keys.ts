/** GET /tenants/{slug}/licence-signing-keys and POST …/rotate. */
import type { Static } from 'typebox';
import type { LicenceSigningKeys } from '../../../application/licensing/signing-keys.ts';
import type { Access } from '../../../application/tenancy/access.ts';
import type { TenantId } from '../../../domain/kernel/ids.ts';
import { LICENCE_SIGNING_ALGORITHMS, MOST_SIGNING_KEYS, type LicencePublicKey } from '../../../domain/licensing/signing-keys.ts';
import type { LicenceSigningAlgorithm } from '../../../domain/licensing/signing-keys.events.ts';
import type { Reader } from '../../../projections/kernel/reader.ts';
import { publishedKey } from '../../../projections/keys/published-keys.ts';
import { licensingSigningKeys, type LicenceSigningKeyDocument } from '../../../projections/licensing/signing-keys.ts';
import { defineRoute, type Route } from '../../kernel/route.ts';
import { LicenceKeysReply, RotateLicenceKeysBody } from '../licence-key-schemas.ts';
import type { PlatformPrincipal } from '../principal.ts';
import { SlugParams } from '../schemas.ts';
import { tenantOfPath } from './members.ts';

export type LicenceSigningKeyDeps = Readonly<{ licenceSigningKeys: LicenceSigningKeys; reader: Reader; access: Pick<Access, 'tenantBySlug'> }>;

const common = { tags: ['Licence-signing keys'], permission: 'tenant' } as const;
const rejections = ['tenancy.tenant_unknown', 'tenancy.forbidden'];

type Shown = Static<typeof LicenceKeysReply>;

const showKey = (key: LicencePublicKey) => ({ ...publishedKey(key, 'licence').jwk, added_at: key.addedAt }) as Shown['keys'][number];

/** `keys`: all of them, oldest first. */
const show = (tenant: TenantId, keys: readonly LicencePublicKey[]): Shown => {
  const newest = (algorithm: LicenceSigningAlgorithm): string | null => keys.findLast((key) => key.algorithm === algorithm)?.kid ?? null;
  return { audience: tenant, signing: { 'ML-DSA-65': newest('ML-DSA-65'), Ed25519: newest('Ed25519') }, keys: keys.map(showKey) };
};

const listRoute = ({ reader, access }: LicenceSigningKeyDeps) =>
  defineRoute<PlatformPrincipal, typeof SlugParams>({
    ...common,
    method: 'GET',
    path: '/v1/tenants/:slug/licence-signing-keys',
    operationId: 'listLicenceSigningKeys',
    summary: 'The public keys that verify the tenant\'s offline licences, as a JWK set',
    params: SlugParams,
    replies: { 200: { description: 'The public keys', schema: LicenceKeysReply } },
    rejections,
    handle: async ({ params }) => {
      const { id } = await tenantOfPath(access, params.slug);
      const model = await reader.open<LicenceSigningKeyDocument>(id, licensingSigningKeys);
      const { items } = await model.page({ order: { by: 'position', direction: 'asc' }, limit: MOST_SIGNING_KEYS });
      return { status: 200, body: show(id, items) };
    },
  });

const rotateRoute = ({ licenceSigningKeys, access }: LicenceSigningKeyDeps) =>
  defineRoute<PlatformPrincipal, typeof SlugParams, undefined, typeof RotateLicenceKeysBody>({
    ...common,
    method: 'POST',
    path: '/v1/tenants/:slug/licence-signing-keys/rotate',
    operationId: 'rotateLicenceSigningKeys',
    summary: 'Make new keys, which sign offline licences and revocation lists from now on',
    description: 'Older keys stay published: licences that are sold go on working. Programs that ship the keys need the new ones for what is signed from now on.',
    params: SlugParams,
    body: RotateLicenceKeysBody,
    bodyExample: { algorithm: 'ML-DSA-65' },
    replies: { 200: { description: 'The public keys', schema: LicenceKeysReply } },
    rejections: [...rejections, 'licensing.too_many_signing_keys'],
    handle: async ({ params, body, cause, commandId }) => {
      const { id } = await tenantOfPath(access, params.slug);
      const keys = await licenceSigningKeys.rotate(id, body.algorithm === undefined ? LICENCE_SIGNING_ALGORITHMS : [body.algorithm], { ...cause, commandId });
      return { status: 200, body: show(id, keys) };
    },
  });

export const licenceSigningKeyRoutes = (deps: LicenceSigningKeyDeps): readonly Route<PlatformPrincipal>[] => [listRoute(deps), rotateRoute(deps)];

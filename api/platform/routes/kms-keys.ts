/** GET and POST /tenants/{slug}/kms-keys, POST …/{key_id}/rotate and …/versions/{version}/retire, GET …/{key_id}/public. */
import type { Static } from 'typebox';
import type { KeySource, KmsKeys } from '../../../application/keys/kms-keys.ts';
import type { Access } from '../../../application/tenancy/access.ts';
import type { TenantId } from '../../../domain/kernel/ids.ts';
import { reject, rejectFields } from '../../../domain/kernel/rejection.ts';
import type { KmsKeyListing } from '../../../domain/keys/kms-key-listing.ts';
import type { MadeKmsKey } from '../../../domain/keys/kms-key.ts';
import type { Reader } from '../../../projections/kernel/reader.ts';
import { kmsKeysProjection, type KmsKeyDocument } from '../../../projections/keys/kms-keys.ts';
import { publishedKey } from '../../../projections/keys/published-keys.ts';
import { fromAnyBase64 } from '../../kernel/base64.ts';
import { algorithmOf, nameOfAlgorithm } from '../../kernel/kms-algorithms.ts';
import { defineRoute, type Route } from '../../kernel/route.ts';
import { createKeyChoice, type KeyChoice } from '../kms-key-choice.ts';
import { CreateKmsKeyBody, JwksReply, KeyChoiceBody, KmsKeyParams, KmsKeyReply, KmsKeysQuery, KmsVersionParams, PublicKeysQuery } from '../kms-schemas.ts';
import { answerPage, pageOf } from '../page.ts';
import type { PlatformPrincipal } from '../principal.ts';
import { SlugParams } from '../schemas.ts';
import { tenantOfPath } from './members.ts';

export type KmsKeyDeps = Readonly<{ kmsKeys: KmsKeys; reader: Reader; access: Pick<Access, 'tenantBySlug'> }>;

const common = { tags: ['KMS keys'], permission: 'tenant' } as const;
const rejections = ['tenancy.tenant_unknown', 'tenancy.forbidden'];

type ShownVersion = Static<typeof KmsKeyReply>['versions'][number];

const showVersion = ({ version, kid, origin, signs, createdAt, retiredAt }: KmsKeyListing['versions'][number], newest: number): ShownVersion => {
  const status = signs && version === newest ? 'signing' : 'verifying';
  return { version, kid, origin, status: retiredAt === null ? status : 'retired', created_at: createdAt, retired_at: retiredAt };
};

/** What was done is answered from what is known of the key, whatever the list knows yet. */
const show = ({ keyId, algorithm, service, createdAt, versions }: KmsKeyListing): Static<typeof KmsKeyReply> => {
  const shown = versions.map((version) => showVersion(version, versions.length));
  const canSign = shown.some(({ status }) => status === 'signing');
  return { key_id: keyId, algorithm: nameOfAlgorithm(algorithm), service, can_sign: canSign, created_at: createdAt, versions: shown };
};

/** Each is published for anybody to fetch, and a wrong signature is tried under each of its key. */
const MOST_LIVE = 256;

/** Rejects with `keys.too_many_keys` {limit}. Two requests at once may both find the last place: it is a bound on a nuisance, no quota. */
const requireRoom = async (reader: Reader, tenant: TenantId): Promise<void> => {
  let live = 0;
  for await (const { versions } of (await reader.open<KmsKeyDocument>(tenant, kmsKeysProjection)).stream({})) {
    live += versions.filter(({ retiredAt }) => retiredAt === null).length;
  }
  if (live >= MOST_LIVE) reject('keys.too_many_keys', { limit: MOST_LIVE });
};

const sourceOf = ({ public_key: publicKey, seed }: Static<typeof CreateKmsKeyBody>): KeySource => {
  if (publicKey !== undefined && seed !== undefined) return rejectFields({ public_key: 'means nothing beside a seed' });
  if (publicKey !== undefined) return { kind: 'public', publicKey: fromAnyBase64('public_key', publicKey) };
  return seed === undefined ? { kind: 'generated' } : { kind: 'seed', seed: fromAnyBase64('seed', seed) };
};

const listRoute = ({ reader, access }: KmsKeyDeps) =>
  defineRoute<PlatformPrincipal, typeof SlugParams, typeof KmsKeysQuery>({
    ...common,
    method: 'GET',
    path: '/v1/tenants/:slug/kms-keys',
    operationId: 'listKmsKeys',
    summary: 'List the keys of the KMS, newest first',
    params: SlugParams,
    query: KmsKeysQuery,
    replies: { 200: { description: 'A page of keys', schema: pageOf(KmsKeyReply, 'Keys of the KMS') } },
    rejections,
    handle: async ({ params, query }) => {
      const { id } = await tenantOfPath(access, params.slug);
      const model = await reader.open<KmsKeyDocument>(id, kmsKeysProjection);
      return answerPage('kms-keys', query, (page) => model.page({ ...page, order: { by: 'createdAt', direction: 'desc' } }), show);
    },
  });

const createRoute = ({ kmsKeys, reader, access }: KmsKeyDeps) =>
  defineRoute<PlatformPrincipal, typeof SlugParams, undefined, typeof CreateKmsKeyBody>({
    ...common,
    method: 'POST',
    path: '/v1/tenants/:slug/kms-keys',
    operationId: 'createKmsKey',
    summary: 'Make or import a key that services sign and verify with',
    description: 'Every service of the tenant whose credential is not bound to other keys may use it. A key called `default` takes the place of the services\' own default keys when they sign.',
    params: SlugParams,
    body: CreateKmsKeyBody,
    bodyExample: { key_id: 'releases', algorithm: 'ML-DSA-65' },
    replies: { 201: { description: 'The key', schema: KmsKeyReply } },
    rejections: [...rejections, 'keys.key_exists', 'keys.too_many_keys'],
    handle: async ({ params, body, cause, commandId }) => {
      const { id, slug } = await tenantOfPath(access, params.slug);
      await requireRoom(reader, id);
      const wanted = { keyId: body.key_id, algorithm: algorithmOf(body.algorithm), from: sourceOf(body) };
      const { listing } = await kmsKeys.create(id, wanted, { ...cause, commandId });
      return { status: 201, body: show(listing), headers: { Location: `/platform/v1/tenants/${slug}/kms-keys/${body.key_id}/public` } };
    },
  });

const rotateRoute = ({ kmsKeys, reader, access }: KmsKeyDeps, choice: KeyChoice) =>
  defineRoute<PlatformPrincipal, typeof KmsKeyParams, undefined, typeof KeyChoiceBody>({
    ...common,
    method: 'POST',
    path: '/v1/tenants/:slug/kms-keys/:key_id/rotate',
    operationId: 'rotateKmsKey',
    summary: 'Make a new version of a key, which signs from now on',
    description: 'What older versions have signed still verifies, until they are retired.',
    params: KmsKeyParams,
    body: KeyChoiceBody,
    bodyExample: { algorithm: 'ML-DSA-65' },
    replies: { 200: { description: 'The key', schema: KmsKeyReply } },
    rejections: [...rejections, 'keys.key_not_found', 'keys.public_only', 'keys.too_many_versions', 'keys.too_many_keys'],
    handle: async ({ params, body, cause, commandId }) => {
      const { id } = await tenantOfPath(access, params.slug);
      const { name } = await choice.one(id, params.key_id, body);
      await requireRoom(reader, id);
      const { listing } = await kmsKeys.rotate(id, name, { ...cause, commandId });
      return { status: 200, body: show(listing) };
    },
  });

const retireRoute = ({ kmsKeys, access }: KmsKeyDeps, choice: KeyChoice) =>
  defineRoute<PlatformPrincipal, typeof KmsVersionParams, undefined, typeof KeyChoiceBody>({
    ...common,
    method: 'POST',
    path: '/v1/tenants/:slug/kms-keys/:key_id/versions/:version/retire',
    operationId: 'retireKmsKeyVersion',
    summary: 'Retire a version of a key: what it has signed verifies no more',
    description: 'Not the version that signs: rotate the key first. A retired version stays retired.',
    params: KmsVersionParams,
    body: KeyChoiceBody,
    bodyExample: {},
    replies: { 200: { description: 'The key', schema: KmsKeyReply } },
    rejections: [...rejections, 'keys.key_not_found', 'keys.version_not_found', 'keys.version_signs'],
    handle: async ({ params, body, cause }) => {
      const { id } = await tenantOfPath(access, params.slug);
      const { name } = await choice.one(id, params.key_id, body);
      const { listing } = await kmsKeys.retire(id, name, Number(params.version), cause);
      return { status: 200, body: show(listing) };
    },
  });

const jwksOf = ({ name: { algorithm }, live }: MadeKmsKey) => live.map(({ kid, publicKey }) => publishedKey({ algorithm, kid, publicKey }, 'kms').jwk);

const publicRoute = ({ access }: KmsKeyDeps, choice: KeyChoice) =>
  defineRoute<PlatformPrincipal, typeof KmsKeyParams, typeof PublicKeysQuery>({
    ...common,
    method: 'GET',
    path: '/v1/tenants/:slug/kms-keys/:key_id/public',
    operationId: 'getKmsPublicKeys',
    summary: 'The public keys under a key id, as a JWK set',
    description: 'Of every algorithm and, for `default`, of every service that has one of its own: all versions that are not retired. Who has them need not trust the KMS to verify.',
    params: KmsKeyParams,
    query: PublicKeysQuery,
    replies: { 200: { description: 'The public keys', schema: JwksReply } },
    rejections: [...rejections, 'keys.key_not_found'],
    handle: async ({ params, query }) => {
      const { id } = await tenantOfPath(access, params.slug);
      const keys = await choice.all(id, params.key_id, query);
      return { status: 200, body: { keys: keys.flatMap(jwksOf) } };
    },
  });

export const kmsKeyRoutes = (deps: KmsKeyDeps): readonly Route<PlatformPrincipal>[] => {
  const choice = createKeyChoice(deps);
  return [listRoute(deps), createRoute(deps), rotateRoute(deps, choice), retireRoute(deps, choice), publicRoute(deps, choice)];
};

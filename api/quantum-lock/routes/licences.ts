/** POST /licenses/generate, POST /licenses/validate, GET /licenses, GET /licenses/{license_key}, POST /licenses/{license_key}/revoke */
import type { Static } from 'typebox';
import { statusOf, type Licence, type Licences, type Verdict } from '../../../application/licensing/licences.ts';
import type { Clock } from '../../../application/kernel/ports.ts';
import type { LicenceBook } from '../../../application/licensing/ports.ts';
import { reject, rejectFields } from '../../../domain/kernel/rejection.ts';
import { defineRoute, type Route } from '../../kernel/route.ts';
import { EXAMPLES } from '../examples.ts';
import { canonicalKey } from '../licence-key.ts';
import { identified, type LockPrincipal } from '../principal.ts';
import {
  DetailsReply, GENERATE_BODY_BYTES, GenerateBody, GenerateReply, LicenceParams, ListQuery, ListReply, MAX_METADATA, RevokeBody, RevokeReply, ValidateBody,
  ValidateReply,
} from '../schemas.ts';
import { timesFor, type WriteTime } from '../times.ts';

export type LicenceDeps = Readonly<{ licences: Licences; book: LicenceBook; clock: Clock }>;

const MAX_PER_PAGE = 100;
const SECURITY_LEVEL = 'Quantum-QCOS-16Q';

const MESSAGES: Readonly<Record<Verdict, string>> = {
  valid: 'License valid',
  not_found: 'License not found or does not match end-customer ID',
  signature_mismatch: 'Quantum signature mismatch',
  revoked: 'License revoked',
  expired: 'License expired',
};
/** Whether the fingerprint was compared, and fits. */
const VERIFIED: ReadonlySet<Verdict> = new Set(['valid', 'revoked', 'expired']);

const common = { tags: ['Licenses'], permission: 'licences' } as const;

const round = (fidelity: number): string => fidelity.toFixed(4);

const generated = (licence: Licence, write: WriteTime): Static<typeof GenerateReply> => ({
  license_key: licence.licenceKey,
  quantum_signature: licence.quantumSignature ?? null,
  end_customer_id: licence.endCustomerId ?? null,
  features: [...licence.features],
  valid_until: write(licence.validUntil),
  quantum_verified: licence.quantumSignature !== undefined,
  qcos_fidelity: Number(round(licence.fidelity)),
  security_level: SECURITY_LEVEL,
  generated_at: write(licence.generatedAt),
});

const head = (licence: Licence, write: WriteTime) => ({
  id: licence.number,
  license_key: licence.licenceKey,
  end_customer_id: licence.endCustomerId ?? null,
  features: [...licence.features],
  valid_until: write(licence.validUntil),
  created_at: write(licence.generatedAt),
});

const details = (licence: Licence, now: number, write: WriteTime): Static<typeof DetailsReply> => ({
  ...head(licence, write),
  quantum_signature: licence.quantumSignature ?? null,
  qcos_fidelity: round(licence.fidelity),
  status: statusOf(licence, now),
  revoked: licence.revokedAt !== null,
  revoked_at: licence.revokedAt === null ? null : write(licence.revokedAt),
  revoked_reason: licence.revokedReason,
});

const checkMetadata = (metadata: object | null): void => {
  if (metadata !== null && Buffer.byteLength(JSON.stringify(metadata)) > MAX_METADATA) rejectFields({ metadata: `must NOT have more than ${MAX_METADATA} bytes of JSON` });
};

const generateRoute = ({ licences }: LicenceDeps) =>
  defineRoute<LockPrincipal, undefined, undefined, typeof GenerateBody>({
    ...common,
    method: 'POST',
    path: '/api/v1/licenses/generate',
    operationId: 'generateLicense',
    summary: 'Generate a license',
    description: 'Limited by plan and UTC month; what was revoked counts all the same. 429 says in `Retry-After` when the next month begins.',
    body: GenerateBody,
    bodyExample: EXAMPLES.generate,
    maxBodyBytes: GENERATE_BODY_BYTES,
    replies: { 201: { description: 'The license', schema: GenerateReply, example: EXAMPLES.generated } },
    rejections: ['licensing.quota_exceeded', 'licensing.generation_failed'],
    // The answer names a person: its copy is kept sealed.
    idempotentCopy: 'secret',
    handle: async (request) => {
      const { body, principal, commandId, cause } = request;
      checkMetadata(body.metadata);
      const wanted = { commandId, endCustomerId: body.end_customer_id, features: body.features, validDays: body.valid_days, metadata: body.metadata };
      return { status: 201, body: generated(await licences.generate(identified(principal), wanted, cause), timesFor(request)) };
    },
  });

const validateRoute = ({ licences }: LicenceDeps) =>
  defineRoute<LockPrincipal, undefined, undefined, typeof ValidateBody>({
    ...common,
    method: 'POST',
    path: '/api/v1/licenses/validate',
    operationId: 'validateLicense',
    summary: 'Validate a license',
    description: `200 whatever the verdict. \`message\` is one of: ${Object.values(MESSAGES).map((message) => `"${message}"`).join(', ')}.`,
    body: ValidateBody,
    bodyExample: EXAMPLES.validate,
    replies: { 200: { description: 'The verdict', schema: ValidateReply, example: EXAMPLES.validated } },
    idempotentCopy: 'secret',
    handle: async ({ body, principal, cause }) => {
      const licenceKey = canonicalKey(body.license_key);
      const asked = { licenceKey: licenceKey ?? '', endCustomerId: body.end_customer_id };
      const { verdict } = licenceKey === undefined ? { verdict: 'not_found' as const } : await licences.validate(identified(principal), asked, cause);
      const answer = { valid: verdict === 'valid', end_customer_id: body.end_customer_id, quantum_verified: VERIFIED.has(verdict), message: MESSAGES[verdict] };
      return { status: 200, body: answer satisfies Static<typeof ValidateReply> };
    },
  });

const listRoute = ({ book, clock }: LicenceDeps) =>
  defineRoute<LockPrincipal, undefined, typeof ListQuery>({
    ...common,
    method: 'GET',
    path: '/api/v1/licenses',
    operationId: 'listLicenses',
    summary: 'List licenses',
    query: ListQuery,
    replies: { 200: { description: 'One page of licenses', schema: ListReply, example: EXAMPLES.list } },
    handle: async (request) => {
      const { page, per_page: asked, status_filter: status } = request.query;
      const perPage = Math.min(asked, MAX_PER_PAGE);
      const now = clock.now();
      const write = timesFor(request);
      const { items, total } = await book.page(identified(request.principal).tenant.id, { page, perPage, now, signal: request.signal, ...(status !== undefined && { status }) });
      const licenses = items.map((licence) => ({ ...head(licence, write), status: statusOf(licence, now), revoked: licence.revokedAt !== null }));
      const body = { licenses, total, page, per_page: perPage, total_pages: Math.ceil(total / perPage) };
      return { status: 200, body: body satisfies Static<typeof ListReply> };
    },
  });

/** What cannot be a licence key is none that there is. */
const known = (text: string): string => canonicalKey(text) ?? reject('licensing.licence_not_found');

const detailsRoute = ({ book, clock }: LicenceDeps) =>
  defineRoute<LockPrincipal, typeof LicenceParams>({
    ...common,
    method: 'GET',
    path: '/api/v1/licenses/:license_key',
    operationId: 'getLicense',
    summary: 'License details',
    params: LicenceParams,
    replies: { 200: { description: 'The license', schema: DetailsReply, example: EXAMPLES.details } },
    rejections: ['licensing.licence_not_found'],
    handle: async (request) => {
      const { tenant } = identified(request.principal);
      const licence = (await book.get(tenant.id, known(request.params.license_key))) ?? reject('licensing.licence_not_found');
      return { status: 200, body: details(licence, clock.now(), timesFor(request)) };
    },
  });

const revokeRoute = ({ licences }: LicenceDeps) =>
  defineRoute<LockPrincipal, typeof LicenceParams, undefined, typeof RevokeBody>({
    ...common,
    method: 'POST',
    path: '/api/v1/licenses/:license_key/revoke',
    operationId: 'revokeLicense',
    summary: 'Revoke a license',
    description: 'For ever; a second time is refused.',
    params: LicenceParams,
    body: RevokeBody,
    bodyExample: EXAMPLES.revoke,
    replies: { 200: { description: 'It is revoked', schema: RevokeReply, example: EXAMPLES.revoked } },
    rejections: ['licensing.licence_not_found', 'licensing.licence_revoked'],
    idempotentCopy: 'secret',
    handle: async (request) => {
      const licenceKey = known(request.params.license_key);
      const { reason = null } = request.body;
      const { revokedAt } = await licences.revoke(identified(request.principal), licenceKey, reason ?? undefined, request.cause);
      const body = { success: true, license_key: licenceKey, revoked_at: timesFor(request)(revokedAt), reason, message: 'License revoked successfully' } as const;
      return { status: 200, body: body satisfies Static<typeof RevokeReply> };
    },
  });

export const licenceRoutes = (deps: LicenceDeps): readonly Route<LockPrincipal>[] => [
  generateRoute(deps),
  validateRoute(deps),
  listRoute(deps),
  detailsRoute(deps),
  revokeRoute(deps),
];

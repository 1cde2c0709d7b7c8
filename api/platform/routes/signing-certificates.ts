/** POST /tenants/{slug}/signing-certificates/{serial}/revoke */
import type { RevokeSigningCertificate } from '../../../application/signing/revoke-certificate.ts';
import type { Clock } from '../../../application/kernel/ports.ts';
import type { Access } from '../../../application/tenancy/access.ts';
import { reject } from '../../../domain/kernel/rejection.ts';
import { serialNumber } from '../../../domain/signing/serial-number.ts';
import { defineRoute } from '../../kernel/route.ts';
import { instantOf } from '../plan.ts';
import type { PlatformPrincipal } from '../principal.ts';
import { CertificateParams, REASONS, RevokeBody, RevokedReply, type ReasonName } from '../recall-schemas.ts';
import { tenantOfPath } from './members.ts';

export type CertificateDeps = Readonly<{ revokeCertificate: RevokeSigningCertificate; access: Pick<Access, 'tenantBySlug'>; clock: Clock }>;

const NAMES = new Map(Object.entries(REASONS).flatMap(([name, stored]) => [[name, name], [stored, name]] as const)) as ReadonlyMap<string, ReasonName>;

export const revokeCertificateRoute = ({ revokeCertificate, access, clock }: CertificateDeps) =>
  defineRoute<PlatformPrincipal, typeof CertificateParams, undefined, typeof RevokeBody>({
    method: 'POST',
    path: '/v1/tenants/:slug/signing-certificates/:serial/revoke',
    operationId: 'revokeSigningCertificate',
    summary: 'Revoke a code-signing certificate',
    description: 'It is on the revocation list before this is answered, and signs no more: signatures under way with it go nowhere, and are made with a new one.',
    tags: ['Recall'],
    permission: 'tenant',
    params: CertificateParams,
    body: RevokeBody,
    bodyExample: { reason: 'keyCompromise', at: '2026-03-09T14:00:00Z' },
    replies: { 200: { description: 'Revoked', schema: RevokedReply } },
    rejections: ['tenancy.tenant_unknown', 'tenancy.forbidden', 'authorities.certificate_unknown', 'authorities.certificate_revoked', 'authorities.too_many_revocations'],
    handle: async ({ params, body, cause }) => {
      const { id, name } = await tenantOfPath(access, params.slug);
      const serial = serialNumber(params.serial);
      const reason = NAMES.get(body.reason) ?? 'unspecified';
      const revokedAt = body.at === undefined ? clock.now() : Date.parse(instantOf(body.at, 'at'));
      const revoked = await revokeCertificate({ id, name }, { serial, reason: REASONS[reason], revokedAt }, cause);
      if (!revoked) return reject('authorities.certificate_revoked', { serial });
      return { status: 200, body: { serial, reason, revoked_at: new Date(revokedAt).toISOString() } };
    },
  });

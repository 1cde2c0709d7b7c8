/** The platform API: where the operator makes tenants, and account holders look after theirs. */
import type { Access } from '../../application/tenancy/access.ts';
import { defineSurface, type Surface } from '../kernel/surface.ts';
import { createRenderError, errorCatalogue, PROBLEM, ProblemBody } from './errors.ts';
import { actorOf, createAuthenticate, idempotencyScope, permit, rateRule, tenantOf, type PlatformPrincipal } from './principal.ts';
import { accountRoutes, type AccountDeps } from './routes/account.ts';
import { approvalRoutes, type ApprovalDeps } from './routes/approvals.ts';
import { credentialRoutes, type CredentialDeps } from './routes/credentials.ts';
import { eventSchemaRoutes } from './routes/event-schemas.ts';
import { eventRoutes, type EventDeps } from './routes/events.ts';
import { invitationRoutes, type InvitationDeps } from './routes/invitations.ts';
import { kmsKeyRoutes, type KmsKeyDeps } from './routes/kms-keys.ts';
import { licenceSigningKeyRoutes, type LicenceSigningKeyDeps } from './routes/licence-signing-keys.ts';
import { memberRoutes, type MemberDeps } from './routes/members.ts';
import { operationRoutes, type OperationDeps } from './routes/operations.ts';
import { recallRoute, type RecallDeps } from './routes/recall.ts';
import { sessionRoutes, type SessionDeps } from './routes/sessions.ts';
import { revokeCertificateRoute, type CertificateDeps } from './routes/signing-certificates.ts';
import { siemSinkRoutes, type SiemDeps } from './routes/siem-sinks.ts';
import { signingPolicyRoutes, type SigningPolicyDeps } from './routes/signing-policy.ts';
import { tenantRoutes, type TenantDeps } from './routes/tenants.ts';
import { deliveryRoutes } from './routes/deliveries.ts';
import { webhookRoutes, type WebhookDeps } from './routes/webhooks.ts';

export type PlatformDeps = TenantDeps &
  MemberDeps &
  InvitationDeps &
  AccountDeps &
  CredentialDeps &
  SessionDeps &
  OperationDeps &
  SigningPolicyDeps &
  ApprovalDeps &
  RecallDeps &
  CertificateDeps &
  KmsKeyDeps &
  EventDeps &
  LicenceSigningKeyDeps &
  WebhookDeps &
  SiemDeps &
  Readonly<{ access: Access; operatorToken: string }>;

const MOUNT = '/platform';

const slugOf = (params: unknown): unknown => (params as Readonly<{ slug?: string }> | undefined)?.slug;

export const createPlatformSurface = (deps: PlatformDeps): Surface =>
  defineSurface<PlatformPrincipal>({
    name: 'platform',
    mount: MOUNT,
    documentsBelow: '/v1',
    info: {
      title: 'Chancery platform API',
      version: 'v1',
      description:
        'Tenants, plans, members, credentials and sessions, behind all surfaces. Errors are problems (RFC 9457); lists are pages by cursor; every POST honours Idempotency-Key.',
    },
    routes: [...tenantRoutes(deps), ...memberRoutes(deps), ...invitationRoutes(deps), ...accountRoutes(deps), ...credentialRoutes(deps), ...sessionRoutes(deps), ...operationRoutes(deps), ...signingPolicyRoutes(deps), ...approvalRoutes(deps), recallRoute(deps), revokeCertificateRoute(deps), ...kmsKeyRoutes(deps), ...licenceSigningKeyRoutes(deps), ...eventRoutes(deps), ...eventSchemaRoutes(deps), ...webhookRoutes(deps), ...deliveryRoutes(deps), ...siemSinkRoutes(deps)],
    unknownQuery: 'refused',
    security: { bearer: { type: 'http', scheme: 'bearer', description: 'The operator token, or the access token of a session.' } },
    publicPermissions: ['public'],
    authenticate: createAuthenticate(deps.access, deps.operatorToken),
    current: async (principal) => (principal.kind === 'person' ? deps.access.current(principal) : principal),
    actor: actorOf,
    tenant: tenantOf,
    idempotencyScope,
    rate: rateRule,
    isLimited: () => true,
    permissionRejections: {
      operator: ['tenancy.operator_required'],
      tenant: ['tenancy.tenant_unknown', 'tenancy.forbidden'],
      member: ['tenancy.tenant_unknown'],
      person: ['tenancy.session_required'],
    },
    permit: ({ principal, params }, permission) => permit(principal, permission, slugOf(params)),
    renderReply: (body) => body,
    renderError: createRenderError(MOUNT),
    errorSchema: ProblemBody,
    errorContentType: PROBLEM,
    errorCatalogue,
  });

/** Example messages of the signing context: one builder each, every field overridable. */
import type { SubjectId, TenantId } from '../../domain/kernel/ids.ts';
import type { CertificateWithdrawn, SigningAbandoned, SigningCompleted, SigningFailed, SigningRequested, SigningResultReported, SigningTimedOut } from '../../domain/signing/operation.events.ts';
import type { CredentialPrincipal, PersonPrincipal, PlanState, TenantView } from '../../application/tenancy/access.ts';

export const OPERATION = '019aa5c4-6f00-7000-8000-000000000001';
export const USER = '019aa5c4-6f00-7000-8000-00000000000a' as SubjectId;
export const DIGEST = 'n4bQgYhMfWWaL+qgxVrQFaO/TxsrC4Is0V1sFbDwCgg=';

export const requested = (data: Partial<SigningRequested['data']> = {}): SigningRequested => ({
  type: 'SigningRequested',
  data: {
    operationId: OPERATION,
    actorUserId: USER,
    by: { kind: 'session', id: 'session-1' },
    secondFactor: false,
    digest: DIGEST,
    algorithm: 'sha256',
    fileName: 'MyApp.exe',
    fileSize: 2_048_576,
    fileKind: 'pe',
    source: 'cli',
    address: { subject: USER, box: 'sealed' },
    requestedAt: '2026-03-09T14:23:42.100Z',
    ...data,
  },
});

export const completed = (data: Partial<SigningCompleted['data']> = {}): SigningCompleted => ({
  type: 'SigningCompleted',
  data: {
    operationId: OPERATION,
    signedAt: '2026-03-09T14:23:44.892Z',
    timestamp: '2026-03-09T14:23:45Z',
    certificateSerial: '3300000001',
    certificateSha256: 'a'.repeat(64),
    pkcs7Sha256: 'b'.repeat(64),
    ...data,
  },
});

export const failed = (data: Partial<SigningFailed['data']> = {}): SigningFailed => ({
  type: 'SigningFailed',
  data: { operationId: OPERATION, code: 'signing.backend_failed', failedAt: '2026-03-09T14:23:44.892Z', ...data },
});

export const reported = (data: Partial<SigningResultReported['data']> = {}): SigningResultReported => ({
  type: 'SigningResultReported',
  data: {
    operationId: OPERATION,
    result: 'completed',
    actorUserId: USER,
    by: { kind: 'session', id: 'session-1' },
    reportedAt: '2026-03-09T14:24:01.000Z',
    ...data,
  },
});

export const timedOut = (data: Partial<SigningTimedOut['data']> = {}): SigningTimedOut => ({
  type: 'SigningTimedOut',
  data: { operationId: OPERATION, timedOutAt: '2026-03-09T14:24:45.000Z', ...data },
});

export const withdrawn = (data: Partial<CertificateWithdrawn['data']> = {}): CertificateWithdrawn => ({
  type: 'CertificateWithdrawn',
  data: { operationId: OPERATION, certificateSerial: '3300000001', withdrawnAt: '2026-03-09T14:23:44.000Z', ...data },
});

export const abandoned = (data: Partial<SigningAbandoned['data']> = {}): SigningAbandoned => ({
  type: 'SigningAbandoned',
  data: { operationId: OPERATION, abandonedAt: '2026-03-10T14:24:00.000Z', ...data },
});

export const tenantView = (over: Partial<TenantView> = {}): TenantView => ({
  id: '019aa5c4-6f00-7000-8000-0000000000f0' as TenantId,
  slug: 'acme-corp',
  name: 'Acme Corp',
  plans: {},
  ...over,
});

export const qwickPlan = (plan: Partial<PlanState>): TenantView['plans'] => ({
  'qwick-cert': { plan: 'pro', status: 'active', since: '2026-01-01T00:00:00.000Z', cancelAtPeriodEnd: false, limits: {}, ...plan },
});

export const person = (over: Partial<PersonPrincipal> = {}): PersonPrincipal => ({
  kind: 'person',
  tenant: tenantView(),
  userId: USER,
  role: 'owner',
  sessionId: 'session-1',
  amr: ['pwd'],
  ...over,
});

export const credential = (over: Partial<CredentialPrincipal> = {}): CredentialPrincipal => ({
  kind: 'credential',
  tenant: tenantView(),
  surface: 'qwick-cert',
  form: 'api-key',
  name: 'CI',
  credentialId: '019aa5c4-6f00-7000-8000-00000000000b',
  permissions: ['sign', 'read_audit'],
  actingFor: USER,
  role: 'owner',
  secondFactor: false,
  ...over,
});

/** Neither quota nor queue, nothing recorded of refusals, and nobody changes meanwhile: for tests of something else. */
export const UNLIMITED = {
  access: { current: async <Known>(known: Known): Promise<Known> => known },
  rules: { look: () => undefined, take: () => undefined },
  quotas: {
    reserve: async ({ id }: Pick<TenantView, 'id'>, operationId: string) => ({ tenant: id, period: 'none', operationId }),
    spend: async () => undefined,
    release: async () => undefined,
  },
  places: { take: async () => () => undefined },
  recordRefusal: async () => undefined,
} as const;

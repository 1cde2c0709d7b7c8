/** The surface over the real kernel, with licences that say what a test has them say. */
import type { Licence, Licences, LicenceUsage } from '../../../application/licensing/licences.ts';
import type { LicenceBook, Revocation } from '../../../application/licensing/ports.ts';
import type { RevocationBundles } from '../../../application/licensing/revocation-bundle.ts';
import type { ReadModel } from '../../../application/kernel/read-models.ts';
import type { Access, CredentialPrincipal, TenantView } from '../../../application/tenancy/access.ts';
import type { SubjectId, TenantId } from '../../../domain/kernel/ids.ts';
import { reject } from '../../../domain/kernel/rejection.ts';
import type { Reader } from '../../../projections/kernel/reader.ts';
import { createQuantumLockSurface, type QuantumLockDeps } from '../../../api/quantum-lock/surface.ts';
import type { Health } from '../../../api/quantum-lock/routes/meta.ts';
import { createAnswerShapes } from '../qwick-cert/answer-shapes.ts';
import { ask, serve } from '../kernel/support.ts';

export const NOW = Date.parse('2025-06-15T14:30:00.999Z');
export const KEY = 'QCOS-41FB-639F-C30B-14E3-6342-7B3E-6426-9320';
export const API = '/quantum-lock/api/v1';

export const LICENCE: Licence = {
  number: 1, licenceKey: KEY, endCustomerId: 'user@acmecorp.com', features: ['premium', 'api_access', 'analytics'], metadata: { company: 'Acme Corp' },
  quantumSignature: 'a1b2c3d4e5f6', fidelity: 0.984_712_3, generatedAt: '2025-06-15T10:30:00.999Z', validUntil: '2026-06-15T10:30:00.999Z', revokedAt: null, revokedReason: null,
};
export const ERASED: Licence = { ...LICENCE, endCustomerId: undefined, metadata: null, quantumSignature: undefined, revokedAt: '2025-06-15T14:30:00.000Z' };

const TENANT_ID = '0194688e-6800-7abc-8000-000000000001' as TenantId;
const active = { status: 'active', since: '2025-01-15T08:00:00.000Z', cancelAtPeriodEnd: false, limits: {} } as const;
const TENANT: TenantView = { id: TENANT_ID, slug: 'acme_corp', name: 'Acme Corporation', plans: { 'quantum-lock': { ...active, plan: 'startup' } } };

const principal = (form: 'api-key' | 'service', permissions: readonly string[]): CredentialPrincipal => ({
  kind: 'credential', tenant: TENANT, surface: 'quantum-lock', form, name: 'test', credentialId: `${form}-1`, permissions, actingFor: 'owner' as SubjectId, role: 'owner', secondFactor: false,
});

const PRINCIPALS: Readonly<Record<string, CredentialPrincipal>> = {
  qlk_good: principal('api-key', ['licences']), svc_good: principal('service', ['kms']),
  qlk_other: { ...principal('api-key', ['licences']), tenant: { ...TENANT, id: '0194688e-6800-7abc-8000-000000000002' as TenantId, slug: 'other' } },
  qlk_without: principal('api-key', []), qlk_service: principal('service', ['kms']), svc_key: principal('api-key', ['licences']),
};

/** What a test may turn. */
export type Script = Licences & Pick<LicenceBook, 'get' | 'page' | 'revocations'> & RevocationBundles & { health: Health; ended: boolean };

const usage: LicenceUsage = { month: '2025-06', generated: 342, plan: 'startup', limit: 10_000, sold: 400 };

async function* none(): AsyncIterable<Revocation> {}

const createScript = (): Script => ({
  generate: async () => LICENCE,
  validate: async () => ({ verdict: 'valid' }),
  revoke: async () => ({ revokedAt: '2025-06-15T14:30:00.123Z' }),
  revoked: async () => NOW,
  usage: async () => usage,
  get: async (_tenant, licenceKey) => (licenceKey === KEY ? LICENCE : undefined),
  page: async () => ({ items: [LICENCE], total: 42 }),
  revocations: none,
  bundle: async () => ({ token: 'a.b.c', kid: 'k'.repeat(43), from: '0', to: '0', more: false, count: 0, issuedAt: '2025-06-15T14:30:00.999Z' }),
  health: { storage: true, fingerprints: true },
  ended: false,
});

const accessOf = (script: Script): Access => ({
  credential: async (_surface, secret) => PRINCIPALS[secret] ?? reject('tenancy.credential_unknown'),
  current: async (known) => (script.ended ? reject('tenancy.credential_revoked') : known),
  session: async () => reject('tenancy.token_invalid'),
  tenantBySlug: async () => undefined,
});

const reader = { open: async () => ({ get: async () => ({ createdAt: '2025-01-15T08:00:00.000Z' }) }) as unknown as ReadModel<object> } as unknown as Reader;

/** What has specs of its own is not asked here. */
const elsewhere = {} as Omit<QuantumLockDeps, 'access' | 'clock' | 'health' | 'reader' | 'licences' | 'book' | 'bundles' | 'members'>;

const surfaceOf = (script: Script) =>
  createQuantumLockSurface({
    ...elsewhere,
    access: accessOf(script), clock: { now: () => NOW }, health: async () => script.health, reader,
    licences: { generate: (...given) => script.generate(...given), validate: (...given) => script.validate(...given), revoke: (...given) => script.revoke(...given), revoked: (...given) => script.revoked(...given), usage: (...given) => script.usage(...given) },
    book: { get: (...given) => script.get(...given), page: (...given) => script.page(...given), revocations: (...given) => script.revocations(...given), revocationsAfter: none },
    bundles: { bundle: (...given) => script.bundle(...given) },
    kms: { sign: async () => reject('keys.key_not_found'), verify: async () => reject('keys.key_not_found') },
    members: { oldestOwner: async () => ({ userId: 'owner' as SubjectId, email: 'admin@acmecorp.com', role: 'owner' }) },
  });

type Asked = Readonly<{ key?: string; body?: unknown; headers?: Readonly<Record<string, string>> }>;

export const startScripted = async () => {
  const script = createScript();
  const surface = surfaceOf(script);
  const running = await serve([surface], { clock: { now: () => NOW } });
  const checkShape = createAnswerShapes(surface);
  return {
    script,
    surface,
    running,
    /** With a good API key unless said otherwise; `''`: with none. A JSON answer off its documented schema fails the test. */
    call: async (method: string, path: string, { key = 'qlk_good', body, headers = {} }: Asked = {}) => {
      const answer = await ask(running, method, path, { as: '', body, headers: { ...(key !== '' && { 'x-api-key': key }), ...headers } });
      const isHealth = path.endsWith('/health');
      if (answer.json !== undefined && !isHealth) checkShape({ method, path, status: answer.status, json: answer.json });
      return answer;
    },
    reset: () => void Object.assign(script, createScript()),
    close: running.close,
  };
};

export type Scripted = Awaited<ReturnType<typeof startScripted>>;

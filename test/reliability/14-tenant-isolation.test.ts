/**
 * Promise 14: a tenant sees nothing of another, whatever the credential. The matrix is every row of every route table times every kind
 * of credential, with the answer of each cell written down here; a route without a row fails.
 */
import { expect } from 'chai';
import { createApp } from '../../api/kernel/app.ts';
import { createHttpServer } from '../../api/kernel/server.ts';
import type { Surface } from '../../api/kernel/surface.ts';
import { systemIds } from '../../infrastructure/runtime/ids.ts';
import { createMetrics } from '../../infrastructure/runtime/metrics.ts';
import { createMemoryState, createPretendSecrets } from '../api/kernel/support.ts';
import { silentLogger } from '../support/silent.ts';
import { CLASSES, makeCast, type Cast, type Class } from './cast.ts';
import { apiKeyHeader, createAsk, newId, signBody, startWorld, type Answered, type Ask, type World } from './world.ts';

const HOME = 'home-canary-51c2';
/** As long as the real one, so that lengths cannot differ for no reason. */
const NEVER = 'never-was-there1';
const OTHER = 'other-org';
const NO_JOB = newId();
const PEOPLE: readonly Class[] = ['owner', 'admin', 'signer', 'developer', 'viewer'];
const KEYS: readonly Class[] = ['key to sign', 'key to read', 'key to both'];
const OTHERS: readonly Class[] = ['other owner', 'other viewer', 'other key'];
const DEAD_KEYS: readonly Class[] = ['unknown key', 'revoked key', 'expired key', 'key of a removed member'];

/** Status and stable code, as `403 tenancy.forbidden`. */
type Outcome = string;
type Rule = (who: Class, ok: Outcome) => Outcome;

/** On Qwick Cert: dead keys are told from everything else that identifies nobody; a foreign organization is not found. */
const qwick =
  (allowed: readonly Class[]): Rule =>
  (who, ok) => {
    if (DEAD_KEYS.includes(who)) return '401 QWICK_AUTH_304';
    if (OTHERS.includes(who)) return '404 QWICK_API_602';
    if (allowed.includes(who)) return ok;
    return [...PEOPLE, ...KEYS].includes(who) ? '403 QWICK_AUTH_303' : '401 QWICK_AUTH_301';
  };

/** On the platform keys are nobody, and other tenants are not there. */
const platform =
  (allowed: readonly Class[], denied: Readonly<{ people: Outcome; others: Outcome; operator: Outcome }>): Rule =>
  (who, ok) => {
    if (allowed.includes(who)) return ok;
    if (who === 'operator') return denied.operator;
    if (PEOPLE.includes(who)) return denied.people;
    if (who === 'other owner' || who === 'other viewer') return denied.others;
    return who === 'nobody' ? '401 tenancy.unauthenticated' : '401 tenancy.token_invalid';
  };

/** On QuantumLock everybody but the right form of a living credential is nobody. */
const lock =
  (allowed: readonly Class[], refused: Outcome): Rule =>
  (who, ok) =>
    allowed.includes(who) ? ok : refused;

const always: Rule = (_who, ok) => ok;
const forOperator = platform(['operator'], { people: '403 tenancy.operator_required', others: '403 tenancy.operator_required', operator: '' });
const forTenant = platform(['operator', 'owner', 'admin'], { people: '403 tenancy.forbidden', others: '404 tenancy.tenant_unknown', operator: '' });
const forQueue = platform(['operator', 'owner', 'admin'], { people: '403 signing.approver_required', others: '404 tenancy.tenant_unknown', operator: '' });
const forPersons = platform([...PEOPLE, 'other owner', 'other viewer'], { people: '', others: '', operator: '403 tenancy.session_required' });
const toSign = qwick(['owner', 'admin', 'signer', 'key to sign', 'key to both']);
const toRead = qwick([...PEOPLE, 'key to read', 'key to both']);
const toListKeys = qwick(PEOPLE);
const toManageKeys = qwick(['owner', 'admin']);
const toLicense = lock(['licence key', 'other licence key'], '401 Invalid or inactive API Key');
/** What is named in the path is the home tenant's. */
const toSeeLicence: Rule = (who, ok) => (who === 'other licence key' ? '404 License not found' : toLicense(who, ok));

const toSignForServices = lock(['service token', 'other service token'], '401 Invalid or inactive service token');
const toUseKey: Rule = (who, ok) => (who === 'other service token' ? '404 Key not found' : toSignForServices(who, ok));

type Cell = Readonly<{ cast: Cast; who: Class; permitted: boolean }>;
type Row = Readonly<{ rule: Rule; ok: Outcome; path: (cell: Cell) => string; headers?: (authorization: string | undefined) => Readonly<Record<string, string>>; body?: (cell: Cell) => object }>;

const V1 = '/platform/v1';
const Q1 = '/qwick-cert/api/v1';
const tenant = ({ cast }: Cell): string => `${V1}/tenants/${cast.home.slug}`;
const L1 = '/quantum-lock/api/v1';
const licence = ({ cast }: Cell): string => `${L1}/licenses/${cast.home.licenceKey}`;
const NO_LICENCE = `QCOS${'-0000'.repeat(8)}`;
const org = ({ cast }: Cell): string => `organization_slug=${cast.home.slug}`;
/** Whoever may destroy aims at nothing; whoever may not aims at what is there, and would be seen to hit it. */
const sink = (cell: Cell): string => `${tenant(cell)}/siem-sinks/${cell.cast.home.sinkId}`;
const hook = (cell: Cell): string => `${tenant(cell)}/webhooks/${cell.cast.home.webhookId}`;
const target = ({ permitted }: Cell, real: string): string => (permitted ? newId() : real);

const ROWS: Readonly<Record<string, Readonly<Record<string, Row>>>> = {
  platform: {
    createTenant: { rule: forOperator, ok: '400 request.invalid', path: () => `${V1}/tenants`, body: () => ({ slug: 'X', name: 'x', owner: { email: 'a@b.example', password: 'x' } }) },
    listTenants: { rule: forOperator, ok: '200', path: () => `${V1}/tenants` },
    getTenant: { rule: forOperator, ok: '200', path: tenant },
    setPlan: { rule: forOperator, ok: '200', path: (cell) => `${tenant(cell)}/plans/qwick-cert`, body: () => ({ plan: 'enterprise', limits: { requests_per_minute: 1_000_000, concurrency: 16 } }) },
    listMembers: { rule: forTenant, ok: '200', path: (cell) => `${tenant(cell)}/members` },
    addMember: { rule: forTenant, ok: '409 tenancy.member_exists', path: (cell) => `${tenant(cell)}/members`, body: ({ cast }) => ({ email: `bystander@${cast.home.slug}.example`, password: 'a long enough passphrase', role: 'viewer' }) },
    changeRole: { rule: forTenant, ok: '404 tenancy.member_unknown', path: (cell) => `${tenant(cell)}/members/${target(cell, cell.cast.home.memberId)}`, body: () => ({ role: 'signer' }) },
    removeMember: { rule: forTenant, ok: '404 tenancy.member_unknown', path: (cell) => `${tenant(cell)}/members/${target(cell, cell.cast.home.memberId)}` },
    listInvitations: { rule: forTenant, ok: '200', path: (cell) => `${tenant(cell)}/invitations` },
    createInvitation: { rule: forTenant, ok: '409 tenancy.member_exists', path: (cell) => `${tenant(cell)}/invitations`, body: ({ cast }) => ({ email: `bystander@${cast.home.slug}.example`, role: 'viewer' }) },
    getInvitation: { rule: forTenant, ok: '404 tenancy.invitation_unknown', path: (cell) => `${tenant(cell)}/invitations/${NO_JOB}` },
    revokeInvitation: { rule: forTenant, ok: '404 tenancy.invitation_unknown', path: (cell) => `${tenant(cell)}/invitations/${NO_JOB}` },
    acceptInvitation: { rule: always, ok: '400 tenancy.code_invalid', path: () => `${V1}/invitations/accept`, body: () => ({ token: 'none', password: 'x' }) },
    requestPasswordReset: { rule: always, ok: '400 request.invalid', path: () => `${V1}/password-resets`, body: () => ({ mail: 'nobody' }) },
    confirmPasswordReset: { rule: always, ok: '400 tenancy.code_invalid', path: () => `${V1}/password-resets/confirm`, body: () => ({ token: 'none', password: 'x' }) },
    proposeTotp: { rule: forPersons, ok: '201', path: () => `${V1}/me/totp` },
    confirmTotp: { rule: forPersons, ok: '400 tenancy.totp_invalid', path: () => `${V1}/me/totp/confirm`, body: () => ({ code: 'none' }) },
    disableTotp: { rule: forPersons, ok: '204', path: () => `${V1}/me/totp`, body: () => ({ code: 'none' }) },
    listCredentials: { rule: forTenant, ok: '200', path: (cell) => `${tenant(cell)}/credentials` },
    createCredential: { rule: forTenant, ok: '201', path: (cell) => `${tenant(cell)}/credentials`, body: () => ({ surface: 'qwick-cert', name: 'made', permissions: ['sign'] }) },
    revokeCredential: { rule: forTenant, ok: '404 tenancy.credential_not_found', path: (cell) => `${tenant(cell)}/credentials/${target(cell, cell.cast.home.keyId)}` },
    signIn: { rule: always, ok: '400 request.invalid', path: () => `${V1}/sessions`, body: () => ({ email: 5, password: 'x' }) },
    refreshSession: { rule: always, ok: '401 tenancy.refresh_invalid', path: () => `${V1}/sessions/refresh`, body: () => ({ refresh_token: 'none' }) },
    getSigningPolicy: { rule: forTenant, ok: '200', path: (cell) => `${tenant(cell)}/signing-policy` },
    setSigningPolicy: { rule: forTenant, ok: '200', path: (cell) => `${tenant(cell)}/signing-policy`, body: () => ({ require_reason: false }) },
    trySigningPolicy: { rule: forTenant, ok: '200', path: (cell) => `${tenant(cell)}/signing-policy/what-if`, body: () => ({ policy: { lockdown: true }, days: 1 }) },
    listApprovals: { rule: forQueue, ok: '200', path: (cell) => `${tenant(cell)}/approvals` },
    approveSigning: { rule: forQueue, ok: '404 signing.approval_not_found', path: (cell) => `${tenant(cell)}/approvals/${NO_JOB}/approve` },
    rejectSigning: { rule: forQueue, ok: '404 signing.approval_not_found', path: (cell) => `${tenant(cell)}/approvals/${NO_JOB}/reject` },
    recallSignings: { rule: forTenant, ok: '200', path: (cell) => `${tenant(cell)}/recall?actor=${cell.cast.home.memberId}` },
    revokeSigningCertificate: { rule: forTenant, ok: '404 authorities.certificate_unknown', path: (cell) => `${tenant(cell)}/signing-certificates/0a0b/revoke`, body: () => ({ reason: 'superseded' }) },
    listKmsKeys: { rule: forTenant, ok: '200', path: (cell) => `${tenant(cell)}/kms-keys` },
    createKmsKey: { rule: forTenant, ok: '409 keys.key_exists', path: (cell) => `${tenant(cell)}/kms-keys`, body: ({ cast }) => ({ key_id: cast.home.kmsKeyId, algorithm: 'ED25519' }) },
    rotateKmsKey: { rule: forTenant, ok: '200', path: (cell) => `${tenant(cell)}/kms-keys/${cell.cast.home.kmsKeyId}/rotate` },
    retireKmsKeyVersion: { rule: forTenant, ok: '200', path: (cell) => `${tenant(cell)}/kms-keys/${cell.cast.home.kmsKeyId}/versions/1/retire` },
    getKmsPublicKeys: { rule: forTenant, ok: '200', path: (cell) => `${tenant(cell)}/kms-keys/${cell.cast.home.kmsKeyId}/public` },
    listLicenceSigningKeys: { rule: forTenant, ok: '200', path: (cell) => `${tenant(cell)}/licence-signing-keys` },
    rotateLicenceSigningKeys: { rule: forTenant, ok: '200', path: (cell) => `${tenant(cell)}/licence-signing-keys/rotate`, body: () => ({ algorithm: 'Ed25519' }) },
    listEvents: { rule: forOperator, ok: '200', path: () => `${V1}/events?limit=200` },
    listTenantEvents: { rule: forTenant, ok: '200', path: (cell) => `${tenant(cell)}/events?limit=200` },
    listEventTypes: { rule: always, ok: '200', path: () => `${V1}/event-schemas` },
    getEventSchema: { rule: always, ok: '200', path: () => `${V1}/event-schemas/chancery.signing.operation.completed` },
    listSiemSinks: { rule: forTenant, ok: '200', path: (cell) => `${tenant(cell)}/siem-sinks` },
    createSiemSink: { rule: forTenant, ok: '400 request.invalid', path: (cell) => `${tenant(cell)}/siem-sinks`, body: () => ({ name: 'x', kind: 'ocsf-http', url: 'https://127.0.0.1/x' }) },
    getSiemSink: { rule: forTenant, ok: '200', path: sink },
    changeSiemSink: { rule: forTenant, ok: '400 request.invalid', path: sink, body: () => ({ url: 'https://127.0.0.1/x' }) },
    deleteSiemSink: { rule: forTenant, ok: '404 delivery.sink_not_found', path: (cell) => `${tenant(cell)}/siem-sinks/${target(cell, cell.cast.home.sinkId)}` },
    testSiemSink: { rule: forTenant, ok: '404 delivery.sink_not_found', path: (cell) => `${tenant(cell)}/siem-sinks/${target(cell, cell.cast.home.sinkId)}/test` },
    pauseSiemSink: { rule: forTenant, ok: '200', path: (cell) => `${sink(cell)}/pause` },
    resumeSiemSink: { rule: forTenant, ok: '404 delivery.sink_not_found', path: (cell) => `${tenant(cell)}/siem-sinks/${target(cell, cell.cast.home.sinkId)}/resume` },
    listInstallationSiemSinks: { rule: forOperator, ok: '200', path: () => `${V1}/siem-sinks` },
    createInstallationSiemSink: { rule: forOperator, ok: '400 request.invalid', path: () => `${V1}/siem-sinks`, body: () => ({ name: 'x', kind: 'ocsf-http', url: 'https://127.0.0.1/x' }) },
    getInstallationSiemSink: { rule: forOperator, ok: '404 delivery.sink_not_found', path: () => `${V1}/siem-sinks/${NO_JOB}` },
    changeInstallationSiemSink: { rule: forOperator, ok: '404 delivery.sink_not_found', path: () => `${V1}/siem-sinks/${NO_JOB}`, body: () => ({ name: 'x' }) },
    deleteInstallationSiemSink: { rule: forOperator, ok: '404 delivery.sink_not_found', path: () => `${V1}/siem-sinks/${NO_JOB}` },
    testInstallationSiemSink: { rule: forOperator, ok: '404 delivery.sink_not_found', path: () => `${V1}/siem-sinks/${NO_JOB}/test` },
    pauseInstallationSiemSink: { rule: forOperator, ok: '404 delivery.sink_not_found', path: () => `${V1}/siem-sinks/${NO_JOB}/pause` },
    resumeInstallationSiemSink: { rule: forOperator, ok: '404 delivery.sink_not_found', path: () => `${V1}/siem-sinks/${NO_JOB}/resume` },
    listWebhooks: { rule: forTenant, ok: '200', path: (cell) => `${tenant(cell)}/webhooks` },
    createWebhook: { rule: forTenant, ok: '400 request.invalid', path: (cell) => `${tenant(cell)}/webhooks`, body: () => ({ url: 'https://127.0.0.1/x' }) },
    getWebhook: { rule: forTenant, ok: '200', path: hook },
    changeWebhook: { rule: forTenant, ok: '200', path: hook, body: () => ({ description: 'matrix' }) },
    deleteWebhook: { rule: forTenant, ok: '404 delivery.webhook_not_found', path: (cell) => `${tenant(cell)}/webhooks/${target(cell, cell.cast.home.webhookId)}` },
    rotateWebhookSecret: { rule: forTenant, ok: '200', path: (cell) => `${hook(cell)}/rotate-secret`, body: () => ({ overlap_seconds: 0 }) },
    testWebhook: { rule: forTenant, ok: '409 delivery.webhook_disabled', path: (cell) => `${hook(cell)}/test` },
    listDeliveries: { rule: forTenant, ok: '200', path: (cell) => `${hook(cell)}/deliveries` },
    retryDelivery: { rule: forTenant, ok: '404 delivery.delivery_not_found', path: (cell) => `${hook(cell)}/deliveries/msg_none/retry` },
    replayToWebhook: { rule: forTenant, ok: '409 delivery.webhook_disabled', path: (cell) => `${hook(cell)}/replay`, body: () => ({ from_position: '0' }) },
    // Sessions end last: see the order below.
    signOut: { rule: forPersons, ok: '204', path: () => `${V1}/sessions/current` },
    listProjections: { rule: forOperator, ok: '200', path: () => `${V1}/projections` },
    rebuildProjection: { rule: forOperator, ok: '404 platform.projection_unknown', path: () => `${V1}/projections/none/rebuild` },
    startJob: { rule: forOperator, ok: '404 tenancy.tenant_unknown', path: () => `${V1}/jobs`, body: () => ({ kind: 'rotate-tenant-key', tenant: 'nobodys' }) },
    getJob: { rule: forOperator, ok: '404 platform.job_unknown', path: () => `${V1}/jobs/${NO_JOB}` },
    getJobFile: { rule: forOperator, ok: '404 platform.job_unknown', path: () => `${V1}/jobs/${NO_JOB}/file` },
  },
  'qwick-cert': {
    signDigest: { rule: toSign, ok: '200', path: () => `${Q1}/sign-digest`, body: ({ cast }) => signBody(cast.home.slug) },
    listSigningOperations: { rule: toRead, ok: '200', path: (cell) => `${Q1}/signing-operations?${org(cell)}` },
    exportSigningOperations: { rule: toRead, ok: '200', path: (cell) => `${Q1}/signing-operations/export?${org(cell)}` },
    getSigningOperation: { rule: toRead, ok: '200', path: (cell) => `${Q1}/signing-operations/${cell.cast.home.operationId}?${org(cell)}` },
    reportSigningResult: { rule: toSign, ok: '404 QWICK_API_602', path: (cell) => `${Q1}/signing-operations/${target(cell, cell.cast.home.operationId)}/result?${org(cell)}`, body: () => ({ status: 'embed_failed' }) },
    getBillingSummary: { rule: toListKeys, ok: '200', path: (cell) => `${Q1}/billing/summary?${org(cell)}` },
    listApiKeys: { rule: toListKeys, ok: '200', path: (cell) => `${Q1}/apikeys?${org(cell)}` },
    createApiKey: { rule: toManageKeys, ok: '201', path: (cell) => `${Q1}/apikeys?${org(cell)}`, body: () => ({ name: 'made', permissions: ['sign'] }) },
    revokeApiKey: { rule: toManageKeys, ok: '404 QWICK_API_602', path: (cell) => `${Q1}/apikeys/${target(cell, cell.cast.home.keyId)}/revoke?${org(cell)}` },
    login: { rule: always, ok: '400 QWICK_API_600', path: () => `${Q1}/auth/login`, body: () => ({ email: 5, password: 'x' }) },
    refreshSession: { rule: always, ok: '401 QWICK_AUTH_302', path: () => `${Q1}/auth/refresh`, body: () => ({ refresh_token: 'none' }) },
    getRootCertificate: { rule: always, ok: '200', path: () => '/qwick-cert/pki/root.pem' },
    getIssuingCertificate: { rule: always, ok: '200', path: () => '/qwick-cert/pki/issuing.pem' },
    getTimestampCertificate: { rule: always, ok: '200', path: () => '/qwick-cert/pki/tsa.pem' },
    getRevocationList: { rule: always, ok: '200', path: () => '/qwick-cert/pki/issuing.crl' },
  },
  'quantum-lock': {
    getApiInformation: { rule: always, ok: '200', path: () => '/quantum-lock/' },
    getHealth: { rule: always, ok: '200', path: () => '/quantum-lock/health' },
    generateLicense: { rule: toLicense, headers: apiKeyHeader, ok: '201', path: () => `${L1}/licenses/generate`, body: () => ({ end_customer_id: 'made' }) },
    validateLicense: { rule: toLicense, headers: apiKeyHeader, ok: '200', path: () => `${L1}/licenses/validate`, body: ({ cast }) => ({ license_key: cast.home.licenceKey, end_customer_id: `customer@${HOME}.example` }) },
    listLicenses: { rule: toLicense, headers: apiKeyHeader, ok: '200', path: () => `${L1}/licenses` },
    getLicense: { rule: toSeeLicence, headers: apiKeyHeader, ok: '200', path: licence },
    revokeLicense: { rule: toLicense, headers: apiKeyHeader, ok: '404 License not found', path: (cell) => `${L1}/licenses/${cell.who === 'licence key' ? NO_LICENCE : cell.cast.home.licenceKey}/revoke`, body: () => ({ reason: 'matrix' }) },
    listRevocations: { rule: toLicense, headers: apiKeyHeader, ok: '200', path: () => `${L1}/revocations` },
    getOfflineLicense: { rule: toSeeLicence, headers: apiKeyHeader, ok: '200', path: (cell) => `${licence(cell)}/offline?algorithm=Ed25519` },
    getRevocationBundle: { rule: toLicense, headers: apiKeyHeader, ok: '200', path: () => `${L1}/revocations/bundle?algorithm=Ed25519` },
    getStats: { rule: toLicense, headers: apiKeyHeader, ok: '200', path: () => `${L1}/stats` },
    getAccount: { rule: toLicense, headers: apiKeyHeader, ok: '200', path: () => `${L1}/customers/me` },
    kmsSign: { rule: toUseKey, ok: '200', path: () => `${L1}/kms/sign`, body: ({ cast }) => ({ data: '', key_id: cast.home.kmsKeyId, algorithm: 'ED25519' }) },
    kmsVerify: { rule: toUseKey, ok: '200', path: () => `${L1}/kms/verify`, body: ({ cast }) => ({ data: '', signature: '', key_id: cast.home.kmsKeyId, algorithm: 'ED25519' }) },
    listPlans: { rule: always, ok: '200', path: () => '/quantum-lock/api/v1/plans' },
  },
};

type Mismatch = Readonly<{ cell: string; expected: Outcome; got: Outcome }>;

const codeOf = (text: string): string => {
  const body = JSON.parse(text) as Readonly<{ code?: string; error?: Readonly<{ code?: string }>; detail?: string }>;
  return body.code ?? body.error?.code ?? body.detail ?? 'no code';
};
const outcomeOf = ({ status, text }: Answered): Outcome => (status < 300 ? String(status) : `${status} ${codeOf(text)}`);

/** Everything that a stranger's address could be counted by differs from cell to cell: no limit stands in for a right. */
let addresses = 0;
const fromElsewhere = (): Readonly<Record<string, string>> => ({ 'x-forwarded-for': `198.18.${Math.floor((addresses += 1) / 250) % 250}.${addresses % 250}` });

/** Asks every cell of the given classes; answers what came out otherwise than it is written down, and all that was said. */
const runMatrix = async (ask: Ask, surfaces: readonly Surface[], cast: Cast, classes: readonly Class[]) => {
  const mismatches: Mismatch[] = [];
  const said: Readonly<{ who: Class; cell: string; text: string }>[] = [];
  const rows = surfaces.flatMap(({ name, routes }) => routes.map(({ operationId, method }) => ({ name, operationId, method })));
  for (const { name, operationId, method } of rows.toSorted((one, other) => Number(one.operationId === 'signOut') - Number(other.operationId === 'signOut'))) {
    const row = ROWS[name]?.[operationId];
    if (row === undefined) throw new Error(`${name} ${operationId} has no row in the matrix`);
    for (const who of classes) {
      const expected = row.rule(who, row.ok);
      const cell: Cell = { cast, who, permitted: expected === row.ok };
      const answer = await ask({ method, path: row.path(cell), authorization: cast.authorization[who], headers: { ...fromElsewhere(), ...row.headers?.(cast.authorization[who]) }, body: row.body && JSON.stringify(row.body(cell)) });
      const label = `${name} ${operationId} as ${who}`;
      said.push({ who, cell: label, text: answer.text });
      const got = outcomeOf(answer);
      if (got !== expected) mismatches.push({ cell: label, expected, got });
    }
  }
  return { mismatches, said };
};

/** What may differ between two answers that say the same. */
const essence = ({ status, headers, text }: Answered, ...names: readonly string[]): string => {
  const { date: _date, 'x-request-id': id, 'x-ratelimit-remaining': _left, 'x-ratelimit-reset': _reset, ratelimit: _rate, ...rest } = headers;
  return names.concat(String(id)).reduce((same, name) => same.replaceAll(name, '…'), JSON.stringify([status, rest, text]));
};

describe('promise 14: tenant isolation', function suite() {
  this.timeout(60_000);
  let world: World;
  let cast: Cast;
  before(async () => {
    world = await startWorld();
    cast = await makeCast(world, { home: HOME, other: OTHER });
  });
  after(() => world.stop());

  it('has a row for every route, and a route for every row', () => {
    for (const { name, routes } of world.surfaces) {
      expect(Object.keys(ROWS[name] ?? {}).toSorted(), name).to.deep.equal(routes.map(({ operationId }) => operationId).toSorted());
    }
    expect(Object.keys(ROWS)).to.have.members(world.surfaces.map(({ name }) => name));
  });

  it('knows everybody who could ask, each with a credential of their own', () => {
    for (const who of CLASSES) if (who !== 'nobody') expect(cast.authorization[who], who).to.be.a('string');
    expect(new Set(Object.values(cast.authorization)).size).to.equal(CLASSES.length);
  });

  const foreign: readonly (readonly [what: string, asked: (cast: Cast, id: string, slug: string) => Readonly<{ method: string; path: string; as?: Class; body?: object }>, real: (cast: Cast) => string])[] = [
    ['signing operation', ({ other }, id) => ({ method: 'GET', path: `${Q1}/signing-operations/${id}?organization_slug=${other.slug}` }), ({ home }) => home.operationId],
    ['API key', ({ other }, id) => ({ method: 'POST', path: `${Q1}/apikeys/${id}/revoke?organization_slug=${other.slug}` }), ({ home }) => home.keyId],
    ['member to change', ({ other }, id) => ({ method: 'PATCH', path: `${V1}/tenants/${other.slug}/members/${id}`, body: { role: 'viewer' } }), ({ home }) => home.memberId],
    ['member to remove', ({ other }, id) => ({ method: 'DELETE', path: `${V1}/tenants/${other.slug}/members/${id}` }), ({ home }) => home.memberId],
    ['license to see', (_cast, id) => ({ method: 'GET', path: `${L1}/licenses/${id}`, as: 'other licence key' }), ({ home }) => home.licenceKey],
    ['license to revoke', (_cast, id) => ({ method: 'POST', path: `${L1}/licenses/${id}/revoke`, as: 'other licence key' }), ({ home }) => home.licenceKey],
    ['license to validate', (_cast, id) => ({ method: 'POST', path: `${L1}/licenses/validate`, as: 'other licence key', body: { license_key: id, end_customer_id: `customer@${HOME}.example` } }), ({ home }) => home.licenceKey],
    ['KMS key to rotate', ({ other }, id) => ({ method: 'POST', path: `${V1}/tenants/${other.slug}/kms-keys/${id}/rotate` }), ({ home }) => home.kmsKeyId],
    ['KMS key to see', ({ other }, id) => ({ method: 'GET', path: `${V1}/tenants/${other.slug}/kms-keys/${id}/public` }), ({ home }) => home.kmsKeyId],
    ['KMS key to sign with', (_cast, id) => ({ method: 'POST', path: `${L1}/kms/sign`, as: 'other service token', body: { data: '', key_id: id, algorithm: 'ED25519' } }), ({ home }) => home.kmsKeyId],
    ['KMS key to verify with', (_cast, id) => ({ method: 'POST', path: `${L1}/kms/verify`, as: 'other service token', body: { data: '', signature: '', key_id: id, algorithm: 'ED25519' } }), ({ home }) => home.kmsKeyId],
    ['SIEM sink to see', ({ other }, id) => ({ method: 'GET', path: `${V1}/tenants/${other.slug}/siem-sinks/${id}` }), ({ home }) => home.sinkId],
    ['SIEM sink to change', ({ other }, id) => ({ method: 'PATCH', path: `${V1}/tenants/${other.slug}/siem-sinks/${id}`, body: { name: 'theirs' } }), ({ home }) => home.sinkId],
    ['SIEM sink to delete', ({ other }, id) => ({ method: 'DELETE', path: `${V1}/tenants/${other.slug}/siem-sinks/${id}` }), ({ home }) => home.sinkId],
    ['SIEM sink to test', ({ other }, id) => ({ method: 'POST', path: `${V1}/tenants/${other.slug}/siem-sinks/${id}/test` }), ({ home }) => home.sinkId],
    ['SIEM sink to pause', ({ other }, id) => ({ method: 'POST', path: `${V1}/tenants/${other.slug}/siem-sinks/${id}/pause` }), ({ home }) => home.sinkId],
    ['SIEM sink to resume', ({ other }, id) => ({ method: 'POST', path: `${V1}/tenants/${other.slug}/siem-sinks/${id}/resume` }), ({ home }) => home.sinkId],
    ['webhook to see', ({ other }, id) => ({ method: 'GET', path: `${V1}/tenants/${other.slug}/webhooks/${id}` }), ({ home }) => home.webhookId],
    ['webhook to delete', ({ other }, id) => ({ method: 'DELETE', path: `${V1}/tenants/${other.slug}/webhooks/${id}` }), ({ home }) => home.webhookId],
    ['webhook to rotate', ({ other }, id) => ({ method: 'POST', path: `${V1}/tenants/${other.slug}/webhooks/${id}/rotate-secret`, body: {} }), ({ home }) => home.webhookId],
    ['webhook to test', ({ other }, id) => ({ method: 'POST', path: `${V1}/tenants/${other.slug}/webhooks/${id}/test` }), ({ home }) => home.webhookId],
    ['webhook\'s deliveries', ({ other }, id) => ({ method: 'GET', path: `${V1}/tenants/${other.slug}/webhooks/${id}/deliveries` }), ({ home }) => home.webhookId],
    ['webhook to replay to', ({ other }, id) => ({ method: 'POST', path: `${V1}/tenants/${other.slug}/webhooks/${id}/replay`, body: { from_position: '0' } }), ({ home }) => home.webhookId],
    ['credential', ({ other }, id) => ({ method: 'DELETE', path: `${V1}/tenants/${other.slug}/credentials/${id}` }), ({ home }) => home.keyId],
  ];
  for (const [what, asked, real] of foreign) {
    it(`answers for a foreign ${what} as for one that never was`, async () => {
      const missing = real(cast).startsWith('QCOS') ? NO_LICENCE : newId();
      const answers = [];
      for (const id of [real(cast), missing]) {
        const { body, as = 'other owner', ...request } = asked(cast, id, OTHER);
        answers.push(await world.ask({ ...request, authorization: cast.authorization[as], headers: as === 'other owner' ? {} : apiKeyHeader(cast.authorization[as]), body: body && JSON.stringify(body) }));
      }
      const [theirs, nobodys] = answers as [Answered, Answered];
      // A validation is answered whatever it finds.
      expect(theirs.status).to.equal(what === 'license to validate' ? 200 : 404);
      expect(theirs.text).to.not.contain('"valid":true');
      expect(essence(theirs, real(cast))).to.equal(essence(nobodys, missing));
    });
  }

  it('answers for a foreign organization as for one that never was, on every route that names one', async () => {
    let seen = 0;
    for (const { name, routes } of world.surfaces) {
      for (const { operationId, method } of routes.filter((route) => ROWS[name]?.[route.operationId]?.rule !== always)) {
        const ask = (slug: string): Promise<Answered> => {
          const cell: Cell = { cast: { ...cast, home: { ...cast.home, slug } }, who: 'other owner', permitted: false };
          const row = ROWS[name]?.[operationId] as Row;
          return world.ask({ method, path: row.path(cell), authorization: cast.authorization['other owner'], body: row.body && JSON.stringify(row.body(cell)) });
        };
        // The first ends the session that asks, the second answers with a new secret each time; neither names an organization.
        if (operationId === 'signOut' || operationId === 'proposeTotp') continue;
        expect(essence(await ask(HOME), HOME), `${name} ${operationId}`).to.equal(essence(await ask(NEVER), NEVER));
        seen += 1;
      }
    }
    expect(seen).to.be.greaterThan(15);
  });

  /** QuantumLock has no other word for whose something is than the credential: everybody is taken for its holder. */
  const plants: Readonly<Record<string, (surface: Surface) => Partial<Surface>>> = {
    'quantum-lock': ({ authenticate }) => ({ authenticate: async (incoming, permission) => authenticate({ ...incoming, header: (name) => ({ ...apiKeyHeader(cast.authorization['licence key']), authorization: cast.authorization['service token'] })[name] }, permission) }),
  };

  it('goes red on each surface when its permissions are not asked', async () => {
    for (const planted of world.surfaces) {
      const surfaces = world.surfaces.map((surface) => (surface === planted ? { ...surface, ...(plants[surface.name]?.(surface) ?? { permit: () => undefined }) } : surface));
      const state = createMemoryState(() => world.clock.now());
      const app = createApp({ surfaces, state, secrets: createPretendSecrets(), clock: world.clock, ids: systemIds, logger: silentLogger, metrics: createMetrics(), operatorToken: world.app.operatorToken, readiness: async () => ({ ready: true }), trustProxy: ['127.0.0.1'] });
      const server = createHttpServer(app);
      const { ask, close } = createAsk((await server.listen('127.0.0.1', 0)).port);
      const only = [{ ...planted, routes: planted.routes.filter(({ method, operationId }) => method === 'GET' && ROWS[planted.name]?.[operationId]?.rule !== always) }];
      const { mismatches } = await runMatrix(ask, only, cast, [...OTHERS, 'viewer']);
      close();
      await server.close(0);
      expect(mismatches.length, planted.name).to.be.greaterThan(2);
    }
  });

  it(`gives every route × ${CLASSES.length} credentials the answer that is written down, and nobody a word of another tenant`, async () => {
    const { mismatches, said } = await runMatrix(world.ask, world.surfaces, cast, CLASSES);
    expect(mismatches).to.deep.equal([]);
    expect(said.length).to.be.greaterThan(800);
    const elsewhere = said.filter(({ who, text }) => !['operator', 'licence key', 'service token', ...PEOPLE, ...KEYS].includes(who) && [cast.home.operationId, cast.home.licenceKey, cast.home.kmsKeyId].some((canary) => text.includes(canary)) && !text.includes(`/kms-keys/${cast.home.kmsKeyId}/`));
    expect(elsewhere).to.deep.equal([]);
    expect(said.some(({ who, text }) => who === 'licence key' && text.includes(cast.home.licenceKey)), 'the licence is seen by those who may').to.equal(true);
    const told = said.filter(({ who, text }) => OTHERS.includes(who) && /key of home|bystander@home|home-canary-51c2\.exe/.test(text));
    expect(told).to.deep.equal([]);
    expect(said.some(({ text }) => text.includes(`bystander@${HOME}`)), 'the canary is seen by those who may').to.equal(true);
  });

  it('leaves what was aimed at as it was', async () => {
    const { items } = await world.make(world.operator, 'GET', `${V1}/tenants/${HOME}/members?limit=100`) as { items: readonly { user_id: string; role: string }[] };
    expect(items.find(({ user_id: id }) => id === cast.home.memberId)?.role).to.equal('viewer');
    const { text } = await world.ask({ method: 'GET', path: `${L1}/licenses/${cast.home.licenceKey}`, headers: apiKeyHeader(cast.authorization['licence key']) });
    expect(JSON.parse(text)).to.deep.include({ end_customer_id: `customer@${HOME}.example`, revoked: false });
    const keys = await world.make(world.operator, 'GET', `${V1}/tenants/${HOME}/credentials?limit=100`) as { items: readonly { id: string }[] };
    expect(keys.items.map(({ id }) => id)).to.include(cast.home.keyId);
  });
});

/**
 * The surface over the real kernel, the real embedded stores and the real tenancy, on a free port. Only the signing backend, the
 * authorities and the clock are a test's own.
 */
import { catalogue } from '../../../application/catalogue.ts';
import { createEventCodec } from '../../../application/kernel/event-codec.ts';
import type { Cause, Clock, EventStore } from '../../../application/kernel/ports.ts';
import { createSigningOperations } from '../../../application/signing/operations.ts';
import type { SignedDigest, SigningBackend } from '../../../application/signing/ports.ts';
import { createSigningQuotas } from '../../../application/signing/quota.ts';
import { createBilling } from '../../../application/signing/billing.ts';
import { createReportResult } from '../../../application/signing/report-result.ts';
import { createRecordExport } from '../../../application/signing/record-export.ts';
import { createRecordRefusal } from '../../../application/signing/refusals.ts';
import { createSigningRules } from '../../../application/signing/rules.ts';
import { createSignDigest } from '../../../application/signing/sign-digest.ts';
import type { PlanState, Role } from '../../../application/tenancy/access.ts';
import { createTenancyAggregates } from '../../../application/tenancy/aggregates.ts';
import { createAccess } from '../../../application/tenancy/create-access.ts';
import { createCredentials } from '../../../application/tenancy/credentials.ts';
import { createLoginThrottle } from '../../../application/tenancy/login-throttle.ts';
import { createMembers } from '../../../application/tenancy/members.ts';
import { createPersons } from '../../../application/tenancy/persons.ts';
import type { Passwords } from '../../../application/tenancy/ports.ts';
import { createSecondFactors } from '../../../application/tenancy/second-factors.ts';
import { createSessionKeys } from '../../../application/tenancy/session-keys.ts';
import { createSessions } from '../../../application/tenancy/sessions.ts';
import { createTenantViews } from '../../../application/tenancy/tenant-views.ts';
import { createTenants } from '../../../application/tenancy/tenants.ts';
import { createQwickCertSurface, type QwickCertDeps } from '../../../api/qwick-cert/surface.ts';
import { createAccessTokens, makeSessionKey } from '../../../infrastructure/crypto/access-tokens.ts';
import { openSealing } from '../../../infrastructure/crypto/sealing.ts';
import { secretTokens } from '../../../infrastructure/crypto/secret-tokens.ts';
import { totp } from '../../../infrastructure/crypto/totp.ts';
import { announcing } from '../../../projections/kernel/announcing.ts';
import { createInProcessPlaces } from '../../../infrastructure/signing/in-process-places.ts';
import { createProjections, type Projections } from '../../../projections/kernel/projections.ts';
import { signingApprovals } from '../../../projections/signing/approvals.ts';
import { signingAttempts } from '../../../projections/signing/attempts.ts';
import { createRecentSignings } from '../../../projections/signing/recent-signings.ts';
import { signingOperations } from '../../../projections/signing/operations.ts';
import { createCredentialIndex } from '../../../projections/tenancy/credential-index.ts';
import { createCredentialList } from '../../../projections/tenancy/credentials.ts';
import { tenancyProjections } from '../../../projections/tenancy/index.ts';
import { createMemberDirectory } from '../../../projections/tenancy/member-directory.ts';
import type { TenantId } from '../../../domain/kernel/ids.ts';
import { randomIds } from '../../support/random-ids.ts';
import { closing } from '../../support/leavings.ts';
import { failOnFatal, silentLogger } from '../../support/silent.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';
import { ask, serve, type Running } from '../kernel/support.ts';
import { createAnswerShapes } from './answer-shapes.ts';
import type { OpenEngines } from '../../../infrastructure/runtime/engines.ts';
import { openStores } from '../../support/open-stores.ts';

export const START = Date.parse('2026-03-09T15:00:00.000Z');
const CAUSE: Cause = { actor: { kind: 'operator', id: 'test' }, correlation: 'test' };

export const SIGNED: SignedDigest = {
  pkcs7: Uint8Array.of(4, 5, 6),
  certificateChain: [Uint8Array.of(1), Uint8Array.of(2), Uint8Array.of(3)],
  certificateSerial: '0a1b',
  timestamp: '2026-03-09T15:00:03Z',
};

/** What a test may turn. */
export type Knobs = { now: number; sign: SigningBackend['sign']; append: EventStore['append'] };

/** Long enough for a turn of the signing step, short enough to be waited for. */
const QUEUE_WAIT_MS = 300;

/** Passwords without their cost: what they are worth is shown elsewhere. */
const cheapPasswords: Passwords = {
  hash: async (password) => `cheap:${password}`,
  verify: async (password, hash) => hash === `cheap:${password}`,
};

const tenancyOf = async ({ store, vault, state, readModels, log }: OpenEngines, clock: Clock, { reader, freshness }: Projections) => {
  const { personalData, secrets, blindIndex } = await openSealing({ vault, masterKey: Buffer.alloc(32, 7), ids: randomIds });
  const aggregates = createTenancyAggregates(announcing(store, freshness));
  const views = createTenantViews(aggregates);
  const persons = createPersons({ aggregates, personalData, passwords: cheapPasswords });
  const keys = createSessionKeys({ aggregates, secrets, makeKey: makeSessionKey, clock });
  const accessTokens = createAccessTokens({ keys, clock, issuer: 'http://127.0.0.1' });
  const throttle = createLoginThrottle({ state, clock });
  const index = createCredentialIndex({ readModels, log, freshness, reader });
  const shared = { aggregates, views, accessTokens, secretTokens, personalData, clock, ids: randomIds };
  const factors = createSecondFactors({ ...shared, totp, blindIndex, throttle });
  return {
    aggregates,
    factors,
    personalData,
    secrets,
    tenants: createTenants({ aggregates, persons, clock }),
    members: createMembers({ aggregates, persons }),
    access: createAccess({ ...shared, index, state }),
    credentials: createCredentials({ ...shared, state }),
    sessions: createSessions({ ...shared, state, factors, passwords: cheapPasswords, throttle, blindIndex }),
    credentialList: createCredentialList({ reader, state }),
    directory: createMemberDirectory({ reader, personalData }),
  };
};

const anchor = (name: string) => ({ der: Buffer.from(name), pem: `-----BEGIN CERTIFICATE-----\n${name}\n-----END CERTIFICATE-----\n` });
/** Named as its file, and told apart from one another. */
const authorities: QwickCertDeps['authorities'] = {
  trustAnchors: async () => ({ root: anchor('root'), issuing: anchor('issuing'), tsa: anchor('tsa') }),
  crl: async () => ({ number: 1, thisUpdate: 0, nextUpdate: 1, der: Buffer.from('crl'), pem: '' }),
};

export type Organization = Readonly<{ id: TenantId; slug: string; owner: Readonly<{ userId: string; email: string }> }>;
export const PASSWORD = 'plenty of words to remember 7';

const start = async () => {
  const directory = temporaryDirectory();
  const knobs = { now: START, sign: async () => SIGNED } as unknown as Knobs;
  const clock: Clock = { now: () => knobs.now };
  const codec = createEventCodec(catalogue);
  const embedded = await openStores({ dataDir: directory.path, codec, clock, logger: silentLogger, onFatal: failOnFatal });
  knobs.append = (...given) => embedded.store.append(...given);
  const store: EventStore = { ...embedded.store, append: (...given) => knobs.append(...given) };
  const projections = createProjections({
    clock, log: embedded.log, store: embedded.readModels, logger: silentLogger, definitions: [signingOperations, signingAttempts, signingApprovals, ...tenancyProjections],
  });
  const stop = closing(async () => {
    await projections.stop();
    await embedded.close();
  });
  await projections.start();
  const tenancy = await tenancyOf({ ...embedded, store }, clock, projections);
  return { directory, knobs, clock, embedded, store, projections, tenancy, stop };
};

/** One program for a file of tests; every test makes its own organization. */
export const startProgram = async () => {
  const { directory, knobs, clock, embedded, store, projections, tenancy, stop } = await start();
  const { personalData, access, credentials, sessions, credentialList } = tenancy;
  const backend: SigningBackend = { sign: (...given) => knobs.sign(...given) };
  const announced = announcing(store, projections.freshness);
  const operations = createSigningOperations(announced);
  const quotas = createSigningQuotas({ store: announced, clock });
  const { memberships } = tenancy.aggregates;
  const rules = createSigningRules({ store: announced, memberships, personalData, recent: createRecentSignings(projections.reader), clock, ids: randomIds });
  const surface = createQwickCertSurface({
    access, credentials, sessions, credentialList, reader: projections.reader, clock, authorities,
    signDigest: createSignDigest({
      access, operations, rules, backend, quotas, places: createInProcessPlaces({ waitMs: QUEUE_WAIT_MS }), recordRefusal: createRecordRefusal({ store: announced, personalData }),
      personalData, clock, ids: randomIds,
    }),
    recordExport: createRecordExport({ store, clock }),
    reportResult: createReportResult({ operations, clock }),
    billing: createBilling({ quotas, members: tenancy.members, clock }),
    members: tenancy.directory,
    cliVersions: { minimum: '1.2.0', current: '1.10.0' },
  });
  const running: Running = await serve([surface], { clock, state: embedded.state, secrets: tenancy.secrets, ids: randomIds });
  const checkShape = createAnswerShapes(surface);
  let made = 0;

  const organization = async (plan: string = 'enterprise'): Promise<Organization> => {
    made += 1;
    const slug = `acme-${made}`;
    const owner = { email: `owner@${slug}.example`, password: PASSWORD };
    const created = await tenancy.tenants.create(randomIds.next() as TenantId, { slug, name: 'Acme Corp', owner, plans: { 'qwick-cert': plan } }, CAUSE);
    return { id: created.tenant.id, slug, owner: created.owner };
  };
  const signedIn = async ({ slug }: Organization, email: string): Promise<string> =>
    (await sessions.signIn({ email, password: PASSWORD, tenant: slug, ip: '192.0.2.1' }, CAUSE)).accessToken;

  return {
    knobs,
    surface,
    rules,
    running,
    store,
    log: embedded.log,
    tenancy,
    organization,
    /** An access token of the owner, or of a new member with another role. */
    session: async (of: Organization, role: Role = 'owner'): Promise<string> => {
      if (role === 'owner') return signedIn(of, of.owner.email);
      const email = `${role}-${randomIds.next()}@${of.slug}.example`;
      await tenancy.members.add(of.id, { email, password: PASSWORD, role }, { cause: CAUSE, by: { kind: 'operator' } });
      return signedIn(of, email);
    },
    /** An API key that acts for the owner. */
    key: async (of: Organization, permissions: readonly string[] = ['sign', 'read_audit']) =>
      credentials.create(of.id, { surface: 'qwick-cert', name: 'test', permissions }, { kind: 'operator' }, { ...CAUSE, id: randomIds.next() }),
    plan: async (of: Organization, plan: Partial<Omit<PlanState, 'since'>>) =>
      tenancy.tenants.setPlan(of.id, 'qwick-cert', { plan: 'pro', status: 'active', cancelAtPeriodEnd: false, limits: {}, ...plan }, CAUSE),
    /** As nobody unless said otherwise. A JSON answer off its documented schema fails the test. */
    ask: async (method: string, path: string, options: Parameters<typeof ask>[3] = {}) => {
      const answer = await ask(running, method, path, { as: '', ...options });
      if (answer.json !== undefined) checkShape({ method, path, status: answer.status, json: answer.json });
      return answer;
    },
    close: async () => {
      await running.close();
      await stop();
      directory.remove();
    },
  };
};

export type Program = Awaited<ReturnType<typeof startProgram>>;

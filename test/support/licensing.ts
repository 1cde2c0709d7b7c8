/** Licensing over the real embedded stores and the real sealing, in a directory of its own; only the clock is a test's. */
import { createEventCodec } from '../../application/kernel/event-codec.ts';
import type { Cause, EventLog, EventStore, KeyVault, Recorded } from '../../application/kernel/ports.ts';
import { createLicences } from '../../application/licensing/create-licences.ts';
import type { Licence, Licences, WantedLicence } from '../../application/licensing/licences.ts';
import type { LicenceBook } from '../../application/licensing/ports.ts';
import type { CredentialPrincipal, PlanState } from '../../application/tenancy/access.ts';
import { catalogue } from '../../application/catalogue.ts';
import type { SubjectId, TenantId } from '../../domain/kernel/ids.ts';
import type { LedgerVolumeOpened, LicenceGenerated, LicenceRevoked } from '../../domain/licensing/licence.events.ts';
import type { LicenceSigningKeyAdded } from '../../domain/licensing/signing-keys.events.ts';
import { fingerprintHashes } from '../../infrastructure/crypto/fingerprint-hashes.ts';
import { openSealing, type Sealing } from '../../infrastructure/crypto/sealing.ts';
import { announcing } from '../../projections/kernel/announcing.ts';
import { createProjections, type Projections } from '../../projections/kernel/projections.ts';
import { licensingProjections } from '../../projections/licensing/index.ts';
import { createLicenceBook } from '../../projections/licensing/licence-book.ts';
import { createLicenceIndex } from '../../projections/licensing/licence-index.ts';
import { randomIds } from './random-ids.ts';
import { failOnFatal, silentLogger } from './silent.ts';
import { temporaryDirectory } from './temporary-directory.ts';
import type { OpenEngines } from '../../infrastructure/runtime/engines.ts';
import { openStores } from './open-stores.ts';

export const NOW = Date.parse('2026-11-22T06:00:00.000Z');
export const CAUSE: Cause = { actor: { kind: 'credential', id: 'key-1' }, correlation: 'test' };
export const LICENCE_KEY = 'QCOS-41FB-639F-C30B-14E3-6342-7B3E-6426-9320';

export const generatedEvent = (data: Partial<LicenceGenerated['data']> = {}): LicenceGenerated => ({
  type: 'LicenceGenerated',
  data: {
    number: 1,
    licenceKey: LICENCE_KEY,
    holder: { subject: '019aa5c4-6f00-7000-8000-00000000000a', box: 'sealed' },
    features: ['premium'],
    fidelity: 0.98412,
    month: '2026-11',
    generatedAt: '2026-11-22T06:00:00.000Z',
    validUntil: '2027-11-22T06:00:00.000Z',
    ...data,
  },
});

export const revokedEvent = (data: Partial<LicenceRevoked['data']> = {}): LicenceRevoked => ({
  type: 'LicenceRevoked',
  data: { licenceKey: LICENCE_KEY, revokedAt: '2026-11-23T06:00:00.000Z', ...data },
});

export const signingKeyAdded = (data: Partial<LicenceSigningKeyAdded['data']> = {}): LicenceSigningKeyAdded => ({
  type: 'LicenceSigningKeyAdded',
  data: { algorithm: 'ML-DSA-65', kid: 'k'.repeat(43), publicKey: 'AAAA', seed: { tenantKey: 1, box: 'sealed' }, commandId: 'test', addedAt: '2026-11-22T06:00:00.000Z', ...data },
});

export const volumeOpened = (data: Partial<LedgerVolumeOpened['data']> = {}): LedgerVolumeOpened => ({
  type: 'LedgerVolumeOpened',
  data: { sold: 1_000, month: '2026-11', inMonth: 40, ...data },
});

/** The `number`th licence key of a test. */
export const keyNumber = (number: number): string =>
  `QCOS-${number.toString(16).toUpperCase().padStart(32, '0').match(/.{4}/g)?.join('-') ?? ''}`;

/** An API key of an account on this plan. */
export const account = (plan: Partial<PlanState> = {}, tenant: TenantId = randomIds.next() as TenantId): CredentialPrincipal => {
  const full: PlanState = { plan: 'startup', status: 'active', since: '2026-01-01T00:00:00.000Z', cancelAtPeriodEnd: false, limits: {}, ...plan };
  const owner = '019aa5c4-6f00-7000-8000-00000000000b' as SubjectId;
  return {
    kind: 'credential', surface: 'quantum-lock', form: 'api-key', name: 'k', credentialId: '019aa5c4-6f00-7000-8000-00000000000c', permissions: ['licences'],
    actingFor: owner, role: 'owner', secondFactor: false, tenant: { id: tenant, slug: 'acme', name: 'Acme', plans: { 'quantum-lock': full } },
  };
};

export const wanted = (changed: Partial<WantedLicence> = {}): WantedLicence => ({
  commandId: randomIds.next(), endCustomerId: 'user@acmecorp.com', features: ['premium', 'api_access'], validDays: 365, metadata: { company: 'Acme Corp' }, ...changed,
});

/** One program: several on the same ground share nothing but what is stored. */
export type LicensingProgram = Readonly<{ licences: Licences; book: LicenceBook; generate: (of: CredentialPrincipal, changed?: Partial<WantedLicence>) => Promise<Licence> }>;

export type LicensingGround = Readonly<{
  store: EventStore;
  log: EventLog;
  vault: KeyVault;
  sealing: Sealing;
  projections: Projections;
  knobs: { now: number };
  program: (given?: Readonly<{ store?: EventStore; overlapMs?: number }>) => LicensingProgram;
  /** Everything in the log of one tenant, in order. */
  events: (tenant: TenantId) => Promise<readonly Recorded[]>;
  close: () => Promise<void>;
}>;

const eventsOf = async ({ log }: OpenEngines, tenant: TenantId): Promise<readonly Recorded[]> => {
  const events: Recorded[] = [];
  for (let after: Recorded['position'] | undefined; ; ) {
    const page = await log.feed().pull(after, 1_000, AbortSignal.abort());
    events.push(...page.events.filter((event) => event.tenant === tenant));
    if (page.scannedTo === undefined || page.scannedTo === after) return events;
    after = page.scannedTo;
  }
};

export const openLicensing = async (): Promise<LicensingGround> => {
  const directory = temporaryDirectory();
  const knobs = { now: NOW };
  const clock = { now: () => knobs.now };
  const embedded = await openStores({ dataDir: directory.path, codec: createEventCodec(catalogue), clock, logger: silentLogger, onFatal: failOnFatal });
  const sealing = await openSealing({ vault: embedded.vault, masterKey: Buffer.alloc(32, 7), ids: randomIds });
  const projections = createProjections({ clock, log: embedded.log, store: embedded.readModels, logger: silentLogger, definitions: licensingProjections });
  await projections.start();
  const { personalData, secrets } = sealing;
  const announced = announcing(embedded.store, projections.freshness);
  return {
    store: announced,
    log: embedded.log,
    vault: embedded.vault,
    sealing,
    projections,
    knobs,
    program: ({ store = announced, overlapMs = 0 } = {}) => {
      const index = createLicenceIndex({ reader: projections.reader, readModels: embedded.readModels });
      const licences = createLicences({ store, personalData, secrets, hashes: fingerprintHashes, index, clock, overlapMs });
      return { licences, book: createLicenceBook({ reader: projections.reader, personalData }), generate: (of, changed) => licences.generate(of, wanted(changed), CAUSE) };
    },
    events: (tenant) => eventsOf(embedded, tenant),
    close: async () => {
      await projections.stop();
      await embedded.close();
      directory.remove();
    },
  };
};

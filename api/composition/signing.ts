/** Authorities and code signing, wired. */
import type { Container } from 'inversify';
import { createAuthorities } from '../../application/authorities/authorities.ts';
import { createSigningOperations } from '../../application/signing/operations.ts';
import type { SigningBackend, TimestampAuthority } from '../../application/signing/ports.ts';
import { createSigningQuotas } from '../../application/signing/quota.ts';
import { createBilling } from '../../application/signing/billing.ts';
import { createReportResult } from '../../application/signing/report-result.ts';
import { createSweeper, type Sweeper, type SweeperDeps } from '../../application/signing/sweeper.ts';
import { createRecordExport } from '../../application/signing/record-export.ts';
import { createRevokeSigningCertificate, type RevokeSigningCertificate } from '../../application/signing/revoke-certificate.ts';
import { createSigningRules, type SigningRules, type SigningRulesDeps } from '../../application/signing/rules.ts';
import { createRecordRefusal } from '../../application/signing/refusals.ts';
import { createSignDigest, type SignDigest, type SignDigestDeps } from '../../application/signing/sign-digest.ts';
import type { Authorities } from '../../application/authorities/authorities.ts';
import type { Clock, EventStore, Ids, Logger } from '../../application/kernel/ports.ts';
import type { ReadModelStore } from '../../application/kernel/read-models.ts';
import type { StateStore } from '../../application/kernel/state.ts';
import { createLocalPki } from '../../infrastructure/pki/certificates.ts';
import type { TenancyAggregates } from '../../application/tenancy/aggregates.ts';
import type { Config } from '../../infrastructure/runtime/config.ts';
import { createAzureSigningBackend } from '../../infrastructure/signing/azure-backend.ts';
import { createBuiltInTimestamps } from '../../infrastructure/signing/built-in-timestamps.ts';
import { createInProcessPlaces } from '../../infrastructure/signing/in-process-places.ts';
import { createLocalSigningBackend } from '../../infrastructure/signing/local-backend.ts';
import { createSharedPlaces, type ClosablePlaces } from '../../infrastructure/signing/shared-places.ts';
import { createTimestampClient } from '../../infrastructure/signing/timestamp-client.ts';
import type { Reader } from '../../projections/kernel/reader.ts';
import { createWhatIf } from '../../projections/signing/what-if.ts';
import { createOpenSignings, createPendingSignings } from '../../projections/signing/open-operations.ts';
import { createRecall } from '../../projections/signing/recall.ts';
import { createRecentSignings } from '../../projections/signing/recent-signings.ts';
import { provide, provideValue } from './provide.ts';
import { authorities, runtime, signing, storage, tenancy } from './tokens.ts';

type BackendDeps = Readonly<{ config: Config; authorities: Authorities; timestamps: TimestampAuthority; log: Logger }>;

const createBackend = ({ config, authorities: own, timestamps, log }: BackendDeps): SigningBackend =>
  config.azure === undefined
    ? createLocalSigningBackend({ authorities: own, timestamps })
    : createAzureSigningBackend({ settings: config.azure, timestamps, log });

type TimestampDeps = Readonly<{ config: Config; clock: Clock; authorities: Authorities }>;

/** TSA_URL names an outside authority; without it the installation's own answers. */
const createTimestamps = ({ config, clock, authorities: own }: TimestampDeps): TimestampAuthority =>
  config.tsaUrl === undefined ? createBuiltInTimestamps(own, clock) : createTimestampClient({ url: config.tsaUrl, clock });

type RulesDeps = Omit<SigningRulesDeps, 'memberships' | 'recent'> & Readonly<{ reader: Reader; aggregates: TenancyAggregates }>;

const rulesOf = ({ reader, aggregates, ...deps }: RulesDeps): SigningRules =>
  createSigningRules({ ...deps, memberships: aggregates.memberships, recent: createRecentSignings(reader) });

type SignDigestParts = Omit<SignDigestDeps, 'recordRefusal'> & Readonly<{ store: EventStore }>;

const signDigestOf = ({ store, ...deps }: SignDigestParts): SignDigest =>
  createSignDigest({ ...deps, recordRefusal: createRecordRefusal({ store, personalData: deps.personalData }) });

type SweeperParts = Omit<SweeperDeps, 'open' | 'approvals'> & Readonly<{ rules: SigningRules; reader: Reader; readModels: ReadModelStore }>;

const sweeperOf = ({ rules, reader, readModels, ...deps }: SweeperParts): Sweeper =>
  createSweeper({ ...deps, approvals: rules.approvals, open: createOpenSignings({ readModels, reader }) });

type RevokeDeps = Omit<Parameters<typeof createRevokeSigningCertificate>[0], 'pending'> & Parameters<typeof createPendingSignings>[0];

const revokeCertificateOf = ({ log, readModels, reader, ...deps }: RevokeDeps): RevokeSigningCertificate =>
  createRevokeSigningCertificate({ ...deps, pending: createPendingSignings({ log, readModels, reader }) });

type PlacesDeps = Readonly<{ config: Config; state: StateStore; ids: Ids }>;

/** A log that several processes share is asked by several at once, too. */
const placesOf = ({ config, state, ids }: PlacesDeps): ClosablePlaces =>
  config.eventStoreUrl === undefined ? createInProcessPlaces() : createSharedPlaces({ state, ids });

export const bindSigning = (container: Container): void => {
  const { clock, ids, logger, publicUrl } = runtime;
  const { store, secrets, personalData } = storage;
  provideValue(container, authorities.pki, createLocalPki());
  provide(container, authorities.urls, ({ base }: Readonly<{ base: string }>) => ({ crl: `${base}/qwick-cert/pki/issuing.crl` }), { base: publicUrl });
  provide(container, authorities.authorities, createAuthorities, { store, secrets, pki: authorities.pki, clock, ids, log: logger, urls: authorities.urls });
  provide(container, signing.timestamps, createTimestamps, { config: runtime.config, clock, authorities: authorities.authorities });
  provide(container, signing.backend, createBackend, { config: runtime.config, authorities: authorities.authorities, timestamps: signing.timestamps, log: logger });
  provide(container, signing.operations, ({ store: events }) => createSigningOperations(events), { store });
  provide(container, signing.quotas, createSigningQuotas, { store, clock });
  provide(container, signing.places, placesOf, { config: runtime.config, state: storage.state, ids });
  provide(container, signing.rules, rulesOf, { store, aggregates: tenancy.aggregates, personalData, reader: storage.reader, clock, ids });
  provide(container, signing.whatIf, createWhatIf, { reader: storage.reader, log: storage.log, freshness: storage.freshness, personalData });
  provide(container, signing.signDigest, signDigestOf, {
    store, access: tenancy.access, operations: signing.operations, rules: signing.rules, backend: signing.backend, quotas: signing.quotas, places: signing.places, personalData, clock, ids,
  });
  provide(container, signing.recordExport, createRecordExport, { store, clock });
  provide(container, signing.reportResult, createReportResult, { operations: signing.operations, clock });
  provide(container, signing.sweeper, sweeperOf, {
    operations: signing.operations, rules: signing.rules, quotas: signing.quotas, reader: storage.reader, readModels: storage.readModels, clock, ids, logger,
  });
  provide(container, signing.recall, createRecall, { log: storage.log, freshness: storage.freshness, reader: storage.reader });
  provide(container, signing.revokeCertificate, revokeCertificateOf, {
    authorities: authorities.authorities, operations: signing.operations, log: storage.log, readModels: storage.readModels, reader: storage.reader, clock,
  });
  provide(container, signing.billing, createBilling, { quotas: signing.quotas, members: tenancy.members, clock });
};

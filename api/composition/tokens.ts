/** The names of all services that the composition root wires. */
import type { Authorities } from '../../application/authorities/authorities.ts';
import type { Pki } from '../../application/authorities/ports.ts';
import type { PkiUrls } from '../../application/authorities/installation.ts';
import type { Bus } from '../../application/kernel/bus.ts';
import type { RunningJobs } from '../../infrastructure/runtime/jobs.ts';
import type { PublicEvents, WebhookSignatures } from '../../application/delivery/ports.ts';
import type { Redeliver } from '../../application/delivery/redeliver.ts';
import type { SiemDispatcher } from '../../application/delivery/siem-dispatcher.ts';
import type { SinkLag } from '../../application/delivery/siem-lag.ts';
import type { OpenTransport } from '../../application/delivery/siem-ports.ts';
import type { ToRecord } from '../../application/delivery/siem-records.ts';
import type { SiemSinks } from '../../application/delivery/siem-sinks.ts';
import type { SinkStatuses } from '../../application/delivery/siem-status.ts';
import type { SendWebhook } from '../../application/delivery/send-webhook.ts';
import type { Webhooks } from '../../application/delivery/webhooks.ts';
import type { Leases } from '../../application/kernel/leases.ts';
import type { Clock, EventLog, EventStore, Ids, KeyVault, Logger } from '../../application/kernel/ports.ts';
import type { ReadModelStore } from '../../application/kernel/read-models.ts';
import type { PersonalData, Secrets } from '../../application/kernel/sealing.ts';
import type { StateStore } from '../../application/kernel/state.ts';
import type { Kms } from '../../application/keys/kms.ts';
import type { KmsKeys } from '../../application/keys/kms-keys.ts';
import type { KeyDigests, SignatureEngine } from '../../application/keys/ports.ts';
import type { Licences } from '../../application/licensing/licences.ts';
import type { FingerprintHashes, LicenceBook, LicenceDigests, LicenceIndex, RevocationPlaces, UpToHead } from '../../application/licensing/ports.ts';
import type { OfflineLicences } from '../../application/licensing/offline.ts';
import type { RevocationBundles } from '../../application/licensing/revocation-bundle.ts';
import type { LicenceSigningKeys } from '../../application/licensing/signing-keys.ts';
import type { SigningOperations } from '../../application/signing/operations.ts';
import type { SigningBackend, TimestampAuthority } from '../../application/signing/ports.ts';
import type { SigningQuotas } from '../../application/signing/quota.ts';
import type { RecordExport } from '../../application/signing/record-export.ts';
import type { Billing } from '../../application/signing/billing.ts';
import type { ReportResult } from '../../application/signing/report-result.ts';
import type { RevokeSigningCertificate } from '../../application/signing/revoke-certificate.ts';
import type { SigningRules } from '../../application/signing/rules.ts';
import type { Sweeper } from '../../application/signing/sweeper.ts';
import type { SignDigest } from '../../application/signing/sign-digest.ts';
import type { Access } from '../../application/tenancy/access.ts';
import type { TenancyAggregates } from '../../application/tenancy/aggregates.ts';
import type { Credentials } from '../../application/tenancy/credentials.ts';
import type { LoginThrottle } from '../../application/tenancy/login-throttle.ts';
import type { Members } from '../../application/tenancy/members.ts';
import type { Persons } from '../../application/tenancy/persons.ts';
import type { AccessTokens, BlindIndex, CredentialIndex, MakeSessionKey, Passwords, SecretTokens, Totp } from '../../application/tenancy/ports.ts';
import type { SecondFactors } from '../../application/tenancy/second-factors.ts';
import type { SessionKeys } from '../../application/tenancy/session-keys.ts';
import type { Mailer } from '../../application/kernel/mailer.ts';
import type { Identities } from '../../application/tenancy/identities.ts';
import type { Invitations } from '../../application/tenancy/invitations.ts';
import type { MailDispatch } from '../../application/tenancy/mail-dispatch.ts';
import type { MailQueue } from '../../application/tenancy/mail-queue.ts';
import type { PasswordResets } from '../../application/tenancy/password-resets.ts';
import type { Sessions } from '../../application/tenancy/sessions.ts';
import type { TenantViews } from '../../application/tenancy/tenant-views.ts';
import type { Tenants } from '../../application/tenancy/tenants.ts';
import type { Config } from '../../infrastructure/runtime/config.ts';
import type { Metrics } from '../../infrastructure/runtime/metrics.ts';
import type { Scheduler } from '../../infrastructure/runtime/scheduler.ts';
import type { Outbound } from '../../infrastructure/web/outbound.ts';
import type { ClosablePlaces } from '../../infrastructure/signing/shared-places.ts';
import type { Freshness } from '../../projections/kernel/freshness.ts';
import type { Projections } from '../../projections/kernel/projections.ts';
import type { PublishedKeys } from '../../projections/keys/published-keys.ts';
import type { Recall } from '../../projections/signing/recall.ts';
import type { Reader } from '../../projections/kernel/reader.ts';
import type { WhatIf } from '../../projections/signing/what-if.ts';
import type { CredentialList } from '../../projections/tenancy/credentials.ts';
import type { InvitationList } from '../../projections/tenancy/invitations.ts';
import type { MemberDirectory } from '../../projections/tenancy/member-directory.ts';
import type { EventStreams } from '../../projections/fanout/stream.ts';
import type { Surface } from '../kernel/surface.ts';
import type { Health } from '../quantum-lock/routes/meta.ts';
import { token } from './provide.ts';

export const runtime = {
  config: token<Config>('config'),
  clock: token<Clock>('clock'),
  ids: token<Ids>('ids'),
  logger: token<Logger>('logger'),
  metrics: token<Metrics>('metrics'),
  publicUrl: token<string>('publicUrl'),
  operatorToken: token<string>('operatorToken'),
  jobs: token<RunningJobs>('jobs'),
  scheduler: token<Scheduler>('scheduler'),
  dispatcher: token<Scheduler>('dispatcher'),
};

export const storage = {
  store: token<EventStore>('store'),
  log: token<EventLog>('log'),
  vault: token<KeyVault>('vault'),
  readModels: token<ReadModelStore>('readModels'),
  state: token<StateStore>('state'),
  bus: token<Bus>('bus'),
  leases: token<Leases>('leases'),
  personalData: token<PersonalData>('personalData'),
  secrets: token<Secrets>('secrets'),
  blindIndex: token<BlindIndex>('blindIndex'),
  projections: token<Projections>('projections'),
  freshness: token<Freshness>('freshness'),
  reader: token<Reader>('reader'),
};

export const tenancy = {
  aggregates: token<TenancyAggregates>('tenancy.aggregates'),
  views: token<TenantViews>('tenancy.views'),
  passwords: token<Passwords>('tenancy.passwords'),
  secretTokens: token<SecretTokens>('tenancy.secretTokens'),
  totp: token<Totp>('tenancy.totp'),
  factors: token<SecondFactors>('tenancy.factors'),
  makeKey: token<MakeSessionKey>('tenancy.makeKey'),
  persons: token<Persons>('tenancy.persons'),
  sessionKeys: token<SessionKeys>('tenancy.sessionKeys'),
  accessTokens: token<AccessTokens>('tenancy.accessTokens'),
  throttle: token<LoginThrottle>('tenancy.throttle'),
  index: token<CredentialIndex>('tenancy.index'),
  tenants: token<Tenants>('tenancy.tenants'),
  members: token<Members>('tenancy.members'),
  access: token<Access>('tenancy.access'),
  credentials: token<Credentials>('tenancy.credentials'),
  sessions: token<Sessions>('tenancy.sessions'),
  identities: token<Identities>('tenancy.identities'),
  invitations: token<Invitations>('tenancy.invitations'),
  passwordResets: token<PasswordResets>('tenancy.passwordResets'),
  mailer: token<Mailer>('tenancy.mailer'),
  mailQueue: token<MailQueue>('tenancy.mailQueue'),
  mailDispatch: token<MailDispatch>('tenancy.mailDispatch'),
  invitationList: token<InvitationList>('tenancy.invitationList'),
  credentialList: token<CredentialList>('tenancy.credentialList'),
  directory: token<MemberDirectory>('tenancy.directory'),
};

export const authorities = {
  pki: token<Pki>('authorities.pki'),
  urls: token<PkiUrls>('authorities.urls'),
  authorities: token<Authorities>('authorities.authorities'),
};

export const signing = {
  timestamps: token<TimestampAuthority>('signing.timestamps'),
  backend: token<SigningBackend>('signing.backend'),
  operations: token<SigningOperations>('signing.operations'),
  quotas: token<SigningQuotas>('signing.quotas'),
  places: token<ClosablePlaces>('signing.places'),
  rules: token<SigningRules>('signing.rules'),
  whatIf: token<WhatIf>('signing.whatIf'),
  signDigest: token<SignDigest>('signing.signDigest'),
  recordExport: token<RecordExport>('signing.recordExport'),
  reportResult: token<ReportResult>('signing.reportResult'),
  billing: token<Billing>('signing.billing'),
  sweeper: token<Sweeper>('signing.sweeper'),
  recall: token<Recall>('signing.recall'),
  revokeCertificate: token<RevokeSigningCertificate>('signing.revokeCertificate'),
};

export const kms = {
  engine: token<SignatureEngine>('kms.engine'),
  digests: token<KeyDigests>('kms.digests'),
  keys: token<KmsKeys>('kms.keys'),
  kms: token<Kms>('kms.kms'),
  published: token<PublishedKeys>('kms.published'),
};

export const licensing = {
  hashes: token<FingerprintHashes>('licensing.hashes'),
  index: token<LicenceIndex>('licensing.index'),
  book: token<LicenceBook>('licensing.book'),
  licences: token<Licences>('licensing.licences'),
};

export const offline = {
  digests: token<LicenceDigests>('offline.digests'),
  upToHead: token<UpToHead>('offline.upToHead'),
  places: token<RevocationPlaces>('offline.places'),
  keys: token<LicenceSigningKeys>('offline.keys'),
  licences: token<OfflineLicences>('offline.licences'),
  bundles: token<RevocationBundles>('offline.bundles'),
};

export const delivery = {
  outbound: token<Outbound>('delivery.outbound'),
  events: token<PublicEvents>('delivery.events'),
  signatures: token<WebhookSignatures>('delivery.signatures'),
  send: token<SendWebhook>('delivery.send'),
  webhooks: token<Webhooks>('delivery.webhooks'),
  redeliver: token<Redeliver>('delivery.redeliver'),
  dispatcher: token<Scheduler>('delivery.dispatcher'),
};

export const fanout = {
  streams: token<EventStreams>('fanout.streams'),
  relay: token<Scheduler>('fanout.relay'),
};

export const siem = {
  toRecord: token<ToRecord>('siem.toRecord'),
  transport: token<OpenTransport>('siem.transport'),
  sinks: token<SiemSinks>('siem.sinks'),
  statuses: token<SinkStatuses>('siem.statuses'),
  dispatcher: token<SiemDispatcher>('siem.dispatcher'),
  lag: token<SinkLag>('siem.lag'),
  scheduler: token<Scheduler>('siem.scheduler'),
};

export const surfaces = {
  qwickCert: token<Surface>('surfaces.qwickCert'),
  quantumLock: token<Surface>('surfaces.quantumLock'),
  quantumLockHealth: token<() => Promise<Health>>('surfaces.quantumLockHealth'),
  platform: token<Surface>('surfaces.platform'),
};

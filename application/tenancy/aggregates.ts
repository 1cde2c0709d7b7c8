/** The aggregates of tenancy as the command handler runs them, and the names of their streams. */
import { INSTALLATION, streamId, type StreamId, type TenantId } from '../../domain/kernel/ids.ts';
import { account } from '../../domain/tenancy/account.ts';
import { credential } from '../../domain/tenancy/credential.ts';
import { mail } from '../../domain/tenancy/mail.ts';
import { membership } from '../../domain/tenancy/membership.ts';
import { secondFactor, totpStep } from '../../domain/tenancy/second-factor.ts';
import { sessionKeys } from '../../domain/tenancy/session-keys.ts';
import { session } from '../../domain/tenancy/session.ts';
import { slug } from '../../domain/tenancy/slug.ts';
import { tenant } from '../../domain/tenancy/tenant.ts';
import { createAggregate } from '../kernel/command-handler.ts';
import type { EventStore } from '../kernel/ports.ts';
import type { Place } from '../kernel/sealing.ts';

export const streams = {
  slug: (name: string): StreamId => streamId('tenancy.slug', INSTALLATION, name),
  tenant: (id: TenantId): StreamId => streamId('tenancy.tenant', id, 'tenant'),
  membership: (id: TenantId): StreamId => streamId('tenancy.membership', id, 'members'),
  account: (id: TenantId, userId: string): StreamId => streamId('tenancy.account', id, userId),
  factor: (id: TenantId, userId: string): StreamId => streamId('tenancy.factor', id, userId),
  totpStep: (id: TenantId, enrolmentId: string, step: number): StreamId => streamId('tenancy.totpstep', id, `${enrolmentId}.${step}`),
  mail: (id: TenantId, mailId: string): StreamId => streamId('tenancy.mail', id, mailId),
  envelope: (id: TenantId): StreamId => streamId('tenancy.envelope', id, 'keys'),
  credential: (id: TenantId, credentialId: string): StreamId => streamId('tenancy.credential', id, credentialId),
  session: (id: TenantId, sessionId: string): StreamId => streamId('tenancy.session', id, sessionId),
  sessionKeys: streamId('tenancy.sessionkeys', INSTALLATION, 'keys'),
} as const;

/** Where sealed data of tenancy belongs. */
export const places = {
  email: (tenantId: TenantId, userId: string): Place => ({ tenant: tenantId, place: `${streams.membership(tenantId)}#email#${userId}` }),
  joinedWith: (tenantId: TenantId, userId: string): Place => ({ tenant: tenantId, place: `${streams.membership(tenantId)}#password#${userId}` }),
  invited: (tenantId: TenantId, invitationId: string): Place => ({ tenant: tenantId, place: `${streams.membership(tenantId)}#invited#${invitationId}` }),
  invitationCode: (tenantId: TenantId, invitationId: string): Place => ({ tenant: tenantId, place: `${streams.membership(tenantId)}#code#${invitationId}` }),
  resetEmail: (tenantId: TenantId, userId: string, resetId: string): Place => ({ tenant: tenantId, place: `${streams.account(tenantId, userId)}#email#${resetId}` }),
  resetCode: (tenantId: TenantId, userId: string, resetId: string): Place => ({ tenant: tenantId, place: `${streams.account(tenantId, userId)}#code#${resetId}` }),
  totpSecret: (tenantId: TenantId, userId: string, enrolmentId: string): Place => ({ tenant: tenantId, place: `${streams.factor(tenantId, userId)}#totp#${enrolmentId}` }),
  passwordHash: (tenantId: TenantId, userId: string): Place => ({
    tenant: tenantId,
    place: `${streams.account(tenantId, userId)}#password`,
  }),
  sessionKey: (kid: string): Place => ({ tenant: INSTALLATION, place: `${streams.sessionKeys}#${kid}` }),
} as const;

/** Every request asks the first five: more of their states are kept. */
const HOT = 20_000;
const COLD = 500;

export const createTenancyAggregates = (store: EventStore) => ({
  tenants: createAggregate(store, tenant, { cached: HOT }),
  memberships: createAggregate(store, membership, { cached: HOT }),
  credentials: createAggregate(store, credential, { cached: HOT }),
  sessions: createAggregate(store, session, { cached: HOT }),
  accounts: createAggregate(store, account, { cached: HOT }),
  slugs: createAggregate(store, slug, { cached: COLD }),
  factors: createAggregate(store, secondFactor, { cached: COLD }),
  totpSteps: createAggregate(store, totpStep, { cached: 0 }),
  mails: createAggregate(store, mail, { cached: 0 }),
  sessionKeys: createAggregate(store, sessionKeys, { cached: 1 }),
});

export type TenancyAggregates = ReturnType<typeof createTenancyAggregates>;

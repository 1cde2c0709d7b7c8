/** What the tenancy context stores: schema of every version, in the event catalogue's terms. */
import Type from 'typebox';
import type { AccountEvent } from '../../domain/tenancy/account.events.ts';
import type { EnvelopeKeyRotated } from '../../domain/tenancy/envelope.events.ts';
import type { CredentialEvent } from '../../domain/tenancy/credential.events.ts';
import type { MailEvent } from '../../domain/tenancy/mail.events.ts';
import type { MembershipEvent } from '../../domain/tenancy/membership.events.ts';
import type { SecondFactorEvent, TotpStepUsed } from '../../domain/tenancy/second-factor.events.ts';
import type { SessionEvent } from '../../domain/tenancy/session.events.ts';
import type { SessionKeysEvent } from '../../domain/tenancy/session-keys.events.ts';
import type { SlugEvent } from '../../domain/tenancy/slug.events.ts';
import type { TenantEvent } from '../../domain/tenancy/tenant.events.ts';
import { defineEvents, v1 } from '../kernel/event-catalogue.ts';

export type TenancyEvent =
  | SlugEvent
  | TenantEvent
  | MembershipEvent
  | AccountEvent
  | CredentialEvent
  | SessionEvent
  | SessionKeysEvent
  | SecondFactorEvent
  | TotpStepUsed
  | MailEvent
  | EnvelopeKeyRotated;

const exact = { additionalProperties: false } as const;
const uuid = () => Type.String({ pattern: '^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$' });
const text = () => Type.String({ minLength: 1 });
const instant = () => Type.String({ pattern: '^\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}\\.\\d{3}Z$' });
const sha256 = () => Type.String({ pattern: '^[A-Za-z0-9_-]{43}$' });
const count = () => Type.Integer({ minimum: 0 });
const sealed = () => Type.Object({ subject: uuid(), box: text() }, exact);

const Role = Type.Union([
  Type.Literal('owner'),
  Type.Literal('admin'),
  Type.Literal('signer'),
  Type.Literal('developer'),
  Type.Literal('viewer'),
]);

const Surface = Type.Union([
  Type.Literal('qwick-cert'),
  Type.Literal('quantum-api'),
  Type.Literal('quick-ztna'),
  Type.Literal('quantum-lock'),
  Type.Literal('certwatch'),
]);

const Plan = Type.Object(
  {
    plan: text(),
    status: Type.Union([Type.Literal('active'), Type.Literal('past_due'), Type.Literal('cancelled')]),
    since: instant(),
    currentPeriodEnd: Type.Optional(instant()),
    period: Type.Optional(Type.Object({ start: instant(), end: instant() }, exact)),
    cancelAtPeriodEnd: Type.Boolean(),
    endsAt: Type.Optional(instant()),
    discount: Type.Optional(
      Type.Object({ name: text(), percentOff: Type.Number({ minimum: 0, maximum: 100 }), endsAt: instant() }, exact),
    ),
    assumed: Type.Optional(Type.Boolean()),
    limits: Type.Object(
      {
        members: Type.Optional(count()),
        signingOperations: Type.Optional(count()),
        concurrency: Type.Optional(count()),
        requestsPerMinute: Type.Optional(count()),
      },
      exact,
    ),
  },
  exact,
);

const Plans = Type.Object(
  {
    'qwick-cert': Type.Optional(Plan),
    'quantum-api': Type.Optional(Plan),
    'quick-ztna': Type.Optional(Plan),
    'quantum-lock': Type.Optional(Plan),
    certwatch: Type.Optional(Plan),
  },
  exact,
);

const CredentialCreated = Type.Object(
  {
    credentialId: uuid(),
    surface: Surface,
    kind: text(),
    name: text(),
    prefix: text(),
    secretHash: sha256(),
    permissions: Type.Array(text()),
    keyIds: Type.Optional(Type.Array(text())),
    actingFor: uuid(),
    term: Type.Integer({ minimum: 1 }),
    secondFactor: Type.Boolean(),
    createdAt: instant(),
    expiresAt: Type.Optional(instant()),
  },
  exact,
);

const SessionOpened = Type.Object(
  {
    userId: uuid(),
    term: Type.Integer({ minimum: 1 }),
    epoch: Type.Optional(count()),
    amr: Type.Array(text()),
    refreshHash: sha256(),
    refreshUntil: instant(),
    endsAt: instant(),
  },
  exact,
);

const SessionKeyAdded = Type.Object(
  {
    kid: text(),
    publicKey: sha256(),
    privateKey: Type.Object({ tenantKey: Type.Integer({ minimum: 1 }), box: text() }, exact),
    addedAt: instant(),
  },
  exact,
);

const MemberAdded = Type.Object(
  { userId: uuid(), role: Role, email: sealed(), term: Type.Integer({ minimum: 1 }), passwordHash: Type.Optional(sealed()) },
  exact,
);

const code = { code: sealed(), codeHash: sha256(), expiresAt: instant() };
const InvitationCreated = Type.Object(
  { invitationId: uuid(), userId: uuid(), role: Role, email: sealed(), ...code, invitedBy: Type.Optional(uuid()), createdAt: instant() },
  exact,
);
const InvitationEnd = Type.Union([Type.Literal('revoked'), Type.Literal('member_added'), Type.Literal('inviter_left')]);
const PasswordResetRequested = Type.Object(
  { resetId: uuid(), userId: uuid(), term: Type.Integer({ minimum: 1 }), email: sealed(), ...code, requestedAt: instant() },
  exact,
);
const MailFailure = Type.Union([Type.Literal('refused'), Type.Literal('expired'), Type.Literal('withdrawn')]);
const EnvelopeLevel = Type.Union([Type.Literal('master'), Type.Literal('tenant')]);

const EndReason = Type.Union([Type.Literal('signed_out'), Type.Literal('refresh_reused')]);

export const tenancyEvents = defineEvents<TenancyEvent>('tenancy', {
  SlugReserved: v1(Type.Object({ slug: text(), tenantId: uuid() }, exact)),
  TenantCreated: v1(Type.Object({ slug: text(), name: text(), plans: Plans }, exact)),
  TenantAbandoned: v1(Type.Object({ slug: text() }, exact)),
  PlanSet: v1(Type.Object({ surface: Surface, plan: Plan }, exact)),
  MemberAdded: v1(MemberAdded),
  MemberRoleChanged: v1(Type.Object({ userId: uuid(), role: Role }, exact)),
  MemberRemoved: v1(Type.Object({ userId: uuid() }, exact)),
  InvitationCreated: v1(InvitationCreated),
  InvitationAccepted: v1(Type.Object({ invitationId: uuid(), userId: uuid() }, exact)),
  InvitationRevoked: v1(Type.Object({ invitationId: uuid(), userId: uuid(), reason: InvitationEnd }, exact)),
  PasswordSet: v1(Type.Object({ passwordHash: sealed(), term: Type.Optional(Type.Integer({ minimum: 1 })), resetId: Type.Optional(uuid()) }, exact)),
  PasswordResetRequested: v1(PasswordResetRequested),
  TotpProposed: v1(Type.Object({ enrolmentId: uuid(), term: Type.Integer({ minimum: 1 }), secret: sealed() }, exact)),
  TotpEnabled: v1(Type.Object({ enrolmentId: uuid(), recoveryHashes: Type.Array(sha256()) }, exact)),
  RecoveryCodeUsed: v1(Type.Object({ enrolmentId: uuid(), recoveryHash: sha256() }, exact)),
  TotpDisabled: v1(Type.Object({ enrolmentId: uuid() }, exact)),
  TotpStepUsed: v1(Type.Object({ enrolmentId: uuid(), step: count(), useId: uuid() }, exact)),
  MailSent: v1(Type.Object({ mailId: uuid(), at: instant() }, exact)),
  MailFailed: v1(Type.Object({ mailId: uuid(), reason: MailFailure, status: Type.Optional(count()), at: instant() }, exact)),
  EnvelopeKeyRotated: v1(Type.Object({ level: EnvelopeLevel, version: Type.Integer({ minimum: 1 }), rewrapped: count(), at: instant() }, exact)),
  CredentialCreated: v1(CredentialCreated),
  CredentialRevoked: v1(Type.Object({ credentialId: uuid(), surface: Surface, revokedAt: instant() }, exact)),
  SessionOpened: v1(SessionOpened),
  SessionRefreshed: v1(Type.Object({ refreshHash: sha256(), refreshUntil: instant() }, exact)),
  SessionEnded: v1(Type.Object({ reason: EndReason }, exact)),
  SessionKeyAdded: v1(SessionKeyAdded),
  SessionKeyRetired: v1(Type.Object({ kid: text(), verifiesUntil: instant() }, exact)),
});

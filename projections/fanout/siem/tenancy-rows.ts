/** What a SIEM is told of tenants, their people, and how people and programs come in. */
import type { Envelope } from '../../../application/kernel/ports.ts';
import { streamParts } from '../../../domain/kernel/ids.ts';
import type { MembershipEvent } from '../../../domain/tenancy/membership.events.ts';
import type { SlugEvent } from '../../../domain/tenancy/slug.events.ts';
import type { TenantEvent } from '../../../domain/tenancy/tenant.events.ts';
import type { AccessEvent } from '../events/access.ts';
import { changed, personOf, sent, unsent, type SiemRows } from './row.ts';

const MAIL = 'The mail\'s queue; what a mail is about is sent.';
const SERVICE = { name: 'Chancery' } as const;

const tenantId = (_data: unknown, { tenant }: Envelope): string => tenant;
/** Streams of accounts and second factors are named after their person, those of sessions after the session. */
const streamName = (_data: unknown, { stream }: Envelope): string => streamParts(stream).id;
const userId = (data: Readonly<{ userId: string }>): string => data.userId;
const credentialId = (data: Readonly<{ credentialId: string }>): string => data.credentialId;
const kid = (data: Readonly<{ kid: string }>): string => data.kid;

/** An account that the data names, or that the stream is of. */
const named = { class: 'accountChange', subject: userId, parts: (data: Readonly<{ userId: string }>) => ({ user: personOf(data.userId) }) } as const;
const own = { class: 'accountChange', subject: streamName, parts: (data: unknown, envelope: Envelope) => ({ user: personOf(streamName(data, envelope)) }) } as const;

/** Whoever a session was of stands in its beginning; its end names who acts. */
const whoEnded = ({ cause: { actor } }: Envelope) => (actor.kind === 'person' ? personOf(actor.id) : ({ name: 'unknown', type_id: 0, type: 'Unknown' } as const));

export const tenancySiem: SiemRows<SlugEvent | TenantEvent | MembershipEvent> = {
  SlugReserved: unsent('A step of making a tenant, which is sent when it is made.'),
  TenantCreated: changed({ entity: 'Organization', activity: 'Create', message: 'Tenant created', severity: 'Low', subject: tenantId, name: ({ slug }) => slug }),
  TenantAbandoned: changed({ entity: 'Organization', activity: 'Delete', message: 'Tenant abandoned', subject: tenantId, name: ({ slug }) => slug }),
  PlanSet: changed({ entity: 'Plan', activity: 'Update', message: 'Plan set', severity: 'Low', subject: ({ surface }) => surface }),
  MemberAdded: sent({ ...named, activity: 'Create', message: 'Member added', severity: 'Low' }),
  MemberRoleChanged: sent({
    class: 'userAccess', activity: 'Assign Privileges', message: 'Role of a member changed', severity: 'Medium',
    subject: userId,
    parts: (data) => ({ user: personOf(data.userId), privileges: [data.role] }),
  }),
  MemberRemoved: sent({ ...named, activity: 'Delete', message: 'Member removed', severity: 'Low' }),
  InvitationCreated: sent({ ...named, activity: { other: 'Invite' }, message: 'Member invited', severity: 'Low' }),
  InvitationAccepted: sent({ ...named, activity: { other: 'Accept invitation' }, message: 'Invitation accepted' }),
  InvitationRevoked: sent({ ...named, activity: { other: 'Revoke invitation' }, message: 'Invitation revoked' }),
};

export const accessSiem: SiemRows<AccessEvent> = {
  PasswordSet: sent({ ...own, activity: 'Password Change', message: 'Password set', severity: 'Low' }),
  PasswordResetRequested: sent({ ...named, activity: 'Password Reset', message: 'Password reset requested', severity: 'Low' }),
  CredentialCreated: changed({ entity: 'Credential', activity: 'Create', message: 'Credential created', severity: 'Low', subject: credentialId, name: ({ name }) => name }),
  CredentialRevoked: changed({ entity: 'Credential', activity: 'Deactivate', message: 'Credential revoked', severity: 'Low', subject: credentialId }),
  SessionOpened: sent({
    class: 'authentication', activity: 'Logon', message: 'Signed in', subject: streamName,
    parts: (data, envelope) => ({ user: personOf(data.userId), service: SERVICE, session: { uid: streamName(data, envelope) }, is_mfa: data.amr.includes('otp') }),
  }),
  SessionRefreshed: unsent('A session goes on; its beginning and its end are sent.'),
  SessionEnded: sent({
    class: 'authentication', activity: 'Logoff', message: 'Session ended', subject: streamName,
    severity: ({ reason }) => (reason === 'refresh_reused' ? 'High' : 'Informational'),
    code: ({ reason }) => reason,
    parts: (data, envelope) => ({ user: whoEnded(envelope), service: SERVICE, session: { uid: streamName(data, envelope) } }),
  }),
  SessionKeyAdded: changed({ entity: 'Key', activity: 'Create', message: 'Session key added', severity: 'Low', subject: kid }),
  SessionKeyRetired: changed({ entity: 'Key', activity: 'Deactivate', message: 'Session key retired', severity: 'Low', subject: kid }),
  EnvelopeKeyRotated: changed({ entity: 'Key', activity: 'Update', message: 'Envelope key rotated', severity: 'Medium', subject: ({ level, version }) => `${level}.${version}` }),
  TotpProposed: unsent('Nothing is in force until a code has confirmed it.'),
  TotpEnabled: sent({ ...own, activity: 'MFA Factor Enable', message: 'Second factor enabled', severity: 'Low' }),
  RecoveryCodeUsed: sent({ ...own, activity: { other: 'Use recovery code' }, message: 'Recovery code used', severity: 'Medium' }),
  TotpDisabled: sent({ ...own, activity: 'MFA Factor Disable', message: 'Second factor disabled', severity: 'Medium' }),
  TotpStepUsed: unsent('Keeps a code from being used twice.'),
  MailSent: unsent(MAIL),
  MailFailed: unsent(MAIL),
};

/** What is told of how people and programs come in: credentials, sessions, passwords, second factors; their secrets never. */
import { streamParts } from '../../../domain/kernel/ids.ts';
import type { Envelope } from '../../../application/kernel/ports.ts';
import type { TenancyEvent } from '../../../application/tenancy/events.ts';
import type { MembershipEvent } from '../../../domain/tenancy/membership.events.ts';
import type { SlugEvent } from '../../../domain/tenancy/slug.events.ts';
import { SURFACES } from '../../../domain/tenancy/terms.ts';
import type { TenantEvent } from '../../../domain/tenancy/tenant.events.ts';
import { inside, told, type PublicRows } from '../public-row.ts';
import { count, flag, instant, list, nullable, shape, text, uuid, word } from '../shapes.ts';

export type AccessEvent = Exclude<TenancyEvent, SlugEvent | TenantEvent | MembershipEvent>;

const person = () => uuid('The person');
const credentialId = () => uuid('The credential');
const surface = () => word(SURFACES, 'The product');

/** Streams of accounts and second factors are named after their person, those of sessions after the session. */
const streamName = (_data: unknown, { stream }: Envelope): string => streamParts(stream).id;

const MAIL = 'The mail\'s queue; what a mail is about is told.';
const OWN_KEY = 'A key of the program\'s own.';

export const accessRows: PublicRows<AccessEvent> = {
  PasswordSet: told({
    type: 'chancery.tenancy.password.set',
    summary: 'A person has another password.',
    schema: shape({ user_id: person(), by_reset: flag('Whether a mail with a code led here') }),
    subject: streamName,
    data: (data, envelope) => ({ user_id: streamName(data, envelope), by_reset: data.resetId !== undefined }),
  }),
  PasswordResetRequested: told({
    type: 'chancery.tenancy.password_reset.requested',
    summary: 'Somebody asked for another password of an account; a mail follows.',
    schema: shape({ reset_id: uuid('The request'), user_id: person(), requested_at: instant('When'), expires_at: instant('When the code ends') }),
    subject: (data) => data.userId,
    data: (data) => ({ reset_id: data.resetId, user_id: data.userId, requested_at: data.requestedAt, expires_at: data.expiresAt }),
  }),
  CredentialCreated: told({
    type: 'chancery.tenancy.credential.created',
    summary: 'A credential was made.',
    schema: shape({
      credential_id: credentialId(),
      surface: surface(),
      kind: text('Its form'),
      name: text('What it is for'),
      permissions: list(text('A permission'), 'What it may do'),
      key_ids: nullable(list(text('A key'), 'Keys'), 'The keys it may use; null: all that its service has'),
      acting_for: uuid('The person it acts for'),
      second_factor: flag('Whether it was made with a second factor, or by the operator'),
      created_at: instant('When'),
      expires_at: nullable(instant('End'), 'When it ends'),
    }),
    subject: (data) => data.credentialId,
    data: (data) => ({
      credential_id: data.credentialId,
      surface: data.surface,
      kind: data.kind,
      name: data.name,
      permissions: data.permissions,
      key_ids: data.keyIds ?? null,
      acting_for: data.actingFor,
      second_factor: data.secondFactor,
      created_at: data.createdAt,
      expires_at: data.expiresAt ?? null,
    }),
  }),
  CredentialRevoked: told({
    type: 'chancery.tenancy.credential.revoked',
    summary: 'A credential works no more.',
    schema: shape({ credential_id: credentialId(), surface: surface(), revoked_at: instant('When') }),
    subject: (data) => data.credentialId,
    data: (data) => ({ credential_id: data.credentialId, surface: data.surface, revoked_at: data.revokedAt }),
  }),
  SessionOpened: told({
    type: 'chancery.tenancy.session.opened',
    summary: 'A person has signed in.',
    schema: shape({
      session_id: uuid('The session'),
      user_id: person(),
      amr: list(text('pwd, otp'), 'How, after RFC 8176'),
      ends_at: instant('Until when it may be continued at all'),
    }),
    subject: streamName,
    data: (data, envelope) => ({ session_id: streamName(data, envelope), user_id: data.userId, amr: data.amr, ends_at: data.endsAt }),
  }),
  SessionRefreshed: inside('A session goes on; its beginning and its end are told.'),
  SessionEnded: told({
    type: 'chancery.tenancy.session.ended',
    summary: 'A session is over: its person signed out, or somebody used a token of it that had been used before.',
    schema: shape({ session_id: uuid('The session'), reason: word(['signed_out', 'refresh_reused'], 'Why') }),
    subject: streamName,
    data: (data, envelope) => ({ session_id: streamName(data, envelope), reason: data.reason }),
  }),
  SessionKeyAdded: inside(OWN_KEY),
  SessionKeyRetired: inside(OWN_KEY),
  EnvelopeKeyRotated: inside(OWN_KEY),
  TotpProposed: inside('Nothing is in force until a code has confirmed it.'),
  TotpEnabled: told({
    type: 'chancery.tenancy.second_factor.enabled',
    summary: 'Signing in takes a code from now on.',
    schema: shape({ user_id: person(), recovery_codes: count('Recovery codes that were handed out') }),
    subject: streamName,
    data: (data, envelope) => ({ user_id: streamName(data, envelope), recovery_codes: data.recoveryHashes.length }),
  }),
  RecoveryCodeUsed: told({
    type: 'chancery.tenancy.recovery_code.used',
    summary: 'A recovery code stood in for the second factor.',
    schema: shape({ user_id: person() }),
    subject: streamName,
    data: (data, envelope) => ({ user_id: streamName(data, envelope) }),
  }),
  TotpDisabled: told({
    type: 'chancery.tenancy.second_factor.disabled',
    summary: 'Signing in takes no code any more.',
    schema: shape({ user_id: person() }),
    subject: streamName,
    data: (data, envelope) => ({ user_id: streamName(data, envelope) }),
  }),
  TotpStepUsed: inside('Keeps a code from being used twice.'),
  MailSent: inside(MAIL),
  MailFailed: inside(MAIL),
};

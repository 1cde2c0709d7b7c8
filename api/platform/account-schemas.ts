/** The shapes of invitations, password resets and second factors. */
import Type, { type TSchema } from 'typebox';
import { ROLES } from '../../domain/tenancy/terms.ts';

const strict = { additionalProperties: false } as const;
const UUID = '^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$';
const uuid = (description: string) => Type.String({ pattern: UUID, 'x-expected': 'a UUID', description });
const instant = (description: string) => Type.String({ format: 'date-time', description: `${description}; RFC 3339` });
const nullable = <Schema extends TSchema>(schema: Schema, description: string) => Type.Union([schema, Type.Null()], { description });
const email = () => Type.String({ minLength: 3, maxLength: 254, description: 'E-mail address' });
const password = () =>
  Type.String({ maxLength: 2_048, pattern: '^\\P{Cs}*$', 'x-expected': 'text without lone surrogates', description: 'At least 8 characters, and none of those that are guessed first' });
const role = () => Type.Enum([...ROLES], { description: 'What the person may do, on all surfaces' });
const token = () => Type.String({ maxLength: 500, description: 'The code from the mail: what follows ?token= in its link' });
const code = () => Type.String({ maxLength: 50, description: 'Six digits from the authenticator app, or a recovery code' });

export const InvitationParams = Type.Object({
  slug: Type.String({ minLength: 1, maxLength: 100, description: 'The tenant, by its slug' }),
  id: uuid('The invitation'),
});

export const InviteBody = Type.Object({ email: email(), role: role() }, strict);

const Mail = Type.Object(
  {
    status: Type.Enum(['queued', 'sent', 'failed'], { description: 'How far it is' }),
    at: instant('Since when'),
    reason: nullable(Type.Enum(['refused', 'expired', 'withdrawn']), 'Why it failed: the server will not take it, it took nothing in time, the invitation had ended before'),
  },
  { description: 'The mail that carries the code' },
);

export const InvitationReply = Type.Object(
  {
    id: uuid('The invitation'),
    email: nullable(Type.String(), 'null once the person has been erased'),
    role: role(),
    status: Type.Enum(['pending', 'accepted', 'revoked', 'expired'], { description: 'What became of it' }),
    invited_by: nullable(Type.String(), 'The member who asks; null: the operator'),
    created_at: instant('When it was made'),
    expires_at: instant('Until when it may be accepted'),
    ended_at: nullable(Type.String({ format: 'date-time' }), 'When it was accepted or revoked; RFC 3339'),
    mail: Mail,
  },
  { description: 'An invitation' },
);

export const AcceptBody = Type.Object({ token: token(), password: password() }, strict);
export const JoinedReply = Type.Object(
  { user_id: uuid('The person'), email: email(), role: role(), tenant: Type.String({ description: 'The slug, to sign in with' }) },
  { description: 'The new member' },
);

export const ResetBody = Type.Object({ email: Type.String({ description: 'E-mail address; what is none gets the same answer' }) }, strict);
export const ResetReply = Type.Object({ detail: Type.String({ description: 'The same for every address' }) }, { description: 'Taken' });
export const ConfirmResetBody = Type.Object({ token: token(), password: password() }, strict);

export const TotpReply = Type.Object(
  {
    secret: Type.String({ description: 'Base32, to be typed into an authenticator app; shown this once' }),
    otpauth_uri: Type.String({ description: 'The same as a URI, for a QR code' }),
  },
  { description: 'A second factor that awaits its first code' },
);
export const CodeBody = Type.Object({ code: code() }, strict);
export const RecoveryReply = Type.Object(
  { recovery_codes: Type.Array(Type.String(), { description: 'Each stands in for a code once; shown this once', minItems: 10, maxItems: 10 }) },
  { description: 'The second factor is in force' },
);

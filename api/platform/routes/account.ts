/** POST /password-resets, POST /password-resets/confirm, POST and DELETE /me/totp, POST /me/totp/confirm: what people do for themselves. */
import type { PasswordResets } from '../../../application/tenancy/password-resets.ts';
import type { SecondFactors } from '../../../application/tenancy/second-factors.ts';
import type { MemberDirectory } from '../../../projections/tenancy/member-directory.ts';
import { defineRoute, type Route } from '../../kernel/route.ts';
import { CodeBody, ConfirmResetBody, RecoveryReply, ResetBody, ResetReply, TotpReply } from '../account-schemas.ts';
import { inPerson, type PlatformPrincipal } from '../principal.ts';

export type AccountDeps = Readonly<{
  passwordResets: PasswordResets;
  factors: SecondFactors;
  directory: Pick<MemberDirectory, 'emails'>;
}>;

const TAKEN = { detail: 'If the address belongs to an account, a mail is on its way.' };

const resetRoute = ({ passwordResets }: AccountDeps) =>
  defineRoute<PlatformPrincipal, undefined, undefined, typeof ResetBody>({
    method: 'POST',
    path: '/v1/password-resets',
    operationId: 'requestPasswordReset',
    summary: 'Ask for another password',
    description: 'The answer is the same for every address. Each account of the address gets a mail with a code of its own, good once, for an hour.',
    tags: ['Account'],
    permission: 'public',
    body: ResetBody,
    bodyExample: { email: 'owner@acme.example' },
    replies: { 202: { description: 'Taken', schema: ResetReply } },
    rejections: ['tenancy.too_many_attempts'],
    handle: async ({ body, ip, cause }) => {
      await passwordResets.request({ ...body, ip }, cause);
      return { status: 202, body: TAKEN };
    },
  });

const confirmResetRoute = ({ passwordResets }: AccountDeps) =>
  defineRoute<PlatformPrincipal, undefined, undefined, typeof ConfirmResetBody>({
    method: 'POST',
    path: '/v1/password-resets/confirm',
    operationId: 'confirmPasswordReset',
    summary: 'Choose another password with the code from the mail',
    description: 'Ends every session of the person before the answer is sent, and uses up all codes of the account. A second factor stays.',
    tags: ['Account'],
    permission: 'public',
    body: ConfirmResetBody,
    bodyExample: { token: 'crst_…', password: 'correct horse battery staple' },
    replies: { 204: { description: 'The password is in force' } },
    rejections: ['tenancy.code_invalid', 'tenancy.too_many_attempts'],
    handle: async ({ body, ip, cause }) => {
      await passwordResets.confirm({ ...body, ip }, cause);
      return { status: 204 };
    },
  });

const proposeRoute = ({ factors, directory }: AccountDeps) =>
  defineRoute<PlatformPrincipal>({
    method: 'POST',
    path: '/v1/me/totp',
    operationId: 'proposeTotp',
    summary: 'Begin to set up a second factor',
    description: 'Demands nothing until a first code has been confirmed; asking again replaces the secret.',
    tags: ['Account'],
    permission: 'person',
    replies: { 201: { description: 'The secret', schema: TotpReply } },
    rejections: ['tenancy.session_required', 'tenancy.totp_enabled', 'tenancy.member_unknown'],
    idempotentCopy: 'secret',
    handle: async ({ principal, cause }) => {
      const person = inPerson(principal);
      const emails = await directory.emails(person.tenant.id, [person.userId]);
      const { secret, uri } = await factors.propose(person, emails.get(person.userId) ?? person.userId, cause);
      return { status: 201, body: { secret, otpauth_uri: uri }, headers: { 'Cache-Control': 'no-store' } };
    },
  });

const confirmRoute = ({ factors }: AccountDeps) =>
  defineRoute<PlatformPrincipal, undefined, undefined, typeof CodeBody>({
    method: 'POST',
    path: '/v1/me/totp/confirm',
    operationId: 'confirmTotp',
    summary: 'Put the second factor into force',
    description: 'From now on signing in takes a code. Sessions that were opened before stay without one.',
    tags: ['Account'],
    permission: 'person',
    body: CodeBody,
    bodyExample: { code: '123456' },
    replies: { 200: { description: 'The recovery codes', schema: RecoveryReply } },
    rejections: ['tenancy.session_required', 'tenancy.totp_invalid', 'tenancy.totp_enabled', 'tenancy.totp_not_proposed', 'tenancy.too_many_attempts', 'tenancy.member_unknown'],
    idempotentCopy: 'secret',
    handle: async ({ principal, body, cause }) => {
      const codes = await factors.confirm(inPerson(principal), body.code, cause);
      return { status: 200, body: { recovery_codes: [...codes] }, headers: { 'Cache-Control': 'no-store' } };
    },
  });

const disableRoute = ({ factors }: AccountDeps) =>
  defineRoute<PlatformPrincipal, undefined, undefined, typeof CodeBody>({
    method: 'DELETE',
    path: '/v1/me/totp',
    operationId: 'disableTotp',
    summary: 'Give up the second factor',
    description: 'Takes a code or a recovery code: a session alone, which somebody may have found open, is not enough.',
    tags: ['Account'],
    permission: 'person',
    body: CodeBody,
    bodyExample: { code: '123456' },
    replies: { 204: { description: 'Given up' } },
    rejections: ['tenancy.session_required', 'tenancy.totp_invalid', 'tenancy.too_many_attempts', 'tenancy.member_unknown'],
    handle: async ({ principal, body, cause }) => {
      await factors.disable(inPerson(principal), body.code, cause);
      return { status: 204 };
    },
  });

export const accountRoutes = (deps: AccountDeps): readonly Route<PlatformPrincipal>[] => [
  resetRoute(deps),
  confirmResetRoute(deps),
  proposeRoute(deps),
  confirmRoute(deps),
  disableRoute(deps),
];

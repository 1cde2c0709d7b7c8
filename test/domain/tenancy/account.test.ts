import { account, type AccountCommand } from '../../../domain/tenancy/account.ts';
import type { PasswordResetRequested, PasswordSet } from '../../../domain/tenancy/account.events.ts';
import { mail } from '../../../domain/tenancy/mail.ts';
import { secondFactor, totpStep, type SecondFactorCommand } from '../../../domain/tenancy/second-factor.ts';
import type { SecondFactorEvent } from '../../../domain/tenancy/second-factor.events.ts';
import { expect } from 'chai';
import { specification } from '../../support/specification.ts';

const sealed = (box: string) => ({ subject: 'ann', box });
const requested = (resetId = 'r1', over: Partial<PasswordResetRequested['data']> = {}): PasswordResetRequested => ({
  type: 'PasswordResetRequested',
  data: { resetId, userId: 'ann', term: 1, email: sealed('email'), code: sealed('code'), codeHash: `hash of ${resetId}`, requestedAt: '2026-03-09T12:00:00.000Z', expiresAt: '2026-03-09T13:00:00.000Z', ...over },
});
const passwordHash = sealed('new');
const set = (resetId = 'r1'): PasswordSet => ({ type: 'PasswordSet', data: { passwordHash, term: 1, resetId } });
const confirm = (over: object = {}): AccountCommand => ({ type: 'ConfirmReset', data: { codeHash: 'hash of r1', passwordHash, term: 1, at: '2026-03-09T12:59:59.999Z', ...over } });

const epoch = (...events: readonly (PasswordSet | PasswordResetRequested)[]): number => events.reduce(account.evolve, account.initialState).epoch;

describe('an account', () => {
  const { given } = specification(account);

  it('takes another password with a code, once', () => {
    given().twice({ type: 'RequestReset', data: requested().data });
    given(requested()).when(confirm()).then(set());
    given(requested(), set()).when(confirm()).rejected('tenancy.code_invalid');
  });

  it('refuses a code that is wrong, expired, or of another term of membership', () => {
    for (const wrong of [{ codeHash: 'other' }, { at: '2026-03-09T13:00:00.000Z' }, { term: 2 }]) given(requested()).when(confirm(wrong)).rejected('tenancy.code_invalid');
  });

  it('has all of its codes used up by the use of one', () => {
    given(requested(), requested('r2'), set('r2')).when(confirm()).rejected('tenancy.code_invalid');
    given(requested(), requested('r2')).when(confirm()).then(set());
  });

  it('begins an epoch with each reset, and none with a password from before there were resets', () => {
    expect([epoch(), epoch({ type: 'PasswordSet', data: { passwordHash } }), epoch(requested(), set()), epoch(requested(), set(), requested('r2'), set('r2'))]).to.deep.equal([0, 0, 1, 2]);
  });

  it('forgets codes that have expired', () => {
    const later = requested('r2', { requestedAt: '2026-03-09T13:00:00.000Z', expiresAt: '2026-03-09T14:00:00.000Z' });
    const { resets } = [requested(), later].reduce(account.evolve, account.initialState);
    expect(resets.map(({ resetId }) => resetId)).to.deep.equal(['r2']);
  });
});

const proposed = (enrolmentId = 'e1', term = 1): SecondFactorEvent => ({ type: 'TotpProposed', data: { enrolmentId, term, secret: sealed('secret') } });

const propose = (enrolmentId = 'e1', term = 1): SecondFactorCommand => ({ type: 'ProposeTotp', data: { enrolmentId, term, secret: sealed('secret') } });

const recover = (recoveryHash: string, enrolmentId = 'e1'): SecondFactorCommand => ({ type: 'UseRecoveryCode', data: { enrolmentId, recoveryHash } });

const use = (useId: string) => ({ type: 'UseTotpStep', data: { enrolmentId: 'e1', step: 7, useId } }) as const;

describe('a second factor', () => {
  const { given } = specification(secondFactor);
  const enabled: SecondFactorEvent = { type: 'TotpEnabled', data: { enrolmentId: 'e1', recoveryHashes: ['a', 'b'] } };
  const enable: SecondFactorCommand = { type: 'EnableTotp', data: { enrolmentId: 'e1', recoveryHashes: ['a', 'b'] } };
  const disable: SecondFactorCommand = { type: 'DisableTotp', data: { enrolmentId: 'e1' } };

  it('is proposed, anew if need be, until it is enabled', () => {
    given().twice(propose());
    given(proposed()).when(propose('e2')).then(proposed('e2'));
    given(proposed(), enabled).when(propose('e2')).rejected('tenancy.totp_enabled');
    given(proposed(), enabled).when(propose('e2', 2)).then(proposed('e2', 2));
  });

  it('is enabled as it was proposed last', () => {
    given(proposed()).when(enable).then(enabled);
    given(proposed(), enabled).when(enable).rejected('tenancy.totp_enabled');
    for (const history of [[], [proposed(), proposed('e2')]]) given(...history).when(enable).rejected('tenancy.totp_not_proposed');
  });

  it('takes each recovery code once', () => {
    const used = { type: 'RecoveryCodeUsed', data: { enrolmentId: 'e1', recoveryHash: 'a' } } as const;
    given(proposed(), enabled).when(recover('a')).then(used);
    given(proposed(), enabled, used).when(recover('a')).rejected('tenancy.totp_invalid');
    given(proposed(), enabled, used).when(recover('b')).then({ type: 'RecoveryCodeUsed', data: { enrolmentId: 'e1', recoveryHash: 'b' } });
    for (const history of [[], [proposed()]]) given(...history).when(recover('a')).rejected('tenancy.totp_invalid');
    given(proposed(), enabled).when(recover('a', 'e0')).rejected('tenancy.totp_invalid');
  });

  it('is given up', () => {
    given(proposed(), enabled).twice(disable);
    given().when(disable).nothing();
    given(proposed(), enabled, { type: 'TotpDisabled', data: { enrolmentId: 'e1' } }).when(recover('a')).rejected('tenancy.totp_invalid');
  });

  it('has each time step used once, by whoever was first', () => {
    const step = specification(totpStep);
    step.given().twice(use('u1'));
    step.given({ type: 'TotpStepUsed', data: { enrolmentId: 'e1', step: 7, useId: 'u1' } }).when(use('u2')).rejected('tenancy.totp_invalid');
  });
});

describe('a mail', () => {
  it('is settled once', () => {
    const { given } = specification(mail);
    const sent = { type: 'MailSent', data: { mailId: 'm1', at: '2026-03-09T12:00:00.000Z' } } as const;
    given().when({ type: 'SettleMail', data: sent }).then(sent);
    given().twice({ type: 'SettleMail', data: sent });
    given(sent).when({ type: 'SettleMail', data: { type: 'MailFailed', data: { mailId: 'm1', reason: 'refused', at: sent.data.at } } }).nothing();
  });
});

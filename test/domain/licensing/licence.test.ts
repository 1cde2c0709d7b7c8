import { expect } from 'chai';
import { licensingAccount } from '../../../domain/licensing/account.ts';
import { licence } from '../../../domain/licensing/licence.ts';
import { licenceLimit, licencePlan } from '../../../domain/licensing/plan-limits.ts';
import type { Plans, PlanState } from '../../../domain/tenancy/terms.ts';
import { revokedEvent } from '../../support/licensing.ts';
import { specification } from '../../support/specification.ts';

const on = (plan: string, status: PlanState['status'] = 'active') => ({
  'quantum-lock': { plan, status, since: '2026-01-01T00:00:00.000Z', cancelAtPeriodEnd: false, limits: {} },
});

describe('a licence', () => {
  const { given } = specification(licence);
  const revoke = { type: 'RevokeLicence', data: revokedEvent().data } as const;

  it('is revoked once, for good', () => {
    given().when(revoke).then(revokedEvent());
    given(revokedEvent()).when(revoke).rejected('licensing.licence_revoked');
    given(revokedEvent()).when({ ...revoke, data: { ...revoke.data, revokedAt: '2030-01-01T00:00:00.000Z' } }).rejected('licensing.licence_revoked');
  });

  it('keeps the reason when there is one', () => {
    const reason = { subject: '019aa5c4-6f00-7000-8000-00000000000a', box: 'sealed' };
    given().when({ type: 'RevokeLicence', data: { ...revoke.data, reason } }).then(revokedEvent({ reason }));
  });
});

describe('the key of an account’s fingerprints', () => {
  const { given } = specification(licensingAccount);
  const create = { type: 'CreateFingerprintKey', data: { key: { tenantKey: 1, box: 'one' }, createdAt: '2026-11-22T06:00:00.000Z' } } as const;

  it('is made once: the first one stays', () => {
    given().when(create).then({ type: 'FingerprintKeyCreated', data: create.data });
    given().twice(create);
    given({ type: 'FingerprintKeyCreated', data: create.data }).when({ ...create, data: { ...create.data, key: { tenantKey: 1, box: 'two' } } }).nothing();
  });
});

describe('the plans of QuantumLock', () => {
  it('allow so many licences in a month', () => {
    expect(['free', 'startup', 'business', 'enterprise'].map(licenceLimit)).to.deep.equal([100, 10_000, 100_000, 999_999_999]);
  });

  it('count as free when there is none, when it was cancelled, and once it has ended with its period', () => {
    const now = Date.parse('2026-11-22T06:00:00.000Z');
    expect([licencePlan({}, now), licencePlan(on('business', 'cancelled'), now)]).to.deep.equal(['free', 'free']);
    expect([licencePlan(on('business'), now), licencePlan(on('business', 'past_due'), now)]).to.deep.equal(['business', 'business']);
    const ending = on('business')['quantum-lock'];
    const until = (currentPeriodEnd: string): Plans => ({ 'quantum-lock': { ...ending, cancelAtPeriodEnd: true, currentPeriodEnd } });
    expect([licencePlan(until('2026-11-22T06:00:00.000Z'), now), licencePlan(until('2026-11-22T06:00:00.001Z'), now)]).to.deep.equal(['free', 'business']);
  });
});

import { expect } from 'chai';
import { Rejection } from '../../../domain/kernel/rejection.ts';
import { checkPolicy } from '../../../domain/signing/policy-check.ts';
import { isApprover, needsApproval, signingPolicy, type SigningPolicy } from '../../../domain/signing/policy.ts';
import { specification } from '../../support/specification.ts';

const AT = '2026-03-09T14:23:42.100Z';
const { given } = specification(signingPolicy);
const set = (policy: SigningPolicy, setAt = AT) => ({ type: 'SigningPolicySet', data: { policy, setAt } }) as const;
const setting = (policy: SigningPolicy, setAt = AT) => ({ type: 'SetSigningPolicy', data: { policy, setAt } }) as const;

const faultsOf = (policy: Parameters<typeof checkPolicy>[0]): readonly string[] => {
  try {
    checkPolicy(policy);
    return [];
  } catch (error) {
    if (!(error instanceof Rejection) || error.code !== 'request.invalid') throw error;
    return Object.keys(error.details['fields'] as object);
  }
};

describe('signing policy', () => {
  it('is set', () => given().when(setting({ lockdown: true })).then(set({ lockdown: true })));
  it('is replaced as a whole', () => given(set({ lockdown: true })).when(setting({ requireReason: true })).then(set({ requireReason: true })));
  it('twice is safe', () => given().twice(setting({ allowedExtensions: ['exe'], maxFileSize: 5 })));
  it('the same in another order of members is the same', () => given(set({ lockdown: true, maxFileSize: 5 })).when(setting({ maxFileSize: 5, lockdown: true }, '2027-01-01T00:00:00.000Z')).nothing());
  it('an empty one is nothing new to a tenant without one', () => given().when(setting({})).nothing());
  it('tolerates events that it does not know', () => {
    const state = { policy: { lockdown: true } };
    expect(signingPolicy.evolve(state, { type: 'signing.Later.v9', data: {} } as never)).to.equal(state);
  });

  it('knows who may approve', () => {
    const approvers = [{ userId: 'boss', named: 'email' }] as const;
    expect(isApprover({ approval: { enabled: true, approvers } }, 'boss')).to.equal(true);
    expect(isApprover({ approval: { enabled: true, approvers } }, 'dev')).to.equal(false);
    expect(isApprover({ approval: { enabled: false, approvers } }, 'boss')).to.equal(false);
    expect([isApprover({}, 'boss'), isApprover({ approval: { enabled: true } }, 'boss'), needsApproval({})]).to.deep.equal([false, false, false]);
  });

  describe('what can be judged by', () => {
    const hours = { timezone: 'UTC', from: '08:00', to: '18:00' };
    const cases: readonly (readonly [policy: Parameters<typeof checkPolicy>[0], fields: readonly string[]])[] = [
      [{}, []],
      [{ ipAllowlist: ['192.0.2.1', '10.0.0.0/8', '2001:db8::/32', '::ffff:192.0.2.1'] }, []],
      [{ ipAllowlist: ['192.0.2.1', 'office', '10.0.0.0/33'] }, ['ip_allowlist.1', 'ip_allowlist.2']],
      [{ signingHours: hours }, []],
      [{ signingHours: { ...hours, timezone: 'CEST', from: '24:00', to: '8:00' } }, ['signing_hours.timezone', 'signing_hours.from', 'signing_hours.to']],
      [{ allowedExtensions: ['exe', '.MSI', 'c++'] }, []],
      [{ allowedExtensions: ['.', '', 'a.b', 'a b', '..exe', '*.exe/'] }, ['0', '1', '2', '3', '4', '5'].map((index) => `allowed_extensions.${index}`)],
      [{ perUserLimit: { count: 1, windowSeconds: 1 } }, []],
      [{ perUserLimit: { count: 10_000, windowSeconds: 31 * 86_400 } }, []],
      [{ perUserLimit: { count: 0, windowSeconds: 0 } }, ['per_user_limit.count', 'per_user_limit.window_seconds']],
      [{ perUserLimit: { count: 10_001, windowSeconds: 31 * 86_400 + 1 } }, ['per_user_limit.count', 'per_user_limit.window_seconds']],
      [{ perUserLimit: { count: 1.5, windowSeconds: Number.NaN } }, ['per_user_limit.count', 'per_user_limit.window_seconds']],
      [{ maxFileSize: 1 }, []],
      [{ maxFileSize: 0 }, ['max_file_size']],
      [{ maxFileSize: 2 ** 53 }, ['max_file_size']],
      [{ approval: { enabled: true, approvers: ['x'] } }, []],
      [{ approval: { enabled: true, approvers: [] } }, ['approval.approvers']],
      [{ approval: { enabled: true } }, ['approval.approvers']],
      [{ approval: { enabled: false } }, []],
      [{ maxFileSize: -1, ipAllowlist: [''] }, ['ip_allowlist.0', 'max_file_size']],
    ];
    for (const [policy, fields] of cases) {
      it(`${JSON.stringify(policy)}: ${fields.length === 0 ? 'good' : fields.join(', ')}`, () => expect(faultsOf(policy)).to.deep.equal(fields));
    }
  });
});

import { expect } from 'chai';
import { judge, POLICY_REFUSALS, type PolicyRefusal, type SigningFacts } from '../../../domain/signing/judge.ts';
import type { SigningPolicy } from '../../../domain/signing/policy.ts';
import { seeded } from '../../support/seeded.ts';

const GOOD: SigningFacts = {
  at: Date.parse('2026-03-09T14:23:42.100Z'), address: '192.0.2.7', secondFactor: true, source: 'cli', fileName: 'MyApp.exe', fileSize: 1_000, reason: 'Release',
  signedInWindow: 0, approved: true,
};
const approvers = [{ userId: 'boss', named: 'email' }] as const;

type Row = readonly [code: PolicyRefusal, policy: SigningPolicy, refused: readonly Partial<SigningFacts>[], through: readonly Partial<SigningFacts>[]];

/** In the order in which they are told. */
const ROWS: readonly Row[] = [
  ['signing.policy_reason', { requireReason: true }, [{ reason: undefined }, { reason: '' }, { reason: ' \t' }, { reason: '\u200b' }, { reason: '\u3164' }], [{}]],
  ['signing.policy_lockdown', { lockdown: true }, [{}], []],
  ['signing.policy_address', { ipAllowlist: ['192.0.2.0/29', '2001:db8::1'] }, [{ address: '192.0.2.8' }, { address: 'unknown' }, { address: '' }, { address: '2001:db8::2' }],
    [{}, { address: '2001:db8::1' }, { address: '::ffff:192.0.2.1' }, { address: undefined }]],
  ['signing.policy_second_factor', { requireSecondFactor: true }, [{ secondFactor: false }], [{}]],
  ['signing.policy_hours', { signingHours: { timezone: 'UTC', days: ['mon'], from: '14:00', to: '15:00' } }, [{ at: GOOD.at + 3_600_000 }, { at: GOOD.at + 86_400_000 }], [{}]],
  ['signing.policy_source', { allowedSources: ['cli', 'api'] }, [{ source: 'dashboard' }, { source: 'github_action' }], [{}, { source: 'api' }]],
  ['signing.policy_extension', { allowedExtensions: ['EXE', '.Msi'] },
    [{ fileName: 'a.dll' }, { fileName: 'exe' }, { fileName: 'a' }, { fileName: 'a.exe.ps1' }, { fileName: 'dir.exe/a' }, { fileName: 'a.exe\\b.cab' }, { fileName: '' }],
    [{}, { fileName: 'a.EXE' }, { fileName: 'a.msi' }, { fileName: 'a.tar.msi' }, { fileName: 'C:\\x.y\\a.exe' }, { fileName: 'a.exe. .' }, { fileName: '.exe' }]],
  ['signing.policy_file_size', { maxFileSize: 1_000 }, [{ fileSize: 1_001 }, { fileSize: Number.MAX_SAFE_INTEGER }], [{}, { fileSize: 0 }]],
  ['signing.policy_user_rate', { perUserLimit: { count: 3, windowSeconds: 60 } }, [{ signedInWindow: 3 }, { signedInWindow: 4 }], [{}, { signedInWindow: 2 }]],
  ['signing.policy_approval', { approval: { enabled: true, approvers } }, [{ approved: false }], [{}]],
];

describe('the judgement', () => {
  it('has a row here for every rule, in the published order', () => expect(ROWS.map(([code]) => code)).to.deep.equal(POLICY_REFUSALS));

  for (const [code, policy, refused, through] of ROWS) {
    describe(code, () => {
      for (const facts of refused) it(`refuses ${JSON.stringify(facts)}`, () => expect(judge(policy, { ...GOOD, ...facts })).to.equal(code));
      for (const facts of through) it(`lets ${JSON.stringify(facts)} through`, () => expect(judge(policy, { ...GOOD, ...facts })).to.equal(undefined));
    });
  }

  it('lets everything through that nothing restricts', () => {
    const worst: SigningFacts = { ...GOOD, address: '', secondFactor: false, fileName: '', fileSize: 1e15, reason: undefined, signedInWindow: 1e9, approved: false };
    const empty: SigningPolicy = { ipAllowlist: [], allowedSources: [], allowedExtensions: [], requireReason: false, requireSecondFactor: false, lockdown: false, approval: { enabled: false, approvers } };
    expect(judge({}, worst)).to.equal(undefined);
    expect(judge(empty, worst)).to.equal(undefined);
  });

  it('tells the first of several rules that refuse, whichever they are', () => {
    const random = seeded(11);
    for (let tried = 0; tried < 2_000; tried += 1) {
      const chosen = ROWS.filter(() => random.chance(0.4));
      const policy: SigningPolicy = Object.assign({}, ...chosen.map(([, each]) => each));
      const facts: SigningFacts = Object.assign({}, GOOD, ...chosen.map(([, , refused]) => refused[0]));
      expect(judge(policy, facts)).to.equal(chosen[0]?.[0]);
    }
  });

  it('answers the same for the same, however often it is asked', () => {
    const policy: SigningPolicy = { ipAllowlist: ['192.0.2.0/24'] };
    expect([1, 2, 3].map(() => judge(policy, GOOD))).to.deep.equal([undefined, undefined, undefined]);
    expect(judge(policy, { ...GOOD, address: '198.51.100.1' })).to.equal('signing.policy_address');
  });
});

import { expect } from 'chai';
import { approval, isApproved, isStanding } from '../../../domain/signing/approval.ts';
import type { ApprovalEvent } from '../../../domain/signing/approval.events.ts';
import { DIGEST } from '../../support/signing.ts';
import { specification } from '../../support/specification.ts';

const at = (hour: number): string => new Date(Date.UTC(2026, 2, 9, hour)).toISOString();
const { given } = specification(approval);
const requested = (approvalId = 'one', hour = 0) =>
  ({
    type: 'ApprovalRequested',
    data: { approvalId, requesterUserId: 'dev', by: { kind: 'session', id: 's' }, digest: DIGEST, fileName: 'a.exe', fileSize: 1, source: 'cli', requestedAt: at(hour), expiresAt: at(hour + 24) },
  }) as const;
const request = (approvalId = 'one', hour = 0) => ({ type: 'RequestApproval', data: requested(approvalId, hour).data }) as const;
const data = (approverUserId = 'boss', hour = 1, approvalId = 'one') => ({ approvalId, approverUserId, decidedAt: at(hour) });
const granted = (...how: Parameters<typeof data>) => ({ type: 'ApprovalGranted', data: data(...how) }) as const;
const rejected = (...how: Parameters<typeof data>) => ({ type: 'ApprovalRejected', data: data(...how) }) as const;
const grant = (...how: Parameters<typeof data>) => ({ type: 'GrantApproval', data: data(...how) }) as const;
const refuse = (...how: Parameters<typeof data>) => ({ type: 'RejectApproval', data: data(...how) }) as const;
const used = (operationId = 'op') => ({ type: 'ApprovalUsed', data: { approvalId: 'one', operationId, usedAt: at(2) } }) as const;
const use = (operationId = 'op', hour = 2) => ({ type: 'UseApproval', data: { operationId, usedAt: at(hour) } }) as const;
const returned = { type: 'ApprovalReturned', data: { approvalId: 'one', operationId: 'op' } } as const;
const giveBack = (operationId = 'op') => ({ type: 'ReturnApproval', data: { operationId } }) as const;
const fold = (...events: readonly ApprovalEvent[]) => events.reduce(approval.evolve, approval.initialState);

describe('approval', () => {
  it('is asked for', () => given().when(request()).then(requested()));
  it('is the same for whoever asks again', () => given(requested()).when(request('two', 1)).nothing());
  it('stands while it is granted and not used', () => given(requested(), granted()).when(request('two', 2)).nothing());
  it('stands while it is rejected', () => given(requested(), rejected()).when(request('two', 2)).nothing());
  it('stands while it is used by an operation that may fail', () => {
    given(requested(), granted(), used()).when(request('two', 3)).nothing();
    given(requested(), granted(), used()).when({ ...request('two', 3), spentBy: 'other' }).nothing();
  });
  it('is a new one once the operation that used it has its signature', () =>
    given(requested(), granted(), used()).when({ ...request('two', 3), spentBy: 'op' }).then(requested('two', 3)));
  for (const [what, ...before] of [['pending'], ['granted', granted()], ['rejected', rejected()]] as const) {
    it(`is the same a moment before a ${what} one is over, and a new one then`, () => {
      given(requested(), ...before).when({ ...request('two', 24), data: { ...request('two', 24).data, requestedAt: '2026-03-09T23:59:59.999Z' } }).nothing();
      given(requested(), ...before).when(request('two', 24)).then(requested('two', 24));
    });
  }

  it('is granted, by somebody else', () => given(requested()).when(grant()).then(granted()));
  it('is decided by the operator, once', () => {
    const byOperator = { approvalId: 'one', decidedAt: at(1) };
    given(requested()).when({ type: 'GrantApproval', data: byOperator }).then({ type: 'ApprovalGranted', data: byOperator });
    given(requested(), { type: 'ApprovalGranted', data: byOperator }).when({ type: 'GrantApproval', data: byOperator }).nothing();
    given(requested(), { type: 'ApprovalGranted', data: byOperator }).when(grant()).rejected('signing.approval_decided', { status: 'granted' });
  });
  it('is rejected, by somebody else', () => given(requested()).when(refuse()).then(rejected()));
  it('is not decided by who asks', () => {
    given(requested()).when(grant('dev')).rejected('signing.approval_own');
    given(requested()).when(refuse('dev')).rejected('signing.approval_own');
  });
  it('is decided one time', () => {
    given(requested(), granted()).when(refuse()).rejected('signing.approval_decided', { status: 'granted' });
    given(requested(), granted()).when(grant('other')).rejected('signing.approval_decided', { status: 'granted' });
    given(requested(), rejected()).when(grant()).rejected('signing.approval_decided', { status: 'rejected' });
    given(requested(), granted(), used()).when(refuse()).rejected('signing.approval_decided', { status: 'used' });
  });
  it('is not decided once it is over', () => {
    given(requested()).when(grant('boss', 24)).rejected('signing.approval_expired');
    given(requested(), granted(), used(), requested('two', 3)).when(grant('boss', 4)).rejected('signing.approval_expired');
  });
  it('is not decided when there is none', () => given().when(grant()).rejected('signing.approval_not_found'));

  it('is used', () => given(requested(), granted()).when(use()).then(used()));
  it('is used by one operation', () => given(requested(), granted(), used()).when(use('other')).rejected('signing.policy_approval'));
  it('is not used before it is granted, nor when it is rejected, nor once it is over', () => {
    given().when(use()).rejected('signing.policy_approval');
    given(requested()).when(use()).rejected('signing.policy_approval');
    given(requested(), rejected()).when(use()).rejected('signing.policy_approval');
    given(requested(), granted()).when(use('op', 24)).rejected('signing.policy_approval');
  });
  it('comes back from an operation without a signature', () => given(requested(), granted(), used()).when(giveBack()).then(returned));
  it('comes back from that operation only', () => given(requested(), granted(), used()).when(giveBack('other')).nothing());
  it('may be used again then', () => given(requested(), granted(), used(), returned).when(use('other')).then(used('other')));

  describe('twice is safe', () => {
    it('RequestApproval', () => given().twice(request()));
    it('GrantApproval', () => given(requested()).twice(grant()));
    it('RejectApproval', () => given(requested()).twice(refuse()));
    it('GrantApproval after its use', () => given(requested(), granted(), used()).when(grant()).nothing());
    it('UseApproval', () => given(requested(), granted()).twice(use()));
    it('UseApproval by its operation after it is over', () => given(requested(), granted(), used()).when(use('op', 30)).nothing());
    it('ReturnApproval', () => given(requested(), granted(), used()).twice(giveBack()));
  });

  it('says what stands and what may go ahead', () => {
    expect(isStanding(fold(), at(1))).to.equal(false);
    expect(isStanding(fold(requested()), at(23))).to.equal(true);
    expect([isStanding(fold(requested(), granted(), used()), at(3)), isStanding(fold(requested(), granted(), used()), at(3), 'op')]).to.deep.equal([true, false]);
    expect([isApproved(fold(requested()), 'op', at(1)), isApproved(fold(requested(), granted()), 'op', at(1)), isApproved(fold(requested(), granted()), 'op', at(24))]).to.deep.equal([false, true, false]);
    expect([isApproved(fold(requested(), granted(), used()), 'op', at(9)), isApproved(fold(requested(), granted(), used()), 'other', at(9))]).to.deep.equal([true, false]);
  });

  it('tolerates events that it does not know, and facts without their beginning', () => {
    const state = fold(requested());
    expect(approval.evolve(state, { type: 'signing.Later.v9', data: {} } as never)).to.equal(state);
    for (const event of [granted(), rejected(), used(), returned]) expect(fold(event)).to.deep.equal({ status: 'none' });
  });
});

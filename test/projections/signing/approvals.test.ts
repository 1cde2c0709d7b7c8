import { expect } from 'chai';
import type { ApprovalEvent } from '../../../domain/signing/approval.events.ts';
import { signingApprovals, type ApprovalDocument } from '../../../projections/signing/approvals.ts';
import { DIGEST, USER } from '../../support/signing.ts';

const AT = '2026-03-09T14:23:42.100Z';
const requested = {
  type: 'ApprovalRequested',
  data: { approvalId: 'one', requesterUserId: USER, by: { kind: 'session', id: 'canary' }, digest: DIGEST, fileName: 'a.exe', fileSize: 7, source: 'api', requestedAt: AT, expiresAt: '2026-03-10T14:23:42.100Z' },
} as const;
const granted = { type: 'ApprovalGranted', data: { approvalId: 'one', approverUserId: 'boss', decidedAt: AT } } as const;
const rejected = { ...granted, type: 'ApprovalRejected' } as const;
const used = { type: 'ApprovalUsed', data: { approvalId: 'one', operationId: 'op', usedAt: AT } } as const;
const returned = { type: 'ApprovalReturned', data: { approvalId: 'one', operationId: 'op' } } as const;

type Handler = (document: ApprovalDocument | undefined, recorded: object) => ApprovalDocument | undefined;
const apply = (document: ApprovalDocument | undefined, event: ApprovalEvent) => (signingApprovals.on as Readonly<Record<string, Handler>>)[event.type]?.(document, event);
const given = (...events: readonly ApprovalEvent[]) => events.reduce<ApprovalDocument | undefined>(apply, undefined);

const PENDING: ApprovalDocument = {
  id: 'one', status: 'pending', requesterUserId: USER, digest: DIGEST, fileName: 'a.exe', fileSize: 7, source: 'api', reason: null, requestedAt: AT, expiresAt: '2026-03-10T14:23:42.100Z',
  approverUserId: null, decidedAt: null, operationId: null,
};
const DECIDED = { approverUserId: 'boss', decidedAt: AT } as const;

describe('projection signing_approvals', () => {
  it('is pending while nobody has decided', () => expect(given(requested)).to.deep.equal(PENDING));
  it('is granted', () => expect(given(requested, granted)).to.deep.equal({ ...PENDING, ...DECIDED, status: 'granted' }));
  it('is granted by the operator, who is no person', () => {
    const byOperator = { type: 'ApprovalGranted', data: { approvalId: 'one', decidedAt: AT } } as const;
    expect(given(requested, byOperator)).to.deep.equal({ ...PENDING, decidedAt: AT, status: 'granted' });
  });
  it('is rejected', () => expect(given(requested, rejected)).to.deep.equal({ ...PENDING, ...DECIDED, status: 'rejected' }));
  it('is used by an operation', () => expect(given(requested, granted, used)).to.deep.equal({ ...PENDING, ...DECIDED, status: 'used', operationId: 'op' }));
  it('is granted again when that got no signature', () => expect(given(requested, granted, used, returned)).to.deep.equal(given(requested, granted)));
  it('never rejects a fact', () => {
    for (const event of [granted, rejected, used, returned]) expect(given(event)).to.equal(undefined);
  });
  it('each event twice is the same', () => {
    const history = [requested, granted, used, returned];
    expect(given(...history.flatMap((event) => [event, event]))).to.deep.equal(given(...history));
  });
});

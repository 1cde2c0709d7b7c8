/** What is told of signing policies, approvals, and what they refused. */
import type { ApprovalEvent } from '../../../domain/signing/approval.events.ts';
import type { PaceEvent } from '../../../domain/signing/pace.events.ts';
import type { SigningPolicySet } from '../../../domain/signing/policy.events.ts';
import type { SigningRefused } from '../../../domain/signing/refusal.events.ts';
import { inside, told, type PublicRows } from '../public-row.ts';
import { flag, instant, nullable, shape, signedBy, text, uuid } from '../shapes.ts';
import { signingPolicy, toSigningPolicy } from './signing-policy.ts';
import { digest, fileName, fileSize, operationId, source } from './signing-shapes.ts';

const PACE = 'Book-keeping of a person\'s limit; what it refuses is told.';

const approvalId = () => uuid('The approval');
const approval = (data: Readonly<{ approvalId: string }>): string => data.approvalId;

const decided = shape({
  approval_id: approvalId(),
  approver_user_id: nullable(uuid('A person'), 'Who decided; null: the operator'),
  decided_at: instant('When'),
});
const toDecided = (data: Readonly<{ approvalId: string; approverUserId?: string; decidedAt: string }>) => ({
  approval_id: data.approvalId,
  approver_user_id: data.approverUserId ?? null,
  decided_at: data.decidedAt,
});

export const signingRulesRows: PublicRows<SigningPolicySet | SigningRefused | PaceEvent | ApprovalEvent> = {
  SigningPolicySet: told({
    type: 'chancery.signing.policy.set',
    summary: 'The organization\'s signing policy was replaced.',
    schema: shape({ policy: signingPolicy, set_at: instant('When') }),
    subject: (_data, { tenant }) => tenant,
    data: (data) => ({ policy: toSigningPolicy(data.policy), set_at: data.setAt }),
  }),
  SigningRefused: told({
    type: 'chancery.signing.request.refused',
    summary: 'A rule, the plan or the queue stopped a request; no operation began.',
    schema: shape({
      attempt_id: uuid('The operation that would have begun'),
      code: text('By what, by its code'),
      actor_user_id: uuid('The person who asked'),
      by: signedBy(),
      second_factor: flag('Whether they came with a second factor'),
      digest: digest(),
      file_name: fileName(),
      file_size: fileSize(),
      source: source(),
      batch_id: nullable(uuid('The batch'), 'The batch it belongs to'),
      approved: flag('Whether somebody had approved it'),
      refused_at: instant('When'),
    }),
    subject: (data) => data.attemptId,
    data: (data) => ({
      attempt_id: data.attemptId,
      code: data.code,
      actor_user_id: data.actorUserId,
      by: { kind: data.by.kind, id: data.by.id },
      second_factor: data.secondFactor,
      digest: data.digest,
      file_name: data.fileName,
      file_size: data.fileSize,
      source: data.source,
      batch_id: data.batchId ?? null,
      approved: data.approved === true,
      refused_at: data.refusedAt,
    }),
  }),
  PaceOpened: inside(PACE),
  PaceTaken: inside(PACE),
  PaceReturned: inside(PACE),
  PaceClosed: inside(PACE),
  ApprovalRequested: told({
    type: 'chancery.signing.approval.requested',
    summary: 'A request to sign waits for somebody\'s approval.',
    schema: shape({
      approval_id: approvalId(),
      requester_user_id: uuid('The person who wants to sign'),
      by: signedBy(),
      digest: digest(),
      file_name: fileName(),
      file_size: fileSize(),
      source: source(),
      requested_at: instant('When'),
      expires_at: instant('From then on it can be neither decided nor used'),
    }),
    subject: approval,
    data: (data) => ({
      approval_id: data.approvalId,
      requester_user_id: data.requesterUserId,
      by: { kind: data.by.kind, id: data.by.id },
      digest: data.digest,
      file_name: data.fileName,
      file_size: data.fileSize,
      source: data.source,
      requested_at: data.requestedAt,
      expires_at: data.expiresAt,
    }),
  }),
  ApprovalGranted: told({ type: 'chancery.signing.approval.granted', summary: 'A request to sign was approved.', schema: decided, subject: approval, data: toDecided }),
  ApprovalRejected: told({ type: 'chancery.signing.approval.rejected', summary: 'A request to sign was rejected.', schema: decided, subject: approval, data: toDecided }),
  ApprovalUsed: told({
    type: 'chancery.signing.approval.used',
    summary: 'An operation goes ahead on an approval, and no other will.',
    schema: shape({ approval_id: approvalId(), operation_id: operationId(), used_at: instant('When') }),
    subject: approval,
    data: (data) => ({ approval_id: data.approvalId, operation_id: data.operationId, used_at: data.usedAt }),
  }),
  ApprovalReturned: told({
    type: 'chancery.signing.approval.returned',
    summary: 'The operation got no signature: its approval may be used again.',
    schema: shape({ approval_id: approvalId(), operation_id: operationId() }),
    subject: approval,
    data: (data) => ({ approval_id: data.approvalId, operation_id: data.operationId }),
  }),
};

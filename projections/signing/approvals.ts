/** The approvals of a tenant: the queue that approvers see. */
import type { ApprovalDecided, ApprovalEvent } from '../../domain/signing/approval.events.ts';
import type { SigningSource } from '../../domain/signing/operation.events.ts';
import { defineProjection } from '../kernel/projection.ts';

export type ApprovalDocument = Readonly<{
  id: string;
  /** That a pending or granted one is over, its `expiresAt` tells. */
  status: 'pending' | 'granted' | 'rejected' | 'used';
  requesterUserId: string;
  /** The submitted digest, base64. */
  digest: string;
  fileName: string;
  /** Bytes. */
  fileSize: number;
  source: SigningSource;
  reason: string | null;
  /** UTC, ISO 8601 with milliseconds: they order as text. An approval lives equally long always, so both order alike. */
  requestedAt: string;
  expiresAt: string;
  /** Null: nobody yet, or, where there is a `decidedAt`, the operator. */
  approverUserId: string | null;
  decidedAt: string | null;
  /** The operation that went ahead on it. */
  operationId: string | null;
}>;

/** A pending one as it is after a decision. */
export const afterDecision = (document: ApprovalDocument, { type, data }: ApprovalDecided): ApprovalDocument => ({
  ...document, status: type === 'ApprovalGranted' ? 'granted' : 'rejected', approverUserId: data.approverUserId ?? null, decidedAt: data.decidedAt,
});

export const signingApprovals = defineProjection<ApprovalDocument, ApprovalEvent>({
  name: 'signing_approvals',
  version: 1,
  indexes: [['expiresAt'], ['status', 'expiresAt']],
  id: ({ data }) => data.approvalId,
  on: {
    ApprovalRequested: (document, { data }) =>
      document ?? {
        id: data.approvalId,
        status: 'pending',
        requesterUserId: data.requesterUserId,
        digest: data.digest,
        fileName: data.fileName,
        fileSize: data.fileSize,
        source: data.source,
        reason: data.reason ?? null,
        requestedAt: data.requestedAt,
        expiresAt: data.expiresAt,
        approverUserId: null,
        decidedAt: null,
        operationId: null,
      },
    ApprovalGranted: (document, event) => document && afterDecision(document, event),
    ApprovalRejected: (document, event) => document && afterDecision(document, event),
    ApprovalUsed: (document, { data }) => document && { ...document, status: 'used', operationId: data.operationId },
    ApprovalReturned: (document) => document && { ...document, status: 'granted', operationId: null },
  },
});

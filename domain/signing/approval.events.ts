/** Requests that wait for somebody's approval. NOTE: a storage contract: never edit a version, add one. */
import type { Message } from '../kernel/decider.ts';
import type { SignedBy, SigningSource } from './operation.events.ts';

/** Times are UTC in ISO 8601 with milliseconds. */
export type ApprovalRequested = Message<
  'ApprovalRequested',
  {
    approvalId: string;
    requesterUserId: string;
    by: SignedBy;
    /** SHA-256 Authenticode digest, base64. */
    digest: string;
    fileName: string;
    /** Bytes. */
    fileSize: number;
    source: SigningSource;
    reason?: string;
    requestedAt: string;
    /** From then on it can be neither decided nor used. */
    expiresAt: string;
  }
>;
/** `approverUserId`: the person who has decided; absent: the operator. */
export type ApprovalGranted = Message<'ApprovalGranted', { approvalId: string; approverUserId?: string; decidedAt: string }>;
export type ApprovalRejected = Message<'ApprovalRejected', { approvalId: string; approverUserId?: string; decidedAt: string }>;
export type ApprovalDecided = ApprovalGranted | ApprovalRejected;
/** One operation goes ahead on it, and no other will. */
export type ApprovalUsed = Message<'ApprovalUsed', { approvalId: string; operationId: string; usedAt: string }>;
/** That operation got no signature: it may be used again. */
export type ApprovalReturned = Message<'ApprovalReturned', { approvalId: string; operationId: string }>;

export type ApprovalEvent = ApprovalRequested | ApprovalGranted | ApprovalRejected | ApprovalUsed | ApprovalReturned;

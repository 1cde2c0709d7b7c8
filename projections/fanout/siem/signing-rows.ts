/** What a SIEM is told of code signing. */
import type { ApprovalEvent } from '../../../domain/signing/approval.events.ts';
import type { SigningOperationsExported } from '../../../domain/signing/export.events.ts';
import type { SigningStreamEvent } from '../../../domain/signing/operation.events.ts';
import type { PaceEvent } from '../../../domain/signing/pace.events.ts';
import type { SigningPolicySet } from '../../../domain/signing/policy.events.ts';
import type { SigningQuotaEvent } from '../../../domain/signing/quota.events.ts';
import type { SigningRefused } from '../../../domain/signing/refusal.events.ts';
import { called, changed, personOf, sent, unsent, type SiemRows } from './row.ts';

const QUOTA = 'Book-keeping of the period\'s signings; what became of the operation is sent.';
const PACE = 'Book-keeping of a person\'s limit; what it refuses is sent.';

const operation = { operation: 'signing.sign', resource: 'Signing operation', subject: (data: Readonly<{ operationId: string }>): string => data.operationId } as const;
const approval = { entity: 'Approval', subject: (data: Readonly<{ approvalId: string }>): string => data.approvalId } as const;

export const signingSiem: SiemRows<SigningStreamEvent | SigningQuotaEvent | SigningOperationsExported> = {
  SigningRequested: called({ ...operation, activity: 'Create', message: 'Signature requested', status: 'Pending', source: ({ source }) => source }),
  SigningCompleted: called({ ...operation, activity: 'Create', message: 'Signature issued' }),
  SigningFailed: called({ ...operation, activity: 'Create', message: 'Signature failed', severity: 'Low', status: 'Failure', code: ({ code }) => code }),
  SigningResultReported: called({
    ...operation, activity: 'Update', operation: 'signing.report', message: 'Signing result reported',
    status: ({ result }) => (result === 'completed' ? 'Success' : 'Failure'),
    severity: ({ result }) => (result === 'completed' ? 'Informational' : 'Low'),
    code: ({ result }) => result,
  }),
  SigningTimedOut: called({ ...operation, activity: 'Create', message: 'Signature timed out', severity: 'Low', status: 'Failure', code: () => 'timeout' }),
  SigningAbandoned: called({ ...operation, activity: 'Update', operation: 'signing.report', message: 'Signing result never reported', severity: 'Low', status: 'Failure', code: () => 'abandoned' }),
  CertificateWithdrawn: called({ ...operation, activity: 'Update', message: 'Certificate withdrawn from a pending signature', severity: 'Medium' }),
  SigningReserved: unsent(QUOTA),
  SigningSpent: unsent(QUOTA),
  SigningReleased: unsent(QUOTA),
  QuotaVolumeClosed: unsent(QUOTA),
  QuotaVolumeOpened: unsent(QUOTA),
  SigningOperationsExported: sent({
    class: 'eventLogActivity', activity: 'Export', message: 'Signing operations exported', severity: 'Low',
    subject: ({ actorUserId }) => actorUserId,
    parts: () => ({ log_name: 'signing operations', device: { name: 'Chancery', type_id: 1, type: 'Server' } }),
  }),
};

export const signingRulesSiem: SiemRows<SigningPolicySet | SigningRefused | PaceEvent | ApprovalEvent> = {
  SigningPolicySet: changed({
    entity: 'Policy', activity: 'Update', message: 'Signing policy set', name: () => 'signing policy',
    severity: ({ policy }) => (policy.lockdown === true ? 'High' : 'Medium'),
    subject: (_data, { tenant }) => tenant,
  }),
  SigningRefused: sent({
    class: 'complianceFinding', activity: 'Create', message: 'Signature refused', severity: 'Medium', status: 'Failure',
    code: ({ code }) => code,
    subject: ({ attemptId }) => attemptId,
    parts: ({ attemptId, code, actorUserId }) => ({
      finding_info: { uid: attemptId, title: 'Signature refused' },
      compliance: { control: code, status: 'Fail', status_id: 3 },
      evidences: [{ user: personOf(actorUserId) }],
      resources: [{ uid: attemptId, type: 'Signing operation' }],
    }),
  }),
  PaceOpened: unsent(PACE),
  PaceTaken: unsent(PACE),
  PaceReturned: unsent(PACE),
  PaceClosed: unsent(PACE),
  ApprovalRequested: changed({ ...approval, activity: 'Create', message: 'Approval requested' }),
  ApprovalGranted: changed({ ...approval, activity: 'Activate', message: 'Approval granted', severity: 'Low' }),
  ApprovalRejected: changed({ ...approval, activity: 'Deactivate', message: 'Approval rejected', severity: 'Low' }),
  ApprovalUsed: changed({ ...approval, activity: 'Update', message: 'Approval used' }),
  ApprovalReturned: changed({ ...approval, activity: 'Update', message: 'Approval returned' }),
};

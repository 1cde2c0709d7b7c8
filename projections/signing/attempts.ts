/** Every attempt to sign, with the facts that rules read: what a candidate policy is tried on. One without a signature, though let through, is none. */
import type { Sealed } from '../../domain/kernel/sealed.ts';
import type { Position } from '../../domain/kernel/ids.ts';
import type { ApprovalReturned, ApprovalUsed } from '../../domain/signing/approval.events.ts';
import type { SigningFailed, SigningRequested, SigningSource, SigningTimedOut } from '../../domain/signing/operation.events.ts';
import { POLICY_REFUSALS } from '../../domain/signing/judge.ts';
import type { SigningRefused } from '../../domain/signing/refusal.events.ts';
import { defineProjection } from '../kernel/projection.ts';

export type AttemptFacts = Readonly<{
  /** `turned_away`: by the plan or the queue, which no policy has a say in. */
  outcome: 'let_through' | 'refused' | 'turned_away';
  position: Position;
  actorUserId: string;
  secondFactor: boolean;
  source: SigningSource;
  fileName: string;
  /** Bytes. */
  fileSize: number;
  reason: string | null;
  address: Sealed;
}>;

export type AttemptDocument = Readonly<{
  /** The operation, or the one that would have begun. */
  id: string;
  /** UTC, ISO 8601 with milliseconds: they order as text. null while only the approval that it will use is known. */
  at: string | null;
  /** It goes ahead on somebody's approval. */
  approved: boolean;
  facts: AttemptFacts | null;
}>;

type AttemptEvent = SigningRequested | SigningFailed | SigningTimedOut | SigningRefused | ApprovalUsed | ApprovalReturned;

const factsOf = (data: SigningRequested['data'] | SigningRefused['data'], outcome: AttemptFacts['outcome'], position: Position): AttemptFacts => ({
  outcome,
  position,
  actorUserId: data.actorUserId,
  secondFactor: data.secondFactor,
  source: data.source,
  fileName: data.fileName,
  fileSize: data.fileSize,
  reason: data.reason ?? null,
  address: data.address,
});

const outcomeOf = ({ code }: SigningRefused['data']): AttemptFacts['outcome'] =>
  (POLICY_REFUSALS as readonly string[]).includes(code) ? 'refused' : 'turned_away';

const removed = (): undefined => undefined;

export const signingAttempts = defineProjection<AttemptDocument, AttemptEvent>({
  name: 'signing_attempts',
  version: 2,
  indexes: [['at']],
  id: ({ data }) => ('attemptId' in data ? data.attemptId : data.operationId),
  on: {
    ApprovalUsed: (document, { data }) => document ?? { id: data.operationId, at: null, approved: true, facts: null },
    ApprovalReturned: removed,
    SigningRequested: (document, { data, position }) => ({
      id: data.operationId,
      at: data.requestedAt,
      approved: document?.approved ?? false,
      facts: factsOf(data, 'let_through', position),
    }),
    SigningFailed: removed,
    SigningTimedOut: removed,
    SigningRefused: (_document, { data, position }) => ({
      id: data.attemptId,
      at: data.refusedAt,
      approved: data.approved ?? false,
      facts: factsOf(data, outcomeOf(data), position),
    }),
  },
});

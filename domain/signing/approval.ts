/** The approvals of one person's requests to sign one digest: one at a time. */
import { otherwise, type Decider, type Message } from '../kernel/decider.ts';
import { reject } from '../kernel/rejection.ts';
import type { ApprovalEvent, ApprovalGranted, ApprovalRequested, ApprovalReturned, ApprovalUsed } from './approval.events.ts';

/** `spentBy`: an operation that is known to have got its signature. */
export type RequestApproval = Message<'RequestApproval', ApprovalRequested['data']> & Readonly<{ spentBy?: string | undefined }>;
export type GrantApproval = Message<'GrantApproval', ApprovalGranted['data']>;
export type RejectApproval = Message<'RejectApproval', ApprovalGranted['data']>;
export type UseApproval = Message<'UseApproval', Omit<ApprovalUsed['data'], 'approvalId'>>;
export type ReturnApproval = Message<'ReturnApproval', Omit<ApprovalReturned['data'], 'approvalId'>>;
export type ApprovalCommand = RequestApproval | GrantApproval | RejectApproval | UseApproval | ReturnApproval;

type Of<Status extends string, More extends object = object> = Readonly<{ status: Status; approvalId: string; requesterUserId: string; expiresAt: string } & More>;
/** Undefined: the operator. */
type Decided = Readonly<{ approverUserId: string | undefined }>;

export type ApprovalState =
  | Readonly<{ status: 'none' }>
  | Of<'pending'>
  | Of<'granted', Decided>
  | Of<'rejected', Decided>
  /** By an operation of which it is not known here whether it gets its signature. */
  | Of<'used', Decided & Readonly<{ operationId: string; usedAt: string }>>;

type Known = Exclude<ApprovalState, { status: 'none' }>;

const requestedState = ({ approvalId, requesterUserId, expiresAt }: ApprovalRequested['data']): ApprovalState => ({
  status: 'pending', approvalId, requesterUserId, expiresAt,
});

const evolveKnown = (state: Known, event: Exclude<ApprovalEvent, ApprovalRequested>): ApprovalState => {
  const { approvalId, requesterUserId, expiresAt } = state;
  const same = { approvalId, requesterUserId, expiresAt };
  switch (event.type) {
    case 'ApprovalGranted':
      return { ...same, status: 'granted', approverUserId: event.data.approverUserId };
    case 'ApprovalRejected':
      return { ...same, status: 'rejected', approverUserId: event.data.approverUserId };
    case 'ApprovalUsed':
      return state.status === 'granted' ? { ...state, status: 'used', operationId: event.data.operationId, usedAt: event.data.usedAt } : state;
    case 'ApprovalReturned':
      return state.status === 'used' ? { ...same, status: 'granted', approverUserId: state.approverUserId } : state;
    default:
      return otherwise(event, state);
  }
};

const evolve = (state: ApprovalState, event: ApprovalEvent): ApprovalState => {
  if (event.type === 'ApprovalRequested') return requestedState(event.data);
  return state.status === 'none' ? state : evolveKnown(state, event);
};

/** Times in one form compare as text. */
const isOver = ({ expiresAt }: Known, at: string): boolean => at >= expiresAt;

/**
 * All stand until they are over, except one that was used by an operation that has its signature: until that is known it may come back,
 * and none takes its place.
 */
export const isStanding = (state: ApprovalState, at: string, spentBy?: string): state is Known =>
  state.status !== 'none' && !isOver(state, at) && !(state.status === 'used' && state.operationId === spentBy);

/** Whether operation `operationId` may go ahead at `at`, or has already. */
export const isApproved = (state: ApprovalState, operationId: string, at: string): boolean =>
  state.status === 'used' ? state.operationId === operationId : state.status === 'granted' && !isOver(state, at);

type Decision = GrantApproval | RejectApproval;

const decidePending = ({ type, data }: Decision, state: Of<'pending'>): readonly ApprovalEvent[] => {
  if (isOver(state, data.decidedAt)) return reject('signing.approval_expired');
  return [{ type: type === 'GrantApproval' ? 'ApprovalGranted' : 'ApprovalRejected', data }];
};

const isRepeated = ({ type, data }: Decision, { status, approverUserId }: Exclude<Known, { status: 'pending' }>): boolean =>
  approverUserId === data.approverUserId && (type === 'RejectApproval') === (status === 'rejected');

const decideOn = (decision: Decision, state: ApprovalState): readonly ApprovalEvent[] => {
  if (state.status === 'none') return reject('signing.approval_not_found');
  // The stream has gone on to another one: this one was used, or its time was over.
  if (state.approvalId !== decision.data.approvalId) return reject('signing.approval_expired');
  if (state.requesterUserId === decision.data.approverUserId) return reject('signing.approval_own');
  if (state.status === 'pending') return decidePending(decision, state);
  return isRepeated(decision, state) ? [] : reject('signing.approval_decided', { status: state.status });
};

const use = ({ data }: UseApproval, state: ApprovalState): readonly ApprovalEvent[] => {
  if (!isApproved(state, data.operationId, data.usedAt)) return reject('signing.policy_approval');
  return state.status === 'granted' ? [{ type: 'ApprovalUsed', data: { ...data, approvalId: state.approvalId } }] : [];
};

const giveBack = ({ data }: ReturnApproval, state: ApprovalState): readonly ApprovalEvent[] =>
  state.status === 'used' && state.operationId === data.operationId
    ? [{ type: 'ApprovalReturned', data: { ...data, approvalId: state.approvalId } }]
    : [];

export const approval: Decider<ApprovalState, ApprovalCommand, ApprovalEvent> = {
  initialState: { status: 'none' },
  evolve,
  decide: (command, state) => {
    switch (command.type) {
      case 'RequestApproval':
        return isStanding(state, command.data.requestedAt, command.spentBy) ? [] : [{ type: 'ApprovalRequested', data: command.data }];
      case 'GrantApproval':
      case 'RejectApproval':
        return decideOn(command, state);
      case 'UseApproval':
        return use(command, state);
      case 'ReturnApproval':
        return giveBack(command, state);
      default:
        return otherwise(command, []);
    }
  },
};

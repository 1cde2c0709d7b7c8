/**
 * One signing operation: the intent, then what became of it. The private key is used between the two decisions, never
 * inside one.
 */
import { otherwise, type Decider, type Message } from '../kernel/decider.ts';
import { reject } from '../kernel/rejection.ts';
import { serialNumber } from './serial-number.ts';
import type {
  CertificateWithdrawn,
  SigningAbandoned,
  SigningCompleted,
  SigningFailed,
  SigningRequested,
  SigningResultReported,
  SigningStreamEvent,
  SigningTimedOut,
} from './operation.events.ts';

/** Every status that an operation can be shown in. */
export const OPERATION_STATUSES = ['pending', 'signed', 'completed', 'embed_failed', 'failed', 'timeout', 'abandoned'] as const;
export type OperationStatus = (typeof OPERATION_STATUSES)[number];

export const SIGNING_SOURCES = ['cli', 'github_action', 'dashboard', 'api'] as const;
/** What a client can report of the embedding. */
export const REPORTED_RESULTS = ['completed', 'embed_failed'] as const;

export type SigningOperationCommand =
  | Message<'RequestSigning', SigningRequested['data']>
  | Message<'CompleteSigning', SigningCompleted['data']>
  | Message<'FailSigning', SigningFailed['data']>
  /** Nothing happens to an operation that is not pending. */
  | Message<'WithdrawCertificate', CertificateWithdrawn['data']>
  | Message<'ReportResult', SigningResultReported['data']>
  /** Nothing happens to an operation that was requested after `requestedUntil`. One that was never requested is closed. */
  | Message<'TimeOutSigning', SigningTimedOut['data'] & Readonly<{ requestedUntil: string }>>
  /** Nothing happens to an operation that was signed after `signedUntil`. */
  | Message<'AbandonSigning', SigningAbandoned['data'] & Readonly<{ signedUntil: string }>>;

type Asked = Readonly<{
  digest: string;
  actorUserId: string;
  awaitsResult: boolean;
  requestedAt: string;
  /** Numbers of certificates that were revoked while it was pending. */
  withdrawn?: readonly string[];
}>;
type Signed = Asked & Readonly<{ pkcs7Sha256: string; signedAt: string; reported: boolean }>;

export type SigningOperationState =
  | Readonly<{ status: 'none' }>
  /** It never began, and never will. */
  | Readonly<{ status: 'closed' }>
  | (Asked & Readonly<{ status: 'pending' | 'failed' | 'timeout' }>)
  | (Signed & Readonly<{ status: 'signed' | 'completed' | 'embed_failed' | 'abandoned' }>);

const askedOf = ({ digest, actorUserId, awaitResult = false, requestedAt }: SigningRequested['data']): Asked => ({
  digest,
  actorUserId,
  awaitsResult: awaitResult,
  requestedAt,
});

const requestedFrom = (state: SigningOperationState, data: SigningRequested['data']): SigningOperationState =>
  state.status === 'closed' ? state : { status: 'pending', ...askedOf(data) };

const failedFrom = (state: SigningOperationState): SigningOperationState => (state.status === 'pending' ? { ...state, status: 'failed' } : state);

const abandonedFrom = (state: SigningOperationState): SigningOperationState => (state.status === 'signed' ? { ...state, status: 'abandoned' } : state);

const completedFrom = (state: SigningOperationState, { pkcs7Sha256, signedAt }: SigningCompleted['data']): SigningOperationState => {
  if (state.status !== 'pending') return state;
  return { ...state, pkcs7Sha256, signedAt, reported: false, status: state.awaitsResult ? 'signed' : 'completed' };
};

const reportedFrom = (state: SigningOperationState, { result }: SigningResultReported['data']): SigningOperationState =>
  state.status === 'signed' || state.status === 'completed' ? { ...state, status: result, reported: true } : state;

const timedOutFrom = (state: SigningOperationState): SigningOperationState => {
  if (state.status === 'none') return { status: 'closed' };
  return state.status === 'pending' ? { ...state, status: 'timeout' } : state;
};

const withdrawnFrom = (state: SigningOperationState, { certificateSerial }: CertificateWithdrawn['data']): SigningOperationState =>
  state.status === 'pending' ? { ...state, withdrawn: [...(state.withdrawn ?? []), serialNumber(certificateSerial)] } : state;

const evolve = (state: SigningOperationState, event: SigningStreamEvent): SigningOperationState => {
  switch (event.type) {
    case 'SigningRequested':
      return requestedFrom(state, event.data);
    case 'SigningCompleted':
      return completedFrom(state, event.data);
    case 'SigningFailed':
      return failedFrom(state);
    case 'SigningResultReported':
      return reportedFrom(state, event.data);
    case 'SigningTimedOut':
      return timedOutFrom(state);
    case 'SigningAbandoned':
      return abandonedFrom(state);
    case 'CertificateWithdrawn':
      return withdrawnFrom(state, event.data);
    default:
      return otherwise(event, state);
  }
};

type Decision = readonly SigningStreamEvent[];

const isWithdrawn = ({ withdrawn = [] }: Asked, serial: string): boolean => withdrawn.includes(serialNumber(serial));

const request = (data: SigningRequested['data'], state: SigningOperationState): Decision => {
  if (state.status === 'none') return [{ type: 'SigningRequested', data }];
  return state.status === 'closed' || state.digest === data.digest ? [] : reject('signing.operation_exists');
};

const complete = (data: SigningCompleted['data'], state: SigningOperationState): Decision => {
  switch (state.status) {
    case 'none':
      return reject('signing.operation_not_found');
    case 'pending':
      return isWithdrawn(state, data.certificateSerial) ? reject('signing.certificate_revoked') : [{ type: 'SigningCompleted', data }];
    case 'closed':
    case 'timeout':
      return reject('signing.operation_timed_out');
    case 'failed':
      return reject('signing.operation_settled', { status: state.status });
    default:
      return state.pkcs7Sha256 === data.pkcs7Sha256 ? [] : reject('signing.operation_settled', { status: state.status });
  }
};

const fail = (data: SigningFailed['data'], state: SigningOperationState): Decision => {
  switch (state.status) {
    case 'none':
      return reject('signing.operation_not_found');
    case 'pending':
      return [{ type: 'SigningFailed', data }];
    // Why there is no signature is known already.
    case 'failed':
    case 'closed':
    case 'timeout':
      return [];
    default:
      return reject('signing.operation_settled', { status: state.status });
  }
};

const report = (data: SigningResultReported['data'], state: SigningOperationState): Decision => {
  if (state.status === 'none' || state.status === 'closed') return reject('signing.operation_not_found');
  // Whose operation it is, nobody else needs to know.
  if (state.actorUserId !== data.actorUserId) return reject('signing.operation_not_found');
  if (!('reported' in state) || state.status === 'abandoned') return reject('signing.result_unexpected', { status: state.status });
  return state.reported ? reject('signing.result_reported', { status: state.status }) : [{ type: 'SigningResultReported', data }];
};

const timeOut = (operationId: string, timedOutAt: string, due: boolean): Decision =>
  due ? [{ type: 'SigningTimedOut', data: { operationId, timedOutAt } }] : [];

const abandon = (operationId: string, abandonedAt: string, due: boolean): Decision =>
  due ? [{ type: 'SigningAbandoned', data: { operationId, abandonedAt } }] : [];

const withdraw = (data: CertificateWithdrawn['data'], state: SigningOperationState): Decision =>
  state.status === 'pending' && !isWithdrawn(state, data.certificateSerial) ? [{ type: 'CertificateWithdrawn', data }] : [];

const isOverdue = (state: SigningOperationState, until: string): boolean =>
  state.status === 'none' || (state.status === 'pending' && state.requestedAt <= until);

type LateCommand = Extract<SigningOperationCommand, { type: 'ReportResult' | 'TimeOutSigning' | 'AbandonSigning' }>;

/** What comes after a signature, or instead of one. */
const decideLate = (command: LateCommand, state: SigningOperationState): Decision => {
  switch (command.type) {
    case 'ReportResult':
      return report(command.data, state);
    case 'TimeOutSigning':
      return timeOut(command.data.operationId, command.data.timedOutAt, isOverdue(state, command.data.requestedUntil));
    case 'AbandonSigning':
      return abandon(command.data.operationId, command.data.abandonedAt, state.status === 'signed' && state.signedAt <= command.data.signedUntil);
    default:
      return otherwise(command, []);
  }
};

const decide = (command: SigningOperationCommand, state: SigningOperationState): Decision => {
  switch (command.type) {
    case 'RequestSigning':
      return request(command.data, state);
    case 'CompleteSigning':
      return complete(command.data, state);
    case 'FailSigning':
      return fail(command.data, state);
    case 'WithdrawCertificate':
      return withdraw(command.data, state);
    default:
      return decideLate(command, state);
  }
};

export const signingOperation: Decider<SigningOperationState, SigningOperationCommand, SigningStreamEvent> = {
  initialState: { status: 'none' },
  evolve,
  decide,
};

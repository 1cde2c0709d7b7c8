/**
 * One signing operation: the intent, then what became of it. The private key is used between the two decisions, never
 * inside one.
 */
import { otherwise, type Decider, type Message } from '../kernel/decider.ts';
import { reject } from '../kernel/rejection.ts';
import type { SigningCompleted, SigningFailed, SigningOperationEvent, SigningRequested } from './operation.events.ts';

/** Every status that an operation can be shown in. */
export const OPERATION_STATUSES = ['pending', 'signed', 'completed', 'embed_failed', 'failed', 'timeout', 'abandoned'] as const;
export type OperationStatus = (typeof OPERATION_STATUSES)[number];

export const SIGNING_SOURCES = ['cli', 'github_action', 'dashboard', 'api'] as const;

export type SigningOperationCommand =
  | Message<'RequestSigning', SigningRequested['data']>
  | Message<'CompleteSigning', SigningCompleted['data']>
  | Message<'FailSigning', SigningFailed['data']>;

export type SigningOperationState =
  | Readonly<{ status: 'none' }>
  | Readonly<{ status: 'pending'; digest: string }>
  | Readonly<{ status: 'completed'; digest: string; pkcs7Sha256: string }>
  | Readonly<{ status: 'failed'; digest: string }>;

const evolve = (state: SigningOperationState, event: SigningOperationEvent): SigningOperationState => {
  switch (event.type) {
    case 'SigningRequested':
      return { status: 'pending', digest: event.data.digest };
    case 'SigningCompleted':
      return state.status === 'none' ? state : { status: 'completed', digest: state.digest, pkcs7Sha256: event.data.pkcs7Sha256 };
    case 'SigningFailed':
      return state.status === 'none' ? state : { status: 'failed', digest: state.digest };
    default:
      return otherwise(event, state);
  }
};

const request = (data: SigningRequested['data'], state: SigningOperationState): readonly SigningOperationEvent[] => {
  if (state.status === 'none') return [{ type: 'SigningRequested', data }];
  return state.digest === data.digest ? [] : reject('signing.operation_exists');
};

const complete = (data: SigningCompleted['data'], state: SigningOperationState): readonly SigningOperationEvent[] => {
  switch (state.status) {
    case 'none':
      return reject('signing.operation_not_found');
    case 'pending':
      return [{ type: 'SigningCompleted', data }];
    case 'completed':
      return state.pkcs7Sha256 === data.pkcs7Sha256 ? [] : reject('signing.operation_settled', { status: state.status });
    case 'failed':
      return reject('signing.operation_settled', { status: state.status });
    default:
      return otherwise(state, []);
  }
};

const fail = (data: SigningFailed['data'], state: SigningOperationState): readonly SigningOperationEvent[] => {
  switch (state.status) {
    case 'none':
      return reject('signing.operation_not_found');
    case 'pending':
      return [{ type: 'SigningFailed', data }];
    case 'failed':
      return [];
    case 'completed':
      return reject('signing.operation_settled', { status: state.status });
    default:
      return otherwise(state, []);
  }
};

const decide = (command: SigningOperationCommand, state: SigningOperationState): readonly SigningOperationEvent[] => {
  switch (command.type) {
    case 'RequestSigning':
      return request(command.data, state);
    case 'CompleteSigning':
      return complete(command.data, state);
    case 'FailSigning':
      return fail(command.data, state);
    default:
      return otherwise(command, []);
  }
};

export const signingOperation: Decider<SigningOperationState, SigningOperationCommand, SigningOperationEvent> = {
  initialState: { status: 'none' },
  evolve,
  decide,
};

/** The errors of a node, as its clients know them: a gRPC status and, in the trailing metadata, which exception it was. */
import { Metadata, status, type ServiceError } from '@grpc/grpc-js';
import type { Expectation } from './expectations.ts';

export type Endpoint = Readonly<{ address: string; port: number }>;

const failure = (code: status, details: string, described: Readonly<Record<string, string>> = {}): ServiceError => {
  const metadata = new Metadata();
  for (const [key, value] of Object.entries(described)) metadata.set(key, value);
  return Object.assign(new Error(details), { code, details, metadata });
};

export const unavailable = (): ServiceError => failure(status.UNAVAILABLE, 'The node cannot be reached');

export const NOT_READY = 'Server Is Not Ready';

export const notReady = (): ServiceError => failure(status.UNAVAILABLE, NOT_READY);

export const timedOut = (): ServiceError => failure(status.ABORTED, 'Operation timed out');

export const unauthenticated = (): ServiceError => failure(status.UNAUTHENTICATED, 'Unauthenticated');

export const accessDenied = (): ServiceError => failure(status.PERMISSION_DENIED, 'Access Denied', { exception: 'access-denied' });

export const invalidPosition = (): ServiceError => failure(status.INVALID_ARGUMENT, 'Trying to read from an invalid position.');

export const appendTooLarge = (maximum: number): ServiceError =>
  failure(status.INVALID_ARGUMENT, `Maximum Append Size of ${maximum} Exceeded.`, { exception: 'maximum-append-size-exceeded', 'maximum-append-size': String(maximum) });

export const invalidArgument = (details: string): ServiceError => failure(status.INVALID_ARGUMENT, details);

export const notLeader = ({ address, port }: Endpoint): ServiceError =>
  failure(status.NOT_FOUND, 'Leader info available', { exception: 'not-leader', 'leader-endpoint-host': address, 'leader-endpoint-port': String(port) });

const EXPECTED: Readonly<Record<Exclude<Expectation, number>, string>> = { 'no-stream': '-1', any: '-2', 'stream-exists': '-4' };

/** What nodes before batch append, and those that delete, answer to a wrong expected version. `current`: -1 without a stream. */
export const wrongExpectedVersion = (stream: string, expected: Expectation, current: number): ServiceError =>
  failure(status.FAILED_PRECONDITION, `Append failed due to WrongExpectedVersion. Stream: ${stream}, Expected version: ${expected}, Actual version: ${current}`, {
    exception: 'wrong-expected-version',
    'stream-name': stream,
    'expected-version': typeof expected === 'number' ? String(expected) : EXPECTED[expected],
    'actual-version': String(current),
  });

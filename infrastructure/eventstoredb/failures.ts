/** What goes wrong with EventStoreDB, told apart by what is to be done about it. */
import { status } from '@grpc/grpc-js';
import { ErrorType, isCommandError } from '@eventstore/db-client';
import { Rejection } from '../../domain/kernel/rejection.ts';

/** Seconds. */
const RETRY_AFTER = 5;

/** The engine is away, slow, or refuses for now. */
export const unavailable = (): Rejection => new Rejection('storage.unavailable', { retryAfter: RETRY_AFTER });

/** An event of ours stands in the log as we do not write it. */
export class UnreadableError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'UnreadableError';
  }
}

/** There was no answer in time: what was asked for may have been done all the same. */
export class LateError extends Error {
  constructor() {
    super('EventStoreDB gave no answer in time');
    this.name = 'LateError';
  }
}

/** An answer that trying again does not change. */
export class RefusedError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'RefusedError';
  }
}

const asError = (error: unknown): Error => (error instanceof Error ? error : new Error(String(error)));

const codeOf = (error: Error): unknown => ('code' in error ? error.code : undefined);

export const isNoStream = (error: unknown): boolean => isCommandError(asError(error)) && (error as { type?: string }).type === ErrorType.STREAM_NOT_FOUND;

/** No event begins at the position that was asked for. */
export const isNoPlace = (error: unknown): boolean => /invalid position/iu.test(asError(error).message);

/** The user is unknown, the password is wrong, or the user may not do this. */
export const isDenied = (error: unknown): boolean => {
  const wrong = asError(error);
  if (isCommandError(wrong) && wrong.type === ErrorType.ACCESS_DENIED) return true;
  return codeOf(wrong) === status.UNAUTHENTICATED || codeOf(wrong) === status.PERMISSION_DENIED;
};

/** Whether the same once more may go well. What is not known not to is tried again, within the time that there is. */
export const mayPass = (error: unknown): boolean =>
  ![RefusedError, Rejection, RangeError].some((Final) => error instanceof Final) && !isNoStream(error);

/** One line for logs: of the errors of the client nothing but their words, which hold neither data nor credentials. */
export const words = (error: unknown): string => asError(error).message.replace(/\s+/g, ' ').slice(0, 300);

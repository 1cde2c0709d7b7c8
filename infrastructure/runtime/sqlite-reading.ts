/** Reads that meet a failing disk answer like writes that do: not now. */
import { Rejection } from '../../domain/kernel/rejection.ts';
import { storageTrouble } from './sqlite-errors.ts';
import { RETRY_AFTER } from './sqlite-protocol.ts';

export const reading = <Result>(read: () => Result): Result => {
  try {
    return read();
  } catch (error) {
    if (storageTrouble(error) === 'other') throw error;
    throw new Rejection('storage.unavailable', { retryAfter: RETRY_AFTER });
  }
};

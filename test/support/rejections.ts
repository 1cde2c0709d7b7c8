/** What a promise was rejected with, as data that can be compared. */
import { expect } from 'chai';
import { Rejection, type RejectionDetails } from '../../domain/kernel/rejection.ts';

export type Rejected = Readonly<{ code: string; details: RejectionDetails }>;

/** Fails when the promise resolves, or rejects with anything but a `Rejection`. */
export const rejection = async (promise: Promise<unknown>): Promise<Rejected> => {
  try {
    await promise;
  } catch (error) {
    if (!(error instanceof Rejection)) throw error;
    return { code: error.code, details: error.details };
  }
  return expect.fail('it was not rejected');
};

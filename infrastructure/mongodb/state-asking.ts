/** What the collections of state and keys share. */
import { MongoError, MongoServerError, type Collection, type Document, type OptionalUnlessRequiredId } from 'mongodb';
import { Rejection } from '../../domain/kernel/rejection.ts';

/** Runs work on the server; rejects with `storage.unavailable` {retryAfter: seconds} when it is away, too slow or refuses for now. */
export type Asking = <T>(work: () => Promise<T>) => Promise<T>;

const DUPLICATE_KEY = 11_000;

export const isDuplicate = (error: unknown): boolean => error instanceof MongoServerError && error.code === DUPLICATE_KEY;

/** Inserts a document; false when there is one like it in what is unique. */
export const insertNew = async <Stored extends Document>(collection: Collection<Stored>, document: OptionalUnlessRequiredId<Stored>): Promise<boolean> => {
  try {
    await collection.insertOne(document);
    return true;
  } catch (error) {
    if (isDuplicate(error)) return false;
    throw error;
  }
};

const RETRY_AFTER_SECONDS = 5;

/** Every error of the driver, since nothing that is asked here is wrong in itself: what fails is the server or the way to it. */
export const asking: Asking = async (work) => {
  try {
    return await work();
  } catch (error) {
    if (error instanceof MongoError) throw new Rejection('storage.unavailable', { retryAfter: RETRY_AFTER_SECONDS });
    throw error;
  }
};

/** The write of which one of many callers wins on every server of this protocol. */
import type { Collection, Document, OptionalUnlessRequiredId } from 'mongodb';
import { isDuplicate } from './failures.ts';

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

/** A database of its own on the server that MONGO_URL names, for one suite. */
import { randomUUID } from 'node:crypto';
import { type Mongo, openMongo } from '../../infrastructure/mongodb/connection.ts';
import { silentLogger } from './silent.ts';

export type TestMongo = Readonly<{ mongo: Mongo; url: string; /** Drops the database and closes the connection. */ remove: () => Promise<void> }>;

/** The same server, another database. */
export const otherDatabase = (url: string, name = `chancery-test-${randomUUID()}`): string => url.replace(/^(mongodb(?:\+srv)?:\/\/[^/?]+\/)[^?]*/, `$1${name}`);

/** `address`: what MONGO_URL says. */
export const openTestMongo = async (address: string): Promise<TestMongo> => {
  const url = otherDatabase(address);
  const mongo = await openMongo(url, { logger: silentLogger });
  const remove = async (): Promise<void> => {
    await mongo.db.dropDatabase();
    await mongo.close();
  };
  return { mongo, url, remove };
};

/** A MongoDB for a test of what is stored in it: a database of its own, dropped afterwards, seen through as many clients as are asked for. */
import { randomUUID } from 'node:crypto';
import { MongoClient, type Db } from 'mongodb';
import type { Context } from 'mocha';

export type OwnMongo = Readonly<{
  /** The database as another process sees it: through a client of its own. */
  open: () => Promise<Db>;
  close: () => Promise<void>;
}>;

const REFUSAL = 'MONGO_URL names no MongoDB';

/** Marks the suite whose `before` calls this as pending unless MONGO_URL is set. */
export const openOwnMongo = (context: Context): OwnMongo => {
  const url = process.env['MONGO_URL'];
  if (url === undefined) {
    const test = context.currentTest ?? context.test;
    if (test !== undefined) test.title += ` (needs a MongoDB: ${REFUSAL})`;
    context.skip();
    throw new Error(REFUSAL);
  }
  const name = `test-${randomUUID()}`;
  const clients: MongoClient[] = [];
  const open = async (): Promise<Db> => {
    const client = await new MongoClient(url, { writeConcern: { w: 'majority', journal: true }, readConcern: { level: 'majority' } }).connect();
    clients.push(client);
    return client.db(name);
  };
  return {
    open,
    close: async () => {
      await clients[0]?.db(name).dropDatabase();
      for (const client of clients) await client.close();
    },
  };
};

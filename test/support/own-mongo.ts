/** A MongoDB for a test of what is stored in it: a database of its own, dropped afterwards, seen through as many connections as are asked for. */
import { randomUUID } from 'node:crypto';
import type { Context } from 'mocha';
import { openMongo, type Mongo } from '../../infrastructure/mongodb/connection.ts';
import { silentLogger } from './silent.ts';

export type OwnMongo = Readonly<{
  /** The database as another process sees it: through a connection of its own. */
  open: () => Promise<Mongo>;
  close: () => Promise<void>;
}>;

/** Marks the suite whose `before` calls this as pending unless MONGO_URL is set. */
export const openOwnMongo = (context: Context): OwnMongo => {
  const given = process.env['MONGO_URL'];
  if (given === undefined) {
    const test = context.currentTest ?? context.test;
    if (test !== undefined) test.title += ' (needs MONGO_URL: a MongoDB server, or scripts/engines)';
    context.skip();
  }
  const url = new URL(given ?? '');
  url.pathname = `/test-${randomUUID()}`;
  const opened: Mongo[] = [];
  return {
    open: async () => {
      const mongo = await openMongo(url.href, { logger: silentLogger });
      opened.push(mongo);
      return mongo;
    },
    close: async () => {
      await opened[0]?.db.dropDatabase();
      for (const mongo of opened) await mongo.close();
    },
  };
};

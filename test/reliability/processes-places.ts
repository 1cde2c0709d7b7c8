/** The line before the signing step of an organization, as the engines have it: who stands in it, and what the log says of who was let in. */
import { MongoClient } from 'mongodb';
import { readWholeLog } from '../support/event-store-reader.ts';
import type { Installation } from '../support/processes.ts';

type Line = Readonly<{ inside: readonly string[]; waiting: readonly string[] }>;

/** How many are inside and how many wait, whichever process they have asked. */
export const openLines = async ({ engines }: Installation) => {
  const client = await MongoClient.connect(engines.mongo.address);
  const entries = client.db().collection<{ _id: string; value: string }>('state_entries');
  return {
    of: async (tenant: string): Promise<readonly [inside: number, waiting: number]> => {
      const stored = await entries.findOne({ _id: `signing-places\n${tenant}` });
      const { inside, waiting }: Line = stored === null ? { inside: [], waiting: [] } : (JSON.parse(stored.value) as Line);
      return [inside.length, waiting.length];
    },
    close: () => client.close(),
  };
};

const UP = /^signing\.SigningRequested\./u;
const DOWN = /^signing\.Signing(?:Completed|Failed)\./u;

/** Of one tenant: the names of the files in the order in which they were let in, and the most operations between intent and end at any moment. */
export const signingsIn = async ({ engines }: Installation, tenant: string): Promise<Readonly<{ order: readonly string[]; most: number }>> => {
  const log = (await readWholeLog(engines.node.address)).filter(({ stream }) => stream.startsWith(`signing.operation-${tenant}-`));
  let now = 0;
  const most = Math.max(0, ...log.map(({ type }) => (now += Number(UP.test(type)) - Number(DOWN.test(type)))));
  return { order: log.filter(({ type }) => UP.test(type)).map(({ data }) => (data as { fileName: string }).fileName), most };
};

/** By how many places somebody was let in before, or after, their turn, at most. */
export const displacement = (order: readonly string[], asked: readonly string[]): number => Math.max(...asked.map((name, turn) => Math.abs(order.indexOf(name) - turn)));

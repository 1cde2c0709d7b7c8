/** What a log on EventStoreDB holds, by the client alone: none of the program's code. */
import { EventStoreDBClient, FORWARDS, START } from '@eventstore/db-client';

export type Written = Readonly<{ id: string; type: string; stream: string; revision: bigint; data: unknown }>;

/** Every event of the program, in the order of the log. */
export const readWholeLog = async (url: string): Promise<readonly Written[]> => {
  const client = EventStoreDBClient.connectionString(url);
  const found: Written[] = [];
  try {
    for await (const { event } of client.readAll({ direction: FORWARDS, fromPosition: START, maxCount: 1_000_000 })) {
      if (event === undefined || event.type.startsWith('$')) continue;
      found.push({ id: event.id, type: event.type, stream: event.streamId, revision: event.revision, data: event.data });
    }
    return found;
  } finally {
    await client.dispose();
  }
};

/** What a start asks of EventStoreDB, and no more. */
import type { Logger } from '../../application/kernel/ports.ts';
import { parseConnectionString } from './connection-string.ts';
import { createConnection } from './connection.ts';
import { checkServer } from './starting.ts';

export type Examined = Readonly<{ version: string; /** The connection string names a user, and without TLS the server is not told of one. */ ignoresCredentials: boolean }>;

/** Rejects with the ConfigError that a start ends with. */
export const examineEventStoreDb = async (text: string, logger: Logger): Promise<Examined> => {
  const { url, shown, ignoresCredentials } = parseConnectionString(text);
  const connection = createConnection({ url, logger });
  try {
    return { version: await checkServer(connection, shown), ignoresCredentials };
  } finally {
    await connection.close();
  }
};

/** What a start asks of EventStoreDB, and no more. */
import type { EventCodec } from '../../application/kernel/event-codec.ts';
import type { EventLog, Logger } from '../../application/kernel/ports.ts';
import { parseConnectionString } from './connection-string.ts';
import { createConnection } from './connection.ts';
import { createEventLog } from './event-log.ts';
import { checkServer } from './starting.ts';
import { createWakeUps } from './wake-ups.ts';

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

/** Asks the log something, for reading alone. */
export const readEventStoreDb = async <Answer>(text: string, { codec, logger }: Readonly<{ codec: EventCodec; logger: Logger }>, ask: (log: EventLog) => Promise<Answer>): Promise<Answer> => {
  const connection = createConnection({ url: parseConnectionString(text).url, logger });
  const wakeUps = createWakeUps(connection, logger);
  try {
    return await ask(createEventLog({ connection, codec, wakeUps }));
  } finally {
    wakeUps.close();
    await connection.close();
  }
};

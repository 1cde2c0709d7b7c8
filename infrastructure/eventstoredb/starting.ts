/** What is wrong with a server, or with the way to it, is said before anything is served. */
import streamsGrpc from '@eventstore/db-client/generated/streams_grpc_pb.js';
import { ConfigError } from '../runtime/config-values.ts';
import type { Connection, Held } from './connection.ts';
import { isDenied, words } from './failures.ts';
import { readLogEnd } from './pages.ts';
import { createDeadline, within } from './waiting.ts';

/** The first version that tells the position of each event of a stream. */
const OLDEST = [22, 6] as const;

const isTooOld = (version: string): boolean => {
  const [, major, minor] = /^(\d+)\.(\d+)/.exec(version) ?? [];
  // Builds from the sources call themselves 0.0; what they can do is asked for all the same.
  if (major === undefined || minor === undefined || Number(major) === 0) return false;
  return Number(major) < OLDEST[0] || (Number(major) === OLDEST[0] && Number(minor) < OLDEST[1]);
};

const checkVersion = async ({ client }: Held, milliseconds: number): Promise<void> => {
  const features = await within(client['capabilities'], milliseconds);
  const { batchAppend } = streamsGrpc.StreamsService as unknown as Record<string, never>;
  if (!isTooOld(features.serverVersion) && features.supports(batchAppend as never)) return;
  throw new ConfigError(`EVENTSTORE_URL leads to EventStoreDB ${features.serverVersion}; needed is ${OLDEST.join('.')} or newer`);
};

/** Throws a ConfigError of one line, which holds no password. `shown`: where it was tried. */
export const checkServer = async (connection: Connection, shown: string): Promise<void> => {
  const deadline = createDeadline(connection.patience());
  for (;;) {
    const held = connection.current();
    try {
      await checkVersion(held, deadline.attempt());
      await readLogEnd(held, deadline.attempt());
      return connection.worked(held);
    } catch (error) {
      if (error instanceof ConfigError) throw error;
      if (isDenied(error)) throw new ConfigError('EVENTSTORE_URL: the user, the password or the rights are wrong; needed is a user who may read $all, and TLS for the server to be told of one');
      connection.failed(held, error);
      if (!(await deadline.pause())) throw new ConfigError(`EVENTSTORE_URL: nothing that can be used answers at ${shown} (${words(error)})`);
    }
  }
};

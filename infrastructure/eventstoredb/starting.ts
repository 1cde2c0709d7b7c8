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

const checkVersion = async ({ client }: Held, milliseconds: number): Promise<string> => {
  const features = await within(client['capabilities'], milliseconds);
  const { batchAppend } = streamsGrpc.StreamsService as unknown as Record<string, never>;
  if (!isTooOld(features.serverVersion) && features.supports(batchAppend as never)) return features.serverVersion;
  throw new ConfigError(`EVENTSTORE_URL leads to EventStoreDB ${features.serverVersion}; needed is ${OLDEST.join('.')} or newer`);
};

/** A node that is known by its name tells the addresses of others, which TLS cannot call. */
const isNameless = (error: unknown): boolean => /ServerName to an IP address/u.test(words(error));

/** What trying again does not change; undefined otherwise. */
const refusalOf = (error: unknown): ConfigError | undefined => {
  if (error instanceof ConfigError) return error;
  if (isDenied(error)) return new ConfigError('EVENTSTORE_URL: the user, the password or the rights are wrong; needed is a user who may read $all, and TLS for the server to be told of one');
  if (isNameless(error)) return new ConfigError('EVENTSTORE_URL leads to nodes that tell addresses of each other instead of names, and over TLS their client knows nodes by name alone; needed are nodes that advertise host names');
  return undefined;
};

/** Answers the version. Throws a ConfigError of one line, which holds no password. `shown`: where it was tried. */
export const checkServer = async (connection: Connection, shown: string): Promise<string> => {
  const deadline = createDeadline(connection.patience());
  for (;;) {
    const held = connection.current();
    try {
      const version = await checkVersion(held, deadline.attempt());
      await readLogEnd(held, deadline.attempt());
      connection.worked(held);
      return version;
    } catch (error) {
      const refusal = refusalOf(error);
      if (refusal !== undefined) throw refusal;
      connection.failed(held, error);
      if (!(await deadline.pause())) throw new ConfigError(`EVENTSTORE_URL: nothing that can be used answers at ${shown} (${words(error)})`);
    }
  }
};

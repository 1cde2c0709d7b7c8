/**
 * A small node that speaks EventStoreDB's streams protocol over a real socket, so that the real client is exercised where no real
 * node is at hand. What it does, and what it does not: README.md beside this file.
 */
import { Server, ServerCredentials, type ServiceError } from '@grpc/grpc-js';
import { randomUUID } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { closing } from '../leavings.ts';
import { checkCredentials, type Users } from './access.ts';
import { appendHandler } from './append.ts';
import { batchAppendHandler } from './batch-append.ts';
import { checkLeader, featuresHandler, gossipHandler, tellsCaughtUp, type Member } from './cluster.ts';
import { SILENCE, type Call, type NodeContext } from './context.ts';
import { Faults, type CallKind } from './faults.ts';
import { openJournal } from './journal.ts';
import { EventLog, type LogLayout } from './log.ts';
import { GossipService, ServerFeaturesService, StreamsService } from './protocol.ts';
import { sendPage, type ReadCall } from './read.ts';
import { listenOn } from './sockets.ts';
import { subscribe } from './subscription.ts';
import { writeFirstEvents, writeStatistics } from './system-events.ts';

export type NodeOptions = Readonly<{
  /** 0, the default: a free one. */
  port?: number;
  /** Where the log is kept; without it, in memory only. */
  directory?: string;
  /** What it says that it is; 23.10.1 by default. Below 21.10 it has no batch append. `none`: it is too old to say. */
  version?: string;
  /** Who may use it; without this, everybody. Clients send credentials over TLS only. */
  users?: Users;
  /** PEM texts. */
  tls?: Readonly<{ key: string; certificate: string }>;
  layout?: LogLayout;
  wrongVersionAs?: NodeContext['wrongVersionAs'];
  /** A statistics event of its own after so many writes; 10 by default, 0: none. */
  statisticsEvery?: number;
  /** The log of a cluster that the node is one of, instead of one of its own. */
  shared?: OpenLog;
}>;

export interface EventStoreNode {
  /** Without credentials, and without the `tlsCAFile` that TLS by an authority of one's own needs. */
  readonly url: string;
  readonly port: number;
  readonly faults: Faults;
  /** How many connections there have been. */
  readonly connections: () => number;
  /** What the gossip tells; the node is alone, and the leader, until it is told otherwise. Its own entry is the one with its port. */
  setMembers(members: readonly Member[]): void;
  /** Stops: connections are cut, the log is closed. */
  close(): Promise<void>;
}

const readHandler = (node: NodeContext) => (call: ReadCall): void => {
  const serve = async (): Promise<void> => {
    const refused = node.refusal(call, 'read');
    if (refused !== undefined) throw refused;
    const options = call.request.getOptions() as NonNullable<ReturnType<typeof call.request.getOptions>>;
    await node.faults.around('read', call, async () => (options.hasSubscription() ? subscribe(node, call, options) : sendPage(node.log, call, options)));
    call.end();
  };
  call.on('error', () => undefined);
  serve().catch((error: unknown) => { if (error !== SILENCE) call.emit('error', error as ServiceError); });
};

const serverFor = (node: NodeContext, version: string, members: () => readonly Member[]): Server => {
  const server = new Server({ 'grpc.max_receive_message_length': -1, 'grpc-node.max_session_memory': Number.MAX_SAFE_INTEGER });
  const streams = { read: readHandler(node), append: appendHandler(node), batchAppend: batchAppendHandler(node) };
  server.addService(StreamsService, streams);
  server.addService(GossipService, { read: gossipHandler(members) as never });
  if (version !== 'none') server.addService(ServerFeaturesService, { getSupportedMethods: featuresHandler(version) as never });
  return server;
};

const credentialsFor = ({ tls }: NodeOptions): ServerCredentials =>
  tls === undefined
    ? ServerCredentials.createInsecure()
    : ServerCredentials.createSsl(null, [{ private_key: Buffer.from(tls.key), cert_chain: Buffer.from(tls.certificate) }]);

/** The log of a node, or of several: who opened it closes it. */
export type OpenLog = Readonly<{ log: EventLog; close: () => Promise<void> }>;

export const openLog = ({ directory, layout = 'plain' }: Pick<NodeOptions, 'directory' | 'layout'> = {}): OpenLog => {
  if (directory !== undefined) mkdirSync(directory, { recursive: true });
  const journal = openJournal(directory === undefined ? undefined : join(directory, 'log'));
  return { log: new EventLog(journal, layout), close: () => journal.close() };
};

/** Starts a node in this process; resolves once it listens. */
export const startEventStoreNode = async (options: NodeOptions = {}): Promise<EventStoreNode> => {
  const { version = '23.10.1', users, wrongVersionAs = 'reply', statisticsEvery = 10, shared } = options;
  const { log, close: closeLog } = shared === undefined ? openLog(options) : { log: shared.log, close: async () => undefined };
  let members: readonly Member[] = [];
  const refusal = (call: Call, kind: CallKind): ServiceError | undefined =>
    checkCredentials(users, call) ?? checkLeader(members, listener.port, { call, kind });
  const faults = new Faults({ drop: (peer) => listener.drop(peer), dropAll: () => listener.dropAll() });
  const server = serverFor({ log, faults, wrongVersionAs, tellsCaughtUp: tellsCaughtUp(version), refusal }, version, () => members);
  const injector = server.createConnectionInjector(credentialsFor(options));
  const listener = await listenOn(options.port ?? 0, (socket) => injector.injectConnection(socket));
  const name = `127.0.0.1:${listener.port}`;
  members = [{ id: randomUUID(), state: 'leader', isAlive: true, endpoint: { address: '127.0.0.1', port: listener.port } }];
  await writeFirstEvents(log, name);
  const stopStatistics = writeStatistics(log, name, statisticsEvery);
  const stop = async (): Promise<void> => {
    stopStatistics();
    await listener.close();
    injector.destroy();
    server.forceShutdown();
    await closeLog();
  };
  let stopped: Promise<void> | undefined;
  return {
    url: options.tls === undefined ? `esdb://${name}?tls=false` : `esdb://localhost:${listener.port}?tls=true`,
    port: listener.port,
    faults,
    connections: listener.count,
    setMembers: (told) => { members = told; },
    close: closing(() => (stopped ??= stop())),
  };
};

/** What a node says of itself and of its cluster. */
import type { ClusterInfo as ClusterInfoMessage } from '@eventstore/db-client/generated/gossip_pb.js';
import type { SupportedMethods as SupportedMethodsMessage } from '@eventstore/db-client/generated/serverfeatures_pb.js';
import type { sendUnaryData, ServerUnaryCall, ServiceError } from '@grpc/grpc-js';
import { systemClock } from '../../../infrastructure/runtime/clock.ts';
import { uuidOf } from './convert.ts';
import type { Call } from './context.ts';
import { notLeader, notReady, type Endpoint } from './failures.ts';
import type { CallKind } from './faults.ts';
import { ClusterInfo, EndPoint, GossipService, MemberInfo, ServerFeaturesService, StreamsService, SupportedMethod, SupportedMethods } from './protocol.ts';

/** As in the gossip's VNodeState. */
const STATES = { follower: 6, leader: 8, readOnlyReplica: 14 } as const;

export type Member = Readonly<{ id: string; state: keyof typeof STATES; isAlive: boolean; endpoint: Endpoint }>;

const FIRST_WITH_BATCHES = [21, 10];

const isAtLeast = (version: string, [major = 0, minor = 0]: readonly number[]): boolean => {
  const [ownMajor = 0, ownMinor = 0] = version.split('.').map(Number);
  return ownMajor > major || (ownMajor === major && ownMinor >= minor);
};

/** Whether nodes of that version tell subscriptions that they have caught up. */
export const tellsCaughtUp = (version: string): boolean => isAtLeast(version, [23, 10]);

const methodsOf = (version: string): readonly string[] => {
  const services = [StreamsService, GossipService, ServerFeaturesService];
  const paths = services.flatMap((service) => Object.values(service as Record<string, { path: string }>).map(({ path }) => path));
  const kept = new Set(['Read', 'Append', 'GetSupportedMethods', ...(isAtLeast(version, FIRST_WITH_BATCHES) ? ['BatchAppend'] : [])]);
  return paths.filter((path) => kept.has(path.slice(path.lastIndexOf('/') + 1)));
};

/** The version, and the methods that a node of that version has, of those that this one knows at all. */
export const featuresHandler = (version: string) => {
  const methods = methodsOf(version).map((path) => {
    const [, service = '', method = ''] = path.split('/');
    return new SupportedMethod().setServiceName(service).setMethodName(method.toLowerCase());
  });
  return (_call: unknown, done: sendUnaryData<SupportedMethodsMessage>): void =>
    done(null, new SupportedMethods().setEventStoreServerVersion(version).setMethodsList(methods));
};

/**
 * What the node on `port` says to a call that it cannot serve as it stands in its cluster; undefined: nothing. Followers send writes on to the
 * leader, unless the client wants it to be the leader itself.
 */
export const checkLeader = (members: readonly Member[], port: number, { call, kind }: { call: Call; kind: CallKind }): ServiceError | undefined => {
  const leader = members.find(({ state, isAlive }) => state === 'leader' && isAlive);
  const mustLead = call.metadata.get('requires-leader').includes('true');
  if (leader === undefined) return kind === 'write' || mustLead ? notReady() : undefined;
  return mustLead && leader.endpoint.port !== port ? notLeader(leader.endpoint) : undefined;
};

const TICKS_PER_MS = 10_000;

export const gossipHandler = (members: () => readonly Member[]) => (_call: ServerUnaryCall<unknown, ClusterInfoMessage>, done: sendUnaryData<ClusterInfoMessage>): void => {
  const list = members().map(({ id, state, isAlive, endpoint }) =>
    new MemberInfo()
      .setInstanceId(uuidOf(id))
      .setTimeStamp(String(systemClock.now() * TICKS_PER_MS))
      .setState(STATES[state])
      .setIsAlive(isAlive)
      .setHttpEndPoint(new EndPoint().setAddress(endpoint.address).setPort(endpoint.port)));
  done(null, new ClusterInfo().setMembersList(list));
};

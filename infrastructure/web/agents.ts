/** Connections that are kept for later requests to the same place. */
import { Agent as HttpAgent, type ClientRequest } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import type { Duplex } from 'node:stream';

/** Idle connections are kept this long for the next event to the same place. */
const KEPT_MS = 15_000;
/** Of one place. */
const KEPT_OF_ONE = 4;
/** Of all places; the one that has been idle longest makes room. */
const KEPT = 256;
/** Requests do not wait for each other's connections: how many there are at once is for whoever makes them, who knows whose they are. */
const OPTIONS = { keepAlive: true, keepAliveMsecs: 1_000, maxFreeSockets: KEPT_OF_ONE, timeout: KEPT_MS } as const;

/** Idle connections of all agents, the one that has been idle longest first. */
const createIdle = () => {
  const idle = new Map<Duplex, () => void>();
  const forget = (socket: Duplex): void => {
    const gone = idle.get(socket);
    if (gone === undefined) return;
    idle.delete(socket);
    socket.off('close', gone);
  };
  return {
    forget,
    add: (socket: Duplex): void => {
      const [oldest] = idle.keys();
      if (idle.size >= KEPT && oldest !== undefined) {
        forget(oldest);
        oldest.destroy();
      }
      const gone = (): void => forget(socket);
      idle.set(socket, gone);
      socket.once('close', gone);
    },
  };
};

type Idle = ReturnType<typeof createIdle>;
/** As it is documented: whether the connection is kept, and then that it is used again. */
type Keeping = { keepSocketAlive: (socket: Duplex) => boolean; reuseSocket: (socket: Duplex, request: ClientRequest) => void };

const keeping = <Agent extends HttpAgent>(agent: Agent, idle: Idle): Agent => {
  const hooks = agent as unknown as Keeping;
  const [keep, reuse] = [hooks.keepSocketAlive.bind(agent), hooks.reuseSocket.bind(agent)];
  hooks.keepSocketAlive = (socket) => {
    const kept = keep(socket);
    if (kept) idle.add(socket);
    return kept;
  };
  hooks.reuseSocket = (socket, request) => {
    idle.forget(socket);
    reuse(socket, request);
  };
  return agent;
};

export const createAgents = () => {
  const idle = createIdle();
  const [plain, secure] = [keeping(new HttpAgent(OPTIONS), idle), keeping(new HttpsAgent(OPTIONS), idle)];
  return {
    plain,
    secure,
    close: (): void => {
      plain.destroy();
      secure.destroy();
    },
  };
};

export type Agents = Pick<ReturnType<typeof createAgents>, 'plain' | 'secure'>;

/** The socket that a node listens on, and the connections over it, each of which can be cut. */
import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import type { Connections } from './faults.ts';

export type Listener = Connections & Readonly<{ port: number; count: () => number; close: () => Promise<void> }>;

const peerOf = ({ remoteAddress, remotePort }: Socket): string => `${remoteAddress}:${remotePort}`;

/** Gives every connection to `take`. `port` 0: a free one. */
export const listenOn = async (port: number, take: (socket: Socket) => void): Promise<Listener> => {
  const sockets = new Map<string, Socket>();
  let connected = 0;
  const server = createServer((socket) => {
    const peer = peerOf(socket);
    connected += 1;
    sockets.set(peer, socket);
    socket.setNoDelay(true);
    // Whoever serves the connection hears of its end by itself.
    socket.on('error', () => undefined);
    socket.once('close', () => sockets.delete(peer));
    take(socket);
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  const dropAll = (): void => { for (const socket of sockets.values()) socket.resetAndDestroy(); };
  return {
    port: (server.address() as AddressInfo).port,
    count: () => connected,
    drop: (peer) => void sockets.get(peer)?.resetAndDestroy(),
    dropAll,
    close: async () => {
      const closed = once(server, 'close');
      server.close();
      dropAll();
      await closed;
    },
  };
};

/** Follows the log over many connections in a process of its own, some of which never read, and times how long an event takes to the others. */
import { connect, type Socket } from 'node:net';

export type Following = Readonly<{ host: string; port: number; path: string; command: string; token: string; body: string; readers: number; stalled: number; events: number }>;
/** `latencies`: milliseconds from the command's being sent to each reader's having its event, sorted. */
export type Followed = Readonly<{ latencies: readonly number[] }>;

const FRAME = Buffer.from('\nevent: ');

const framesIn = (chunk: Uint8Array): number => {
  let found = 0;
  const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
  for (let at = bytes.indexOf(FRAME); at >= 0; at = bytes.indexOf(FRAME, at + 1)) found += 1;
  return found;
};

/** One for all sockets: what is read is counted at once. */
const ROOM = Buffer.alloc(65_536);

/** As little as a client can do with what it is sent, since it shares the machine with what it measures. */
const open = async ({ host, port, path, token }: Following, taken: (chunk: Uint8Array) => void): Promise<Socket> => {
  const begun = Promise.withResolvers<void>();
  const callback = (length: number, room: Uint8Array): boolean => {
    // The head, and the first frame, which holds no event.
    begun.resolve();
    taken(room.subarray(0, length));
    return true;
  };
  const socket = connect({ host, port, noDelay: true, onread: { buffer: ROOM, callback } });
  socket.once('error', begun.reject).once('close', () => begun.reject(new Error(`${path}: closed`)));
  socket.write(`GET ${path} HTTP/1.1\r\nHost: ${host}\r\nAuthorization: Bearer ${token}\r\n\r\n`);
  await begun.promise;
  return socket;
};

const say = async ({ host, port, command, token, body }: Following): Promise<void> => {
  const answer = await fetch(`http://${host}:${port}${command}`, { method: 'POST', headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' }, body });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${command}: ${answer.status} ${text}`);
};

const run = async (following: Following): Promise<Followed> => {
  const latencies: number[] = [];
  let sent = 0;
  let arrived = 0;
  let whole = Promise.withResolvers<void>();
  const take = (chunk: Uint8Array): void => {
    for (let left = framesIn(chunk); left > 0; left -= 1) {
      latencies.push(performance.now() - sent);
      arrived += 1;
      if (arrived === following.readers) whole.resolve();
    }
  };
  const sockets: Socket[] = [];
  for (let n = 0; n < following.readers; n += 1) sockets.push(await open(following, take));
  for (let n = 0; n < following.stalled; n += 1) sockets.push((await open(following, () => undefined)).pause());
  for (let n = 0; n < following.events; n += 1) {
    arrived = 0;
    whole = Promise.withResolvers<void>();
    sent = performance.now();
    await Promise.all([say(following), whole.promise]);
  }
  for (const socket of sockets) socket.destroy();
  return { latencies: latencies.toSorted((one, other) => one - other) };
};

process.on('message', (following: Following) => {
  void run(following).then((followed) => process.send?.(followed));
});
process.once('disconnect', () => process.exit(0));

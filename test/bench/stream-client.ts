/** Follows the log over many connections in a process of its own, some of which never read, and times how long an event takes to the others. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

export type Following = Readonly<{ host: string; port: number; path: string; command: string; token: string; body: string; readers: number; stalled: number; events: number }>;
/** `latencies`: milliseconds from the command's being sent to each reader's having its event, sorted. */
export type Followed = Readonly<{ latencies: readonly number[] }>;

const FRAME = Buffer.from('\nevent: ');

const framesIn = (chunk: Buffer): number => {
  let found = 0;
  for (let at = chunk.indexOf(FRAME); at >= 0; at = chunk.indexOf(FRAME, at + 1)) found += 1;
  return found;
};

const open = async ({ host, port, path, token }: Following): Promise<Socket> => {
  const socket = connect({ host, port, noDelay: true });
  socket.write(`GET ${path} HTTP/1.1\r\nHost: ${host}\r\nAuthorization: Bearer ${token}\r\n\r\n`);
  // The head, and the first frame, which holds no event.
  await once(socket, 'data');
  return socket;
};

const say = async ({ host, port, command, token, body }: Following): Promise<void> => {
  const answer = await fetch(`http://${host}:${port}${command}`, { method: 'POST', headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' }, body });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${command}: ${answer.status} ${text}`);
};

const run = async (following: Following): Promise<Followed> => {
  const readers: Socket[] = [];
  const others: Socket[] = [];
  for (let n = 0; n < following.readers; n += 1) readers.push(await open(following));
  for (let n = 0; n < following.stalled; n += 1) others.push((await open(following)).pause());
  const latencies: number[] = [];
  let sent = 0;
  let arrived = 0;
  let whole = Promise.withResolvers<void>();
  for (const socket of readers) {
    socket.on('data', (chunk: Buffer) => {
      for (let left = framesIn(chunk); left > 0; left -= 1) {
        latencies.push(performance.now() - sent);
        arrived += 1;
        if (arrived === readers.length) whole.resolve();
      }
    });
  }
  for (let n = 0; n < following.events; n += 1) {
    arrived = 0;
    whole = Promise.withResolvers<void>();
    sent = performance.now();
    await Promise.all([say(following), whole.promise]);
  }
  for (const socket of [...readers, ...others]) socket.destroy();
  return { latencies: latencies.toSorted((one, other) => one - other) };
};

process.on('message', (following: Following) => {
  void run(following).then((followed) => process.send?.(followed));
});
process.once('disconnect', () => process.exit(0));

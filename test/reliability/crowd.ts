/** Many clients over raw connections, at the least cost to the machine that they share with what they ask. */
import { connect, type Socket } from 'node:net';

const END_OF_HEAD = '\r\n\r\n';

export type Told = Readonly<{ status: number; retryAfter: string | undefined; body: string }>;

/** The first answer in `text`, and what follows it; undefined while it is not complete. */
const answerIn = (text: string): Readonly<{ told: Told; rest: string }> | undefined => {
  const end = text.indexOf(END_OF_HEAD);
  if (end < 0) return undefined;
  const head = text.slice(0, end);
  const whole = end + END_OF_HEAD.length + Number(/\r\ncontent-length: (\d+)/iu.exec(head)?.[1] ?? 0);
  if (text.length < whole) return undefined;
  return { told: { status: Number(head.slice(9, 12)), retryAfter: /\r\nretry-after: (\S+)/iu.exec(head)?.[1], body: text.slice(end + END_OF_HEAD.length, whole) }, rest: text.slice(whole) };
};

/** As many as every system lets wait to be accepted: of more, a first packet may be dropped, and the next comes seconds later. */
const AT_ONCE = 100;

/** So many connections, open, or turned away already. */
const open = async (url: string, count: number): Promise<readonly Socket[]> => {
  const { hostname, port } = new URL(url);
  const sockets: Socket[] = [];
  const one = (): Promise<void> =>
    new Promise((resolve) => {
      sockets.push(connect(Number(port), hostname).on('error', () => undefined).once('connect', resolve).once('close', () => resolve()));
    });
  while (sockets.length < count) await Promise.all(Array.from({ length: Math.min(AT_ONCE, count - sockets.length) }, one));
  return sockets;
};

/** Asks over one connection, the next as soon as the last is answered, until `isOver`. */
const askOn = (socket: Socket, request: string, isOver: () => boolean, hear: (told: Told) => void): Promise<void> =>
  new Promise((resolve) => {
    let text = '';
    const end = (): void => {
      socket.removeAllListeners('data');
      resolve();
    };
    socket.setEncoding('latin1').once('close', end).on('data', (piece: string) => {
      const answer = answerIn(text += piece);
      if (answer === undefined) return;
      text = answer.rest;
      hear(answer.told);
      if (isOver()) end();
      else socket.write(request);
    });
    socket.write(request);
  });

const GREETING = 'GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n';

/** Clients that the server has answered once, so that all of them are there for it, not only for its machine. */
export const gather = async (url: string, clients: number): Promise<readonly Socket[]> => {
  const sockets = await open(url, clients);
  await Promise.all(sockets.map((socket) => askOn(socket, GREETING, () => true, () => undefined)));
  return sockets;
};

/** What clients are told who go on asking for `ms` milliseconds and until there are `least` answers, and how many a second, until the last is answered, were told of success. They leave then. */
export const crowd = async (clients: readonly Socket[], request: string, { ms, least }: Readonly<{ ms: number; least: number }>): Promise<Readonly<{ told: readonly Told[]; perSecond: number }>> => {
  const told: Told[] = [];
  const begun = performance.now();
  const isOver = (): boolean => performance.now() - begun >= ms && told.length >= least;
  const hear = (one: Told): void => { told.push(one); };
  await Promise.all(clients.map((client) => askOn(client, request, isOver, hear)));
  const took = performance.now() - begun;
  for (const client of clients) client.destroy();
  return { told, perSecond: (told.filter(({ status }) => status < 300).length * 1_000) / took };
};

/** Connections that send the head of a request octet by octet, and never its end. */
export const drip = async (url: string, clients: number, everyMs: number) => {
  const sockets = await open(url, clients);
  for (const socket of sockets) socket.resume().write('GET /healthz HTTP/1.1\r\nHost: x\r\nX-Slow: ');
  const timer = setInterval(() => {
    for (const socket of sockets) if (socket.writable) socket.write('x');
  }, everyMs);
  return {
    connected: () => sockets.filter(({ readyState }) => readyState === 'open').length,
    stop: (): void => {
      clearInterval(timer);
      for (const socket of sockets) socket.destroy();
    },
  };
};

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

/** Asks over one connection, the next as soon as the last is answered, until `isOver`; resolves when it is closed. */
const askOn = (socket: Socket, request: string, isOver: () => boolean, hear: (told: Told) => void): Promise<void> =>
  new Promise((resolve) => {
    let text = '';
    socket.setEncoding('latin1').on('error', () => undefined).on('close', () => resolve());
    socket.on('connect', () => socket.write(request));
    socket.on('data', (piece: string) => {
      const answer = answerIn(text += piece);
      if (answer === undefined) return;
      text = answer.rest;
      hear(answer.told);
      if (isOver()) socket.end();
      else socket.write(request);
    });
  });

/** What `clients` are told who go on asking for `ms` milliseconds, and how many a second, until the last is answered, were told of success. */
export const crowd = async (url: string, request: string, { clients, ms }: Readonly<{ clients: number; ms: number }>): Promise<Readonly<{ told: readonly Told[]; perSecond: number }>> => {
  const { hostname, port } = new URL(url);
  const told: Told[] = [];
  const begun = performance.now();
  const isOver = (): boolean => performance.now() - begun >= ms;
  const hear = (one: Told): void => { told.push(one); };
  await Promise.all(Array.from({ length: clients }, () => askOn(connect(Number(port), hostname), request, isOver, hear)));
  return { told, perSecond: (told.filter(({ status }) => status < 300).length * 1_000) / (performance.now() - begun) };
};

/** Connections that send the head of a request octet by octet, and never its end. */
export const drip = (url: string, clients: number, everyMs: number) => {
  const { hostname, port } = new URL(url);
  const sockets = Array.from({ length: clients }, () => {
    const socket = connect(Number(port), hostname).on('error', () => undefined);
    socket.write('GET /healthz HTTP/1.1\r\nHost: x\r\nX-Slow: ');
    return socket.resume();
  });
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

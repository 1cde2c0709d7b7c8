/**
 * Asks the program for signatures, in a process of its own, over connections that are kept. As little as a client can do, since it
 * shares the machine with what it measures: the request is put together once, and of an answer its status and length are read.
 */
import { connect, type Socket } from 'node:net';

export type Load = Readonly<{
  host: string;
  port: number;
  path: string;
  token: string;
  /** The token goes in `X-API-Key` rather than `Authorization`. */
  keyHeader?: boolean;
  body: string;
  connections: number;
  ms: number;
}>;
/** `latencies`: milliseconds, sorted. */
export type Loaded = Readonly<{ perSecond: number; requests: number; latencies: Readonly<{ median: number; p99: number }>; failed: number; sample: string }>;

const END_OF_HEAD = Buffer.from('\r\n\r\n');
const LENGTH = /\r\ncontent-length: (\d+)/i;

/** Bytes of the first answer in `received`; undefined while it is not complete. */
const answerLength = (received: Buffer): number | undefined => {
  const end = received.indexOf(END_OF_HEAD);
  if (end < 0) return undefined;
  const length = LENGTH.exec(received.toString('latin1', 0, end))?.[1];
  if (length === undefined) throw new Error('an answer without a length');
  const whole = end + END_OF_HEAD.length + Number(length);
  return received.length >= whole ? whole : undefined;
};

type Tally = { done: number; failed: number; sample: string; latencies: number[] };

const count = (tally: Tally, answer: Buffer, ms: number): void => {
  tally.done += 1;
  tally.latencies.push(ms);
  if (answer.toString('latin1', 9, 10) === '2') return;
  tally.failed += 1;
  if (tally.sample === '') tally.sample = answer.toString('utf8').slice(0, 800);
};

/** One connection: the next request goes out when the answer to the last is in. */
const drive = (socket: Socket, request: Buffer, until: number, tally: Tally): Promise<void> =>
  new Promise((resolve, reject) => {
    let received: Buffer = Buffer.alloc(0);
    let sent = 0;
    const send = (): void => {
      sent = performance.now();
      socket.write(request);
    };
    socket.on('error', reject);
    socket.on('close', () => resolve());
    socket.on('data', (chunk: Buffer) => {
      received = received.length === 0 ? chunk : Buffer.concat([received, chunk]);
      const length = answerLength(received);
      if (length === undefined) return;
      count(tally, received.subarray(0, length), performance.now() - sent);
      received = received.subarray(length);
      if (performance.now() < until) send();
      else socket.end();
    });
    socket.on('connect', send);
  });

const requestOf = ({ host, port, path, token, keyHeader = false, body }: Load): Buffer =>
  Buffer.from(
    [`POST ${path} HTTP/1.1`, `Host: ${host}:${port}`, keyHeader ? `X-API-Key: ${token}` : `Authorization: Bearer ${token}`, 'Content-Type: application/json', `Content-Length: ${Buffer.byteLength(body)}`, '', body].join('\r\n'),
  );

const run = async (load: Load): Promise<Loaded> => {
  const request = requestOf(load);
  const tally: Tally = { done: 0, failed: 0, sample: '', latencies: [] };
  const begin = performance.now();
  const sockets = Array.from({ length: load.connections }, () => connect({ host: load.host, port: load.port, noDelay: true }));
  await Promise.all(sockets.map((socket) => drive(socket, request, begin + load.ms, tally)));
  const seconds = (performance.now() - begin) / 1_000;
  const sorted = tally.latencies.toSorted((one, other) => one - other);
  const at = (part: number): number => sorted[Math.floor(sorted.length * part)] ?? Number.NaN;
  return { perSecond: tally.done / seconds, requests: tally.done, latencies: { median: at(0.5), p99: at(0.99) }, failed: tally.failed, sample: tally.sample };
};

process.on('message', (load: Load) => {
  void run(load).then((loaded) => process.send?.(loaded));
});
process.once('disconnect', () => process.exit(0));

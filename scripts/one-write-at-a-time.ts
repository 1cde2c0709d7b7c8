/**
 * For tests with FerretDB 1.x, which reads a document and writes it back in two steps: of two updates at once one may be lost, which no MongoDB
 * does. This stands in front of it, on loopback, and hands write commands on one at a time; everything else passes as it comes.
 *
 *   node scripts/one-write-at-a-time.ts LISTEN_PORT SERVER_PORT      (0: a free port; the port is printed)
 */
import { createConnection, createServer, type AddressInfo, type Socket } from 'node:net';

const WRITES: ReadonlySet<string> = new Set(['insert', 'update', 'delete', 'findAndModify', 'findandmodify']);
const OP_MSG = 2013;
/** Header, flags and the kind of the first section. */
const DOCUMENT_AT = 21;

/** The name of a command is that of the first element of its document (MongoDB wire protocol, OP_MSG). */
const commandIn = (message: Buffer): string | undefined => {
  if (message.readInt32LE(12) !== OP_MSG) return undefined;
  const name = DOCUMENT_AT + 5;
  return message.toString('latin1', name, message.indexOf(0, name));
};

/** Whole messages out of a stream of bytes: each begins with its length. */
const messagesOf = (take: (message: Buffer) => void): ((bytes: Buffer) => void) => {
  let rest: Buffer = Buffer.alloc(0);
  return (bytes) => {
    rest = rest.length === 0 ? bytes : Buffer.concat([rest, bytes]);
    while (rest.length >= 4 && rest.length >= rest.readInt32LE(0)) {
      const length = rest.readInt32LE(0);
      take(rest.subarray(0, length));
      rest = rest.subarray(length);
    }
  };
};

let turn: Promise<unknown> = Promise.resolve();

/** Runs when everything that was asked for before has been answered, or its connection has ended. */
const inTurn = (send: () => Promise<void>): void => {
  turn = turn.then(send, send);
};

const serve = (client: Socket, port: number): void => {
  const server = createConnection({ host: '127.0.0.1', port });
  let answered: (() => void) | undefined;
  const end = (): void => {
    client.destroy();
    server.destroy();
    answered?.();
  };
  const ask = (message: Buffer): Promise<void> =>
    new Promise((resolve) => {
      if (server.destroyed) return resolve();
      answered = resolve;
      server.write(message);
    });
  client.on('data', messagesOf((message) => {
    if (WRITES.has(commandIn(message) ?? '')) inTurn(() => ask(message));
    else server.write(message);
  }));
  // A driver asks the next thing on a connection when it has the answer to the one before.
  server.on('data', messagesOf((message) => {
    client.write(message);
    answered?.();
    answered = undefined;
  }));
  for (const socket of [client, server]) socket.setNoDelay(true).on('error', end).on('close', end);
};

const [listen = 0, target = 0] = process.argv.slice(2).map(Number);
const proxy = createServer((client) => serve(client, target));
proxy.listen(listen, '127.0.0.1', () => console.log((proxy.address() as AddressInfo).port));

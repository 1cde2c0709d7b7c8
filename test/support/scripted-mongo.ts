/** A server of MongoDB's protocol that says what it is told to. */
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { BSON } from 'mongodb';

const HEADER = 16;
const OP_MSG = 2013;
const OP_REPLY = 1;

export type Answers = (command: Readonly<Record<string, unknown>>) => object;

/** The document of a message: OP_MSG after flags and a kind, OP_QUERY after flags, a name and two numbers. */
const commandIn = (message: Buffer): Readonly<Record<string, unknown>> => {
  const start = message.readInt32LE(12) === OP_MSG ? HEADER + 5 : message.indexOf(0, HEADER + 4) + 9;
  return BSON.deserialize(message.subarray(start, start + message.readInt32LE(start)));
};

const reply = (message: Buffer, answer: object): Buffer => {
  const isMessage = message.readInt32LE(12) === OP_MSG;
  const before = isMessage ? Buffer.alloc(5) : Buffer.concat([Buffer.alloc(16), Buffer.from([1, 0, 0, 0])]);
  const body = Buffer.concat([before, BSON.serialize(answer)]);
  const header = Buffer.alloc(HEADER);
  header.writeInt32LE(HEADER + body.length, 0);
  header.writeInt32LE(message.readInt32LE(4), 8);
  header.writeInt32LE(isMessage ? OP_MSG : OP_REPLY, 12);
  return Buffer.concat([header, body]);
};

/** On a free port; the caller closes the server. */
export const serve = async (answers: Answers): Promise<Readonly<{ url: string; server: Server }>> => {
  const talk = (socket: Socket): void => {
    let got = Buffer.alloc(0);
    socket.on('error', () => undefined).on('data', (data: Buffer) => {
      got = Buffer.concat([got, data]);
      while (got.length >= HEADER && got.length >= got.readInt32LE(0)) {
        const message = got.subarray(0, got.readInt32LE(0));
        got = got.subarray(message.length);
        socket.write(reply(message, answers(commandIn(message))));
      }
    });
  };
  const server = createServer(talk).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { url: `mongodb://127.0.0.1:${(server.address() as AddressInfo).port}/chancery`, server };
};

const HELLO = { isWritablePrimary: true, helloOk: true, minWireVersion: 0, maxBsonObjectSize: 16_777_216, maxMessageSizeBytes: 48_000_000, maxWriteBatchSize: 100_000, logicalSessionTimeoutMinutes: 30, readOnly: false, ok: 1 };

/** A server of this version that answers the rest as `more` says. */
export const serverOf = (version: string, maxWireVersion: number, more: Answers = () => ({ ok: 1 })): Answers => (command) => {
  if ('hello' in command || 'ismaster' in command) return { ...HELLO, maxWireVersion };
  return 'buildInfo' in command ? { version, ok: 1 } : more(command);
};

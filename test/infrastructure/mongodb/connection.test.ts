import { expect } from 'chai';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { BSON } from 'mongodb';
import { openMongo } from '../../../infrastructure/mongodb/connection.ts';
import { ConfigError } from '../../../infrastructure/runtime/config-values.ts';
import { requireOwnEngine, startOwnEngine, type OwnEngine } from '../../support/engines.ts';
import { rejection } from '../../support/rejections.ts';
import { silentLogger } from '../../support/silent.ts';
import { until } from '../../support/until.ts';

const PASSWORD = 'not-to-be-shown';
const HEADER = 16;
const OP_MSG = 2013;
const OP_REPLY = 1;

type Answers = (command: Readonly<Record<string, unknown>>) => object;

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

/** A server of the protocol that says what it is told to. */
const serve = async (answers: Answers): Promise<Readonly<{ url: string; server: Server }>> => {
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

const serverOf = (version: string, maxWireVersion: number, more: Answers = () => ({ ok: 1 })): Answers => (command) => {
  if ('hello' in command || 'ismaster' in command) return { ...HELLO, maxWireVersion };
  return 'buildInfo' in command ? { version, ok: 1 } : more(command);
};

const refusal = async (url: string): Promise<string> => {
  const error: unknown = await openMongo(url, { logger: silentLogger, patience: 1_000 }).then((mongo) => mongo.close(), (reason: unknown) => reason);
  expect(error).to.be.instanceOf(ConfigError);
  const { message } = error as ConfigError;
  expect(message).to.match(/^MONGO_URL [^\n]+; accepted is [^\n]+$/).and.not.contain(PASSWORD);
  return message;
};

const answered = async (answers: Answers, user = ''): Promise<string> => {
  const { url, server } = await serve(answers);
  try {
    return await refusal(url.replace('//', `//${user}`));
  } finally {
    server.close();
  }
};

const unauthorized: Answers = () => ({ ok: 0, code: 13, codeName: 'Unauthorized', errmsg: 'requires authentication' });

describe('the connection to MongoDB', () => {
  describe('at the start says in one line what is wrong', () => {
    it('of the address', async () => {
      for (const url of ['', 'here', 'http://127.0.0.1/x', `mongodb://u:${PASSWORD}@:/x`, `mongodb://u:${PASSWORD}@h:99999999/x`, `mongodb://u:${PASSWORD}@h/x?bogus=1`, `mongodb://u:${PASSWORD}@x@h/x`]) {
        expect(await refusal(url), url).to.match(/^MONGO_URL is no connection string/);
      }
      for (const url of [`mongodb://u:${PASSWORD}@h`, 'mongodb://h/', 'mongodb://h/?w=1', 'mongodb://h?w=1']) expect(await refusal(url), url).to.match(/names no database/);
      for (const url of ['mongodb://h/a.b', 'mongodb://h/%24x', `mongodb://h/${'a'.repeat(64)}`]) expect(await refusal(url), url).to.match(/names a database that cannot be/);
    });

    it('of a server that is not there', async () => {
      expect(await refusal(`mongodb://u:${PASSWORD}@127.0.0.1:1/chancery`)).to.match(/leads to no server that answers as MongoDB/);
    });

    it('of a server that is too old', async () => {
      expect(await answered(serverOf('5.0.31', 13))).to.match(/leads to MongoDB 5\.0\.31; accepted is MongoDB 6\.0 or newer/);
      expect(await answered(serverOf('6.0.1', 16))).to.match(/accepted is MongoDB 6\.0 or newer/);
      expect(await answered(serverOf('3.6.0', 6))).to.match(/too old; accepted is MongoDB 6\.0 or newer/);
    });

    it('of a user or a password', async () => {
      const failed: Answers = () => ({ ok: 0, code: 18, codeName: 'AuthenticationFailed', errmsg: `no ${PASSWORD}` });
      expect(await answered(serverOf('7.0.0', 21, failed), `u:${PASSWORD}@`)).to.match(/holds a user or a password that the server refuses/);
      expect(await answered(serverOf('7.0.0', 21, unauthorized))).to.match(/holds no user who may use its database/);
    });
  });

  describe('later', function suite() {
    this.timeout(60_000);
    let engine: OwnEngine;

    before(async function start() {
      requireOwnEngine(this, 'ferretdb');
      engine = await startOwnEngine('ferretdb');
    });

    after(() => engine?.stop());

    it('answers storage.unavailable while the server is gone or hangs, within its patience, and goes on by itself', async () => {
      const { db, guarded, close } = await openMongo(engine.address, { logger: silentLogger, patience: 1_000 });
      const ask = (): Promise<unknown> => guarded(() => db.collection('x').insertOne({ at: 1 }));
      const again = (): Promise<unknown> => until('an answer', () => ask().then(() => true, () => undefined));
      try {
        await ask();
        await engine.kill();
        expect(await rejection(ask())).to.deep.equal({ code: 'storage.unavailable', details: { retryAfter: 5 } });
        await engine.restart();
        await again();
        engine.pause();
        expect((await rejection(ask())).code).to.equal('storage.unavailable');
        engine.resume();
        await again();
      } finally {
        await close();
      }
      expect((await rejection(ask())).code).to.equal('storage.unavailable');
    });

    it('lets pass what is no trouble of the server', async () => {
      const { db, guarded, close } = await openMongo(engine.address, { logger: silentLogger });
      try {
        await guarded(() => db.collection<{ _id: string }>('y').insertOne({ _id: 'a' }));
        const twice = await guarded(() => db.collection<{ _id: string }>('y').insertOne({ _id: 'a' })).catch((error: unknown) => error);
        expect(twice).to.have.property('code', 11_000);
        const mistake = new TypeError('mine');
        expect(await guarded(() => Promise.reject(mistake)).catch((error: unknown) => error)).to.equal(mistake);
      } finally {
        await close();
      }
    });
  });
});

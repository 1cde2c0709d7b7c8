import { expect } from 'chai';
import { once } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { ConfigError } from '../../../infrastructure/runtime/config-values.ts';
import { startEventStoreNode } from '../../support/eventstore-node/node.ts';
import { closing } from '../../support/leavings.ts';
import { silentLogger } from '../../support/silent.ts';
import { openBus } from './support.ts';

const API_VERSIONS = 18;
const METADATA = 3;

const int16 = (value: number): Buffer => Buffer.from([value >> 8, value & 255]);
const int32 = (value: number): Buffer => Buffer.concat([int16(value >> 16), int16(value & 65_535)]);
const text = (value: string): Buffer => Buffer.concat([int16(value.length), Buffer.from(value)]);
const list = (...items: readonly Buffer[]): Buffer => Buffer.concat([int32(items.length), ...items]);
const kind = (...numbers: readonly number[]): Buffer => Buffer.concat(numbers.map(int16));

const UNSUPPORTED_VERSION = 35;

/** Apache Kafka 0.10: answers what it can do, and who it is; nothing else is known to it, idempotent producers least of all. */
const answerAsAncient = (socket: Socket, port: number) => (request: Buffer): void => {
  const [apiKey, version, correlation] = [request.readInt16BE(4), request.readInt16BE(6), request.readInt32BE(8)];
  const broker = Buffer.concat([int32(1), text('127.0.0.1'), int32(port), int16(-1)]);
  const metadata = Buffer.concat([list(broker), int32(1), list()]);
  const kinds = version === 0 ? Buffer.concat([int16(0), list(kind(METADATA, 0, 1), kind(API_VERSIONS, 0, 0))]) : Buffer.concat([int16(UNSUPPORTED_VERSION), list()]);
  const body = apiKey === METADATA ? metadata : kinds;
  socket.write(Buffer.concat([int32(4 + body.length), int32(correlation), body]));
};

describe('a bus in Kafka that cannot be opened', () => {
  let server: Server;
  let address: string;
  let onSocket: (socket: Socket) => void;

  before(async () => {
    server = createServer((socket) => {
      socket.on('error', () => undefined);
      onSocket(socket);
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    address = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  after(() => closing(() => void server.close())());

  const refusal = async (at = address, deadlineMs = 10_000, logger = silentLogger): Promise<string> => {
    const error = await openBus(at, { deadlineMs, logger }).catch((reason: unknown) => reason);
    expect(error).to.be.instanceOf(ConfigError);
    return (error as ConfigError).message;
  };

  it('says that nobody listens there', async function nobody() {
    this.timeout(30_000);
    expect(await refusal('127.0.0.1:1')).to.match(/^KAFKA_BROKERS "127\.0\.0\.1:1": no broker answers \(.*ECONNREFUSED/u);
  });

  it('says that nobody answers', async function silent() {
    this.timeout(30_000);
    const ended = Promise.withResolvers<void>();
    onSocket = (socket) => socket.resume().once('close', () => ended.resolve());
    const said: string[] = [];
    const logger = { ...silentLogger, warn: (_fields: object, message: string) => void said.push(message) };
    expect(await refusal(address, 2_000, logger)).to.match(/^KAFKA_BROKERS "127\.0\.0\.1:\d+": no broker answers/u);
    await ended.promise;
    expect(said, 'the connection that was given up').to.deep.equal([]);
  });

  it('says that it is something else that listens', async function something() {
    this.timeout(30_000);
    onSocket = (socket) => socket.once('data', () => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'));
    expect(await refusal()).to.match(/^KAFKA_BROKERS "127\.0\.0\.1:\d+": .*(?:is no Kafka broker|no broker answers)/u);
    onSocket = (socket) => socket.once('data', () => socket.end());
    expect(await refusal()).to.match(/closes the connection: it is no Kafka broker, or it asks for TLS or a password \(KAFKA_TLS, KAFKA_USERNAME\)$/u);
  });

  it('says that what listens speaks another language, as EventStoreDB does', async function another() {
    this.timeout(30_000);
    const node = await startEventStoreNode();
    expect(await refusal(`127.0.0.1:${node.port}`)).to.match(/: what listens there is no Kafka broker: it answers in another language$/u);
    await node.close();
  });

  it('ends the connection, not the process, of what answers with less than an answer holds', async function short() {
    this.timeout(30_000);
    onSocket = (socket) => socket.once('data', () => socket.write(int32(0)));
    expect(await refusal()).to.match(/: what listens there is no Kafka broker: it answers in another language$/u);
  });

  it('says that the broker is too old', async function ancient() {
    this.timeout(30_000);
    onSocket = (socket) => socket.on('data', answerAsAncient(socket, (server.address() as AddressInfo).port));
    expect(await refusal()).to.match(/the broker is too old: Apache Kafka 2\.4 or newer is needed$/u);
  });
});

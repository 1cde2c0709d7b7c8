/** A client of kafkajs whose connections can be cut: it has no deadline over a whole operation, and goes on trying after it was closed. */
import { connect, isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import kafkajs, { type ISocketFactoryArgs, type logCreator, type RetryOptions, type SASLOptions } from 'kafkajs';
import { Rejection } from '../../domain/kernel/rejection.ts';

export type LineOptions = Readonly<{
  /** `host:port`s to begin with. */
  brokers: readonly string[];
  clientId: string;
  log: logCreator;
  /** TLS with the certificates that the system trusts. */
  tls?: boolean;
  login?: SASLOptions;
}>;

/** What connections end of that this process cuts. */
export const CUT = 'the line is cut';

export interface Line {
  readonly kafka: kafkajs.Kafka;
  /** Ends all of its connections now, and every later one before it begins: what was under way fails within the retries. */
  readonly cut: () => void;
}

const CONNECTION_TIMEOUT_MS = 3_000;
const REQUEST_TIMEOUT_MS = 5_000;
const KEEP_ALIVE_MS = 60_000;

/** About five seconds of an election or a restart, while the connection is refused at once. */
export const RETRY: RetryOptions = { initialRetryTime: 100, maxRetryTime: 1_000, retries: 7 };

/** About two seconds: who starts the program waits for it. */
export const START_RETRY: RetryOptions = { initialRetryTime: 200, maxRetryTime: 1_000, retries: 3 };

/** What answers in another language makes kafkajs throw where nobody catches it: the connection ends of it, not the process. */
const guarded = (socket: Socket): Socket => {
  const emit = socket.emit.bind(socket) as (...given: readonly unknown[]) => boolean;
  return Object.assign(socket, { emit: (...given: readonly unknown[]): boolean => {
    if (given[0] !== 'data') return emit(...given);
    try {
      return emit(...given);
    } catch (error) {
      socket.destroy(error as Error);
      return true;
    }
  } });
};

export const openLine = ({ brokers, clientId, log, tls = false, login }: LineOptions, retry: RetryOptions = RETRY): Line => {
  const sockets = new Set<Socket>();
  let isCut = false;

  const socketFactory = ({ host, port, ssl, onConnect }: ISocketFactoryArgs): Socket => {
    if (isCut) throw new Error(CUT);
    const name = isIP(host) === 0 ? { servername: host } : {};
    const socket = tls ? connectTls({ host, port, ...name, ...ssl }, onConnect) : connect({ host, port }, onConnect);
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    return guarded(socket).setKeepAlive(true, KEEP_ALIVE_MS).setNoDelay(true);
  };

  const kafka = new kafkajs.Kafka({
    brokers: [...brokers], clientId, socketFactory, retry, logCreator: log, connectionTimeout: CONNECTION_TIMEOUT_MS, requestTimeout: REQUEST_TIMEOUT_MS,
    ...(tls ? { ssl: {} } : {}),
    ...(login === undefined ? {} : { sasl: login }),
  });

  return {
    kafka,
    cut: () => {
      isCut = true;
      // With an error: kafkajs does not notice a connection that just ends here.
      for (const socket of sockets) socket.destroy(new Error(CUT));
    },
  };
};

/** Seconds. */
const RETRY_AFTER = 5;

export const unavailable = (): Rejection => new Rejection('storage.unavailable', { retryAfter: RETRY_AFTER });

/** What `work` comes to, or `storage.unavailable` after `ms`; `late` is called then. */
export const withDeadline = async <Result>(ms: number, work: Promise<Result>, late: () => void): Promise<Result> => {
  const { promise, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    reject(unavailable());
    late();
  }, ms);
  try {
    return await Promise.race([work, promise]);
  } finally {
    clearTimeout(timer);
    work.catch(() => undefined);
  }
};

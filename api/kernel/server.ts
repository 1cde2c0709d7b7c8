/** The HTTP server around the application: limits on heads, time and sockets, plain answers to what is not HTTP, an orderly end. */
import { createServer, STATUS_CODES, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { addressKey } from '../../application/tenancy/address-key.ts';
import { createSharedAddresses } from './client-address.ts';
import { markAwaitingContinue } from './request-body.ts';
import { createInFlight } from './in-flight.ts';

/** Times in milliseconds. */
export type ServerOptions = Readonly<{
  headersTimeout?: number;
  requestTimeout?: number;
  keepAliveTimeout?: number;
  maxHeaderSize?: number;
  maxRequestsPerSocket?: number;
  maxConnections?: number;
  /** Connections at once from one address (an IPv6 /64). */
  maxConnectionsPerAddress?: number;
  /** Addresses that many clients share: those of trusted proxies, and this machine's own. */
  isShared?: (address: string) => boolean;
  /** How often the two time limits above are looked at. */
  connectionsCheckingInterval?: number;
  /** Called when the server begins to stop, so that what would never end by itself can. */
  onStopping?: () => void;
}>;

const DEFAULTS = {
  headersTimeout: 10_000,
  requestTimeout: 60_000,
  keepAliveTimeout: 10_000,
  maxHeaderSize: 16_384,
  maxRequestsPerSocket: 10_000,
  maxConnections: 10_000,
  maxConnectionsPerAddress: 1_000,
  connectionsCheckingInterval: 1_000,
} as const;

/** Connections that may wait to be accepted; the system may allow fewer. Of one more, the first packet is dropped: its client waits for seconds, not for its turn. */
const BACKLOG = 4_096;

export type HttpServer = Readonly<{
  listen: (host: string, port: number) => Promise<AddressInfo>;
  /** Stops accepting, finishes what was accepted for at most `graceMs` (default 10 s), then closes whatever is left. */
  close: (graceMs?: number) => Promise<void>;
}>;

const ERRORS: Readonly<Record<string, number>> = { HPE_HEADER_OVERFLOW: 431, HPE_CHUNK_EXTENSIONS_OVERFLOW: 413, ERR_HTTP_REQUEST_TIMEOUT: 408 };

const answerBroken = (error: NodeJS.ErrnoException, socket: Socket): void => {
  const begun = (socket as Socket & { _httpMessage?: ServerResponse })._httpMessage?.headersSent ?? false;
  if (error.code === 'ECONNRESET' || !socket.writable || begun) {
    socket.destroy();
    return;
  }
  const status = ERRORS[error.code ?? ''] ?? 400;
  const body = JSON.stringify({ type: 'about:blank', title: STATUS_CODES[status], status });
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    'Content-Type: application/problem+json',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Cache-Control: no-store',
    'Connection: close',
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`, () => socket.destroy());
};

const onceListening = (server: ReturnType<typeof createServer>, host: string, port: number): Promise<AddressInfo> =>
  new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, BACKLOG, () => {
      server.off('error', reject);
      resolve(server.address() as AddressInfo);
    });
  });

const closeAfter = (response: ServerResponse): void => {
  if (!response.headersSent) response.setHeader('Connection', 'close');
  response.shouldKeepAlive = false;
};

/** Answers under way, each of which closes its connection once the end has begun. */
const createDrain = () => {
  const active = createInFlight<ServerResponse>();
  let stopping = false;
  return {
    began: (response: ServerResponse): void => {
      response.on('close', active.begin(response));
      if (stopping) closeAfter(response);
    },
    stop: (): void => {
      stopping = true;
      active.each(closeAfter);
    },
  };
};

/** Keeps one address from taking all connections. */
const createAddressCap = (limit: number, isShared: (address: string) => boolean) => {
  const open = new Map<string, number>();
  const leave = (key: string): void => {
    const left = (open.get(key) ?? 1) - 1;
    if (left === 0) open.delete(key);
    else open.set(key, left);
  };
  return (socket: Socket): void => {
    const address = socket.remoteAddress ?? '';
    if (isShared(address)) return;
    const key = addressKey(address);
    const count = (open.get(key) ?? 0) + 1;
    open.set(key, count);
    socket.once('close', () => leave(key));
    if (count > limit) socket.destroy();
  };
};

export const createHttpServer = (app: RequestListener, options: ServerOptions = {}): HttpServer => {
  const { maxConnections, maxConnectionsPerAddress, isShared = createSharedAddresses([]), maxRequestsPerSocket, onStopping, ...limits } = { ...DEFAULTS, ...options };
  const drain = createDrain();
  const serve = (request: IncomingMessage, response: ServerResponse): void => {
    drain.began(response);
    app(request, response);
  };
  const server = createServer({ ...limits, requireHostHeader: true, insecureHTTPParser: false }, serve);
  server.maxConnections = maxConnections;
  server.on('connection', createAddressCap(maxConnectionsPerAddress, isShared));
  server.maxRequestsPerSocket = maxRequestsPerSocket;
  server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => {
    markAwaitingContinue(request);
    serve(request, response);
  });
  server.on('clientError', (error, socket) => answerBroken(error, socket as Socket));

  return {
    listen: (host, port) => onceListening(server, host, port),
    close: async (graceMs = 10_000) => {
      const closed = new Promise<void>((resolve) => { server.close(() => resolve()); });
      drain.stop();
      onStopping?.();
      server.closeIdleConnections();
      const timer = setTimeout(() => server.closeAllConnections(), graceMs);
      await closed;
      clearTimeout(timer);
    },
  };
};

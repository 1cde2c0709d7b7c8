/**
 * The one door through which this program calls out on behalf of its customers: webhooks, SIEM sinks, scrapes. An address is looked at
 * when it is dialled, after its name has been resolved, and the connection is made to that very address; redirects are not followed.
 */
import { request as httpRequest, type ClientRequest, type IncomingMessage, type RequestOptions } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { connect as connectPlain, isIP, type LookupFunction, type Socket } from 'node:net';
import { connect as connectSecure } from 'node:tls';
import { callbackify } from 'node:util';
import { Rejection } from '../../domain/kernel/rejection.ts';
import { isPublicAddress } from './addresses.ts';
import { createAgents, type Agents } from './agents.ts';
import { createPublicResolve, systemResolve, type Resolve } from './resolve.ts';
import { forbidden, refuseFragment, targetOf, targetOfUrl, type Target } from './target.ts';

export type OutboundRequest = Readonly<{
  method: 'GET' | 'POST' | 'OPTIONS';
  url: string;
  headers?: Readonly<Record<string, string>>;
  body?: string | Uint8Array;
  /** For the whole exchange, in milliseconds. */
  timeoutMs: number;
  /** Octets of the answer's body that are read; what is beyond is left, and the connection closed. */
  maxBytes: number;
  /** For the answer's body, in milliseconds from its head on: what has not come by then is left, and does no harm to the status. Without: an answer has all of its body. */
  bodyMs?: number;
  signal?: AbortSignal;
}>;

/** Header names are lower case. `complete`: whether `body` is all of it. */
export type OutboundReply = Readonly<{ status: number; headers: Readonly<Record<string, string | undefined>>; body: Buffer; complete: boolean }>;

export type OutboundConnection = Readonly<{ host: string; port: number; secure: boolean; timeoutMs: number; signal?: AbortSignal }>;

export interface Outbound {
  /** Rejects with `outbound.forbidden` {reason} what `request` would refuse without asking anybody, and fragments: for when a URL is set. */
  check(url: string): void;
  /** What `connect` would refuse; `part` says `port` where it is that. */
  checkHost(host: string, port: number): void;
  /** Rejects with `outbound.forbidden` {reason}, `outbound.timeout`, or `outbound.unreachable` {cause: a system's error code}. Any status is an answer. */
  request(request: OutboundRequest): Promise<OutboundReply>;
  /** A connection for protocols that are not HTTP; rejects likewise. With `secure`, the certificate has been verified for the host. */
  connect(connection: OutboundConnection): Promise<Socket>;
  /** Closes the connections that are kept for later requests. */
  close(): void;
}

export type OutboundOptions = Readonly<{
  /** OUTBOUND_ALLOW: `host:port`s that may be reached whatever they are, by plain http, too. */
  allow: readonly string[];
  resolve?: Resolve;
  /** Certificates that are trusted instead of the usual ones, PEM: for tests. */
  ca?: string;
}>;

/** The lookup of a socket. One address that is not public spoils the name: which of them would be dialled is not ours to say. */
const guardedLookup = (resolve: Resolve, allowed: boolean): LookupFunction =>
  callbackify(async (host: string) => {
    const addresses = await resolve(host);
    if (addresses.length === 0) throw Object.assign(new Error('no address'), { code: 'ENOTFOUND' });
    if (!allowed && !addresses.every(({ address }) => isPublicAddress(address))) throw forbidden('leads to a private address');
    return [...addresses];
  }) as unknown as LookupFunction;

/** All addresses are asked for, as the lookup gives them, and tried one after another (RFC 8305). */
const DIALLING = { autoSelectFamily: true } as const;

const codeOf = (error: unknown): string => {
  const code = (error as NodeJS.ErrnoException | undefined)?.code;
  return typeof code === 'string' && /^[A-Z][A-Z0-9_]{1,60}$/u.test(code) ? code : 'EUNKNOWN';
};

const failure = (error: unknown, deadline: AbortSignal): Rejection => {
  if (error instanceof Rejection) return error;
  return deadline.aborted ? new Rejection('outbound.timeout') : new Rejection('outbound.unreachable', { cause: codeOf(error) });
};

const MAX_HEADER_OCTETS = 16_384;

const headersOf = ({ headers }: IncomingMessage): OutboundReply['headers'] =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(', ') : value]));

type BodyLimits = Pick<OutboundRequest, 'maxBytes' | 'bodyMs'>;

const readBody = async (message: IncomingMessage, { maxBytes, bodyMs }: BodyLimits): Promise<Pick<OutboundReply, 'body' | 'complete'>> => {
  const chunks: Buffer[] = [];
  let octets = 0;
  const timer = bodyMs === undefined ? undefined : setTimeout(() => message.destroy(), bodyMs);
  try {
    for await (const chunk of message as AsyncIterable<Buffer>) {
      chunks.push(chunk);
      octets += chunk.length;
      if (octets > maxBytes) break;
    }
  } catch (error) {
    if (bodyMs === undefined) throw error;
    octets = Infinity;
  } finally {
    clearTimeout(timer);
  }
  return { body: Buffer.concat(chunks).subarray(0, maxBytes), complete: octets <= maxBytes };
};

const answerTo = (sent: ClientRequest): Promise<IncomingMessage> =>
  new Promise((resolve, refuse) => {
    sent.once('response', resolve);
    sent.once('error', refuse);
    // Neither an answer nor an error: the other side went over to another protocol (101), or away.
    sent.once('close', () => refuse(new Error('closed without an answer')));
  });

/** Aborts when the time is up; `over` says whether that is why. */
const deadlineOf = ({ timeoutMs, signal }: Readonly<{ timeoutMs: number; signal?: AbortSignal }>) => {
  const deadline = AbortSignal.timeout(timeoutMs);
  return { deadline, either: signal === undefined ? deadline : AbortSignal.any([deadline, signal]) };
};

const createRequest = (locate: (url: string) => Readonly<{ url: URL; target: Target }>, optionsOf: (target: Target) => RequestOptions & Readonly<{ ca?: string }>, agents: Agents) =>
  async (asked: OutboundRequest): Promise<OutboundReply> => {
    const { url, target } = locate(asked.url);
    const { deadline, either } = deadlineOf(asked);
    try {
      const shared = { ...optionsOf(target), method: asked.method, headers: { ...asked.headers }, maxHeaderSize: MAX_HEADER_OCTETS, signal: either };
      const sent = target.secure ? httpsRequest(url, { ...shared, agent: agents.secure }) : httpRequest(url, { ...shared, agent: agents.plain });
      // Whatever goes wrong after the answer has begun comes with the body.
      sent.on('error', () => undefined);
      sent.end(asked.body);
      const message = await answerTo(sent);
      return { status: message.statusCode ?? 0, headers: headersOf(message), ...(await readBody(message, asked)) };
    } catch (error) {
      throw failure(error, deadline);
    }
  };

const connected = (socket: Socket, event: 'connect' | 'secureConnect', signal: AbortSignal): Promise<Socket> =>
  new Promise((resolve, refuse) => {
    const onAbort = (): void => { socket.destroy(new Error('aborted')); };
    signal.addEventListener('abort', onAbort, { once: true });
    socket.once(event, () => {
      signal.removeEventListener('abort', onAbort);
      resolve(socket);
    });
    socket.once('error', refuse);
    if (signal.aborted) onAbort();
  });

export const createOutbound = ({ allow, resolve, ca }: OutboundOptions): Outbound => {
  const allowed = new Set(allow);
  const agents = createAgents();
  const trusted = ca === undefined ? {} : { ca };
  const lookups = { guarded: guardedLookup(resolve ?? createPublicResolve(), false), free: guardedLookup(resolve ?? systemResolve, true) };
  const lookupOf = ({ allowed: free }: Target): LookupFunction => (free ? lookups.free : lookups.guarded);

  return {
    check: (url) => {
      targetOfUrl(allowed, url);
      refuseFragment(url);
    },
    checkHost: (host, port) => { targetOf(allowed, host, port, true); },
    request: createRequest((url) => targetOfUrl(allowed, url), (target) => ({ ...DIALLING, lookup: lookupOf(target), ...trusted }), agents),
    connect: async ({ host, port, secure, ...limits }) => {
      const target = targetOf(allowed, host, port, secure);
      const { deadline, either } = deadlineOf(limits);
      const where = { ...DIALLING, host: target.host, port, lookup: lookupOf(target) };
      // RFC 6066, 3: an address is no server name; it is compared with the certificate all the same.
      const servername = isIP(target.host) === 0 ? { servername: target.host } : {};
      const socket = secure ? connectSecure({ ...where, ...servername, ...trusted }) : connectPlain(where);
      try {
        return await connected(socket, secure ? 'secureConnect' : 'connect', either);
      } catch (error) {
        socket.destroy();
        throw failure(error, deadline);
      }
    },
    close: agents.close,
  };
};

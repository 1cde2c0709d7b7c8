/** What happens to every request first and last: its id, its address, the safe headers, its line in the log, its measurements. */
import type { Request, RequestHandler, Response } from 'express';
import { Rejection } from '../../domain/kernel/rejection.ts';
import type { ClientAddress } from './client-address.ts';
import { headerOf, rememberExchange, requestIdFor, timesSent, type Exchange, type Tools } from './exchange.ts';

const SAFE_HEADERS: readonly (readonly [string, string])[] = [
  ['X-Content-Type-Options', 'nosniff'],
  ['Cache-Control', 'no-store'],
  ['Referrer-Policy', 'no-referrer'],
  ['Content-Security-Policy', "default-src 'none'; frame-ancestors 'none'"],
  ['Cross-Origin-Resource-Policy', 'same-origin'],
];

/** RFC 9112, 3.2.2: an absolute target names the host itself. */
const toOriginForm = (request: Request): void => {
  if (request.url.startsWith('/') || request.method === 'OPTIONS') return;
  const target = URL.parse(request.url);
  if (target === null || !/^https?:$/.test(target.protocol)) throw new Rejection('request.invalid');
  request.headers.host = target.host;
  request.url = `${target.pathname}${target.search}`;
};

/** RFC 9112, 3.2: more than one Host is refused; two readers might pick different ones. */
const checkHost = (request: Request): void => {
  if (timesSent(request, 'host') > 1) throw new Rejection('request.invalid');
};

/** One line a request: the route's pattern, never the path, the query, a header or a body. */
const logLine = ({ request, response, incoming, surface, path, actor, tenant }: Exchange, seconds: number): object => ({
  requestId: incoming.requestId,
  method: request.method,
  surface: surface?.name,
  route: path,
  status: response.statusCode,
  ms: Math.round(seconds * 1e6) / 1000,
  complete: response.writableFinished,
  tenant,
  actor,
});

const begin = (request: Request, response: Response, tools: Tools, addressOf: ClientAddress): Exchange => {
  const header = headerOf(request);
  const requestId = requestIdFor(header('x-request-id'), tools.ids);
  const ip = addressOf(request.socket.remoteAddress, header('x-forwarded-for'));
  const exchange: Exchange = {
    request,
    response,
    startedAt: performance.now(),
    incoming: { requestId, method: request.method, path: request.url, ip, header },
  };
  rememberExchange(exchange);
  response.setHeader('X-Request-ID', requestId);
  for (const [name, value] of SAFE_HEADERS) response.setHeader(name, value);
  return exchange;
};

export const createBeginning =
  (tools: Tools, addressOf: ClientAddress): RequestHandler =>
  (request, response, next) => {
    const exchange = begin(request, response, tools, addressOf);
    tools.metrics.started();
    response.on('close', () => {
      const seconds = (performance.now() - exchange.startedAt) / 1000;
      const { surface, path = 'none' } = exchange;
      tools.metrics.finished({ surface: surface?.name ?? 'none', route: path, method: request.method, status: response.statusCode }, seconds);
      tools.logger.info(logLine(exchange, seconds), 'request');
    });
    checkHost(request);
    toOriginForm(request);
    next();
  };

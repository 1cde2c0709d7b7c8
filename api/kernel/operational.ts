/** What operators' machines ask: liveness, readiness, metrics; and the documents that are public on every host. */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { Request, RequestHandler, Response } from 'express';
import { Rejection } from '../../domain/kernel/rejection.ts';
import type { Metrics } from '../../infrastructure/runtime/metrics.ts';
import { normalizeAddress } from './client-address.ts';
import { exchangeOf, type Exchange } from './exchange.ts';
import type { Pipeline } from './pipeline.ts';
import { jsonAnswer, type CompleteAnswer } from './reply.ts';

/** Whether requests are welcome now; `details` is shown to whoever asks, so it holds names and numbers only. */
export type Readiness = () => Promise<Readonly<{ ready: boolean; details?: Readonly<Record<string, unknown>> }>>;

export type OperationalOptions = Readonly<{
  readiness: Readiness;
  metrics: Metrics;
  operatorToken: string;
  publicDocuments?: Readonly<Record<string, () => Promise<unknown>>>;
}>;

const FORWARDED = ['x-forwarded-for', 'forwarded', 'x-real-ip', 'x-forwarded-host', 'via'] as const;

const isLocal = (request: Request): boolean => {
  const address = normalizeAddress(request.socket.remoteAddress ?? '') ?? '';
  const loopback = address === '::1' || address.startsWith('127.');
  return loopback && FORWARDED.every((name) => request.headers[name] === undefined);
};

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();

/** In constant time, whatever the lengths. */
export const isBearer = (authorization: string | undefined, token: string): boolean => {
  const given = /^Bearer +(\S+)$/i.exec(authorization ?? '')?.[1] ?? '';
  return timingSafeEqual(digest(given), digest(token)) && given !== '';
};

const sendAnswer = (response: Response, { status, headers, bytes }: CompleteAnswer): void => {
  response.writeHead(status, { ...headers, ...(status !== 304 && { 'Content-Length': bytes.length }) }).end(bytes);
};

const text = (contentType: string, body: string): CompleteAnswer => ({ status: 200, headers: { 'Content-Type': contentType }, bytes: Buffer.from(body) });

type Answering = (request: Request) => Promise<CompleteAnswer>;

/** Public in every sense: pages of any origin may read it (a verifier in a browser does), and caches may keep it for a while. */
const PUBLIC = { 'Cache-Control': 'public, max-age=300', 'Access-Control-Allow-Origin': '*', 'Cross-Origin-Resource-Policy': 'cross-origin' };

type Written = Readonly<{ value: unknown; tag: string; answer: CompleteAnswer }>;

const written = (value: unknown): Written => {
  const { bytes } = jsonAnswer(200, value);
  const tag = `"${createHash('sha256').update(bytes).digest('base64url')}"`;
  return { value, tag, answer: jsonAnswer(200, value, { ...PUBLIC, ETag: tag }) };
};

/** RFC 9110, 13.1.2: compared weakly; an asterisk is whatever there is. */
const hasTag = (ifNoneMatch: string | undefined, tag: string): boolean =>
  (ifNoneMatch ?? '').split(',').some((each) => ['*', tag].includes(each.trim().replace(/^W\//u, '')));

/** Written out once for each object that `read` gives; whoever has it already is told so. */
const createPublicDocument = (read: () => Promise<unknown>): Answering => {
  let known: Written | undefined;
  return async ({ headers }) => {
    const value = await read();
    const current = known !== undefined && known.value === value ? known : written(value);
    known = current;
    if (!hasTag(headers['if-none-match'], current.tag)) return current.answer;
    return { status: 304, headers: { ...PUBLIC, ETag: current.tag }, bytes: Buffer.alloc(0) };
  };
};

const answers = ({ readiness, metrics, operatorToken, publicDocuments = {} }: OperationalOptions): Readonly<Record<string, Answering>> => ({
  '/healthz': async () => jsonAnswer(200, { name: 'chancery', status: 'ok' }),
  '/readyz': async () => {
    const { ready, details } = await readiness();
    return jsonAnswer(ready ? 200 : 503, { status: ready ? 'ready' : 'not ready', ...details }, ready ? {} : { 'Retry-After': '1' });
  },
  '/metrics': async (request) => {
    if (!isLocal(request) && !isBearer(request.headers.authorization, operatorToken)) throw new Rejection('request.unauthenticated');
    return text(metrics.contentType, await metrics.render());
  },
  ...Object.fromEntries(Object.entries(publicDocuments).map(([path, read]): [string, Answering] => [path, createPublicDocument(read)])),
});

/** Answers the paths of the operators' machines, and leaves all others to whoever comes next. */
export const createOperational = (options: OperationalOptions, pipeline: Pipeline): RequestHandler => {
  const answering = new Map(Object.entries(answers(options)));
  const run = async (exchange: Exchange, path: string, answer: Answering): Promise<void> => {
    const { request, response } = exchange;
    exchange.path = path;
    try {
      if (request.method !== 'GET' && request.method !== 'HEAD') throw new Rejection('request.method_not_allowed', { allow: ['GET', 'HEAD'] });
      sendAnswer(response, await answer(request));
    } catch (error) {
      if (error instanceof Rejection && error.code === 'request.unauthenticated') response.setHeader('WWW-Authenticate', 'Bearer');
      await pipeline.fail(exchange, error);
    }
  };
  return (request, _response, next) => {
    const { path } = request;
    const answer = answering.get(path);
    return answer === undefined ? next() : run(exchangeOf(request), path, answer);
  };
};

/** The one door by which errors become answers. What is not a `Rejection` is logged, and shown as nothing but an internal error. */
import { Rejection } from '../../domain/kernel/rejection.ts';
import type { Exchange, Tools } from './exchange.ts';
import { jsonAnswer, type CompleteAnswer } from './reply.ts';
import type { ErrorReply, Incoming } from './surface.ts';

/** Seconds after which to try again, where the rejection itself does not say. */
const RETRY_AFTER: Readonly<Record<string, number>> = {
  'storage.unavailable': 5,
  'storage.behind': 1,
  'kernel.busy': 1,
  'request.timeout': 5,
  'idempotency.in_progress': 1,
};

const OUTSIDE: Readonly<Record<string, readonly [status: number, title: string]>> = {
  'request.not_found': [404, 'Not Found'],
  'request.method_not_allowed': [405, 'Method Not Allowed'],
  'request.unauthenticated': [401, 'Unauthorized'],
  'request.invalid': [400, 'Bad Request'],
  'kernel.not_ready': [503, 'Service Unavailable'],
  'kernel.busy': [503, 'Service Unavailable'],
  'storage.unavailable': [503, 'Service Unavailable'],
  'storage.behind': [503, 'Service Unavailable'],
};

/** Outside every surface errors are RFC 9457 problems with nothing but their title. */
const renderOutside = ({ code }: Rejection, { requestId }: Incoming): ErrorReply => {
  const [status, title] = OUTSIDE[code] ?? [500, 'Internal Server Error'];
  return { status, contentType: 'application/problem+json', body: { type: 'about:blank', title, status, request_id: requestId } };
};

const leaves = (value: unknown, found: string[], depth = 0): string[] => {
  if (typeof value === 'string') found.push(value);
  else if (typeof value === 'object' && value !== null && depth < 8) for (const inner of Object.values(value)) leaves(inner, found, depth + 1);
  return found;
};

/** The parts of a URL, as they came and as they are understood. */
const wordsOf = (url: string): readonly string[] =>
  url.split(/[/?&=]/).flatMap((part) => {
    try {
      return [part, decodeURIComponent(part.replaceAll('+', ' '))];
    } catch {
      return [part];
    }
  });

/** What a client sent must not reach the log through the words of an error. */
const withoutInput = (text: string, { request, body }: Exchange): string => {
  const sent = [request.headers, request.params, body, wordsOf(request.url)].flatMap((part) => leaves(part, []));
  const clean = sent.reduce((rest, value) => (value.length < 4 ? rest : rest.replaceAll(value, '…')), text);
  // Parsers quote a part of what they could not read.
  return clean.replaceAll(/"[^"]*(?:"|$)/g, '"…"').slice(0, 500);
};

const CODE = /^[A-Z][A-Z\d_]{1,60}$/;

const describe = (error: unknown, exchange: Exchange): object => {
  if (!(error instanceof Error)) return { thrown: typeof error };
  // The stack begins with the message, which may hold lines that look like frames.
  const frames = (error.stack ?? '').replace(error.message, () => '').split('\n').filter((line) => line.startsWith('    at ')).slice(0, 12);
  const { code } = error as { code?: unknown };
  return { name: withoutInput(error.name, exchange), code: typeof code === 'string' && CODE.test(code) ? code : undefined, reason: withoutInput(error.message, exchange), frames };
};

const about = ({ incoming, surface, route }: Exchange): object => ({
  requestId: incoming.requestId,
  surface: surface?.name,
  route: route?.path,
});

const asRejection = (error: unknown, exchange: Exchange, { logger }: Tools): Rejection => {
  if (error instanceof Rejection) return error;
  // Express rejects a path whose parameters are not valid percent-encoding.
  if (error instanceof URIError && exchange.route === undefined) return new Rejection('request.invalid', { fields: { path: 'is not valid percent-encoding' } });
  logger.error({ ...about(exchange), error: describe(error, exchange) }, 'request failed');
  return new Rejection('kernel.internal');
};

const render = (rejection: Rejection, exchange: Exchange, tools: Tools): ErrorReply => {
  const { surface, incoming } = exchange;
  try {
    if (surface !== undefined) return surface.renderError(rejection, incoming);
  } catch (error) {
    tools.logger.error({ ...about(exchange), error: describe(error, exchange) }, 'error could not be rendered');
    return renderOutside(new Rejection('kernel.internal'), incoming);
  }
  return renderOutside(rejection, incoming);
};

const extraHeaders = ({ code, details }: Rejection): Readonly<Record<string, string>> => {
  const wait = typeof details['retryAfter'] === 'number' ? details['retryAfter'] : RETRY_AFTER[code];
  const { allow } = details;
  return {
    ...(wait === undefined ? {} : { 'Retry-After': String(Math.max(1, Math.ceil(wait))) }),
    ...(code === 'request.method_not_allowed' && Array.isArray(allow) ? { Allow: allow.join(', ') } : {}),
  };
};

/** Never throws. */
export const failureAnswer = (error: unknown, exchange: Exchange, tools: Tools): CompleteAnswer => {
  const rejection = asRejection(error, exchange, tools);
  const reply = render(rejection, exchange, tools);
  if (reply.status >= 500 && rejection.code !== 'kernel.internal') {
    tools.logger.warn({ ...about(exchange), code: rejection.code, status: reply.status }, 'request refused');
  }
  return jsonAnswer(reply.status, reply.body, { ...extraHeaders(rejection), ...reply.headers }, reply.contentType);
};

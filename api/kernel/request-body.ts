/** Reads request bodies: exact media type, no encodings, a size that is refused as soon as it is known. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Rejection } from '../../domain/kernel/rejection.ts';
import { parseStrictJson } from './strict-json.ts';

/** Bytes, for a route that says nothing else. */
export const DEFAULT_BODY_LIMIT = 65_536;
/** What is still swallowed of a body that nobody wants, so that the client gets to read the answer; then the socket goes. */
const DISCARD_LIMIT = 16 * 1_048_576;
const JSON_TYPE = /^application\/json(?:\s*;\s*charset="?utf-8"?)?\s*$/i;

const awaitingContinue = new WeakSet<IncomingMessage>();
/** Marks a request whose client waits for `100 Continue`: it gets one only when its body is wanted. */
export const markAwaitingContinue = (request: IncomingMessage): void => {
  awaitingContinue.add(request);
};

const hasBody = ({ headers }: IncomingMessage): boolean =>
  headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;

const checkHeaders = ({ headers }: IncomingMessage, limit: number): void => {
  const encoding = headers['content-encoding']?.trim().toLowerCase() ?? 'identity';
  if (encoding !== 'identity') throw new Rejection('request.unsupported_media_type', { reason: 'the body must not be encoded' });
  if (!JSON_TYPE.test(headers['content-type'] ?? '')) {
    throw new Rejection('request.unsupported_media_type', { accepted: 'application/json' });
  }
  if (Number(headers['content-length'] ?? 0) > limit) throw new Rejection('request.too_large', { limit });
};

const collect = (request: IncomingMessage, limit: number): Promise<Buffer> =>
  new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const settle = (act: () => void): void => {
      request.off('data', onData).off('end', onEnd).off('error', onGone).off('close', onGone);
      act();
    };
    const onData = (chunk: Buffer): void => {
      size += chunk.length;
      if (size > limit) settle(() => reject(new Rejection('request.too_large', { limit })));
      else chunks.push(chunk);
    };
    const onEnd = (): void => settle(() => resolve(chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks, size)));
    const onGone = (): void => settle(() => reject(new Rejection('request.timeout')));
    request.on('data', onData).on('end', onEnd).on('error', onGone).on('close', onGone);
  });

/** The raw bytes of a JSON body; empty when there is none. */
export const readBody = async (request: IncomingMessage, response: ServerResponse, limit: number): Promise<Buffer> => {
  if (!hasBody(request)) return Buffer.alloc(0);
  checkHeaders(request, limit);
  if (awaitingContinue.delete(request)) response.writeContinue();
  return collect(request, limit);
};

/** No body at all is the empty object: the schema says whether that is enough, and names what is missing. */
export const parseBody = (bytes: Buffer): unknown => (bytes.length === 0 ? {} : parseStrictJson(bytes));

/** Swallows what is left of a body, within limits. */
export const discardBody = (request: IncomingMessage): void => {
  if (request.readableEnded || request.destroyed) return;
  let size = 0;
  request.on('data', (chunk: Buffer) => {
    size += chunk.length;
    if (size > DISCARD_LIMIT) request.destroy();
  });
  request.on('error', () => undefined);
  request.resume();
};

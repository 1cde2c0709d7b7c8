/** From a handler's value to bytes on the wire; streams at the pace of the client. */
import type { Response } from 'express';
import { cutOff } from './cut-off.ts';
import type { Push } from './push.ts';
import type { HttpReply, PushReply, StreamReply } from './route.ts';

type Headers = Readonly<Record<string, string>>;

/** An answer whose bytes are known: what is sent, and what an idempotent replay sends again. */
export type CompleteAnswer = Readonly<{ status: number; headers: Headers; bytes: Buffer }>;
export type StreamAnswer = Readonly<{ status: number; headers: Headers } & Pick<StreamReply, 'stream'>>;
export type PushAnswer = Readonly<{ status: number; headers: Headers } & Pick<PushReply, 'push'>>;
export type Answer = CompleteAnswer | StreamAnswer | PushAnswer;

export const JSON_CONTENT_TYPE = 'application/json; charset=utf-8';

const named = (contentType: string | undefined, headers: Headers | undefined): Headers => ({
  ...(contentType === undefined ? {} : { 'Content-Type': contentType }),
  ...headers,
});

export const jsonAnswer = (status: number, body: unknown, headers?: Headers, contentType = JSON_CONTENT_TYPE): CompleteAnswer => ({
  status,
  headers: named(contentType, headers),
  bytes: Buffer.from(JSON.stringify(body)),
});

/** `wrap` is the surface's envelope for JSON. */
export const answerOf = (reply: HttpReply, wrap: (body: unknown) => unknown): Answer => {
  const { status, headers } = reply;
  if ('stream' in reply) return { status, headers: named(reply.contentType, headers), stream: reply.stream };
  if ('push' in reply) return { status, headers: named(reply.contentType, headers), push: reply.push };
  if ('bytes' in reply) return { status, headers: named(reply.contentType, headers), bytes: Buffer.from(reply.bytes) };
  if ('body' in reply) return jsonAnswer(status, wrap(reply.body), headers);
  return { status, headers: named(undefined, headers), bytes: Buffer.alloc(0) };
};

/** Resolves when the client has taken what was written, with false when it has gone or stalled. */
const drained = (response: Response, signal: AbortSignal, stallMs: number): Promise<boolean> =>
  new Promise((resolve) => {
    const settle = (taken: boolean) => (): void => {
      clearTimeout(timer);
      response.off('drain', onDrain);
      signal.removeEventListener('abort', onAbort);
      resolve(taken);
    };
    const onDrain = settle(true);
    const onAbort = settle(false);
    const timer = setTimeout(onAbort, stallMs);
    response.once('drain', onDrain);
    signal.addEventListener('abort', onAbort, { once: true });
    if (signal.aborted) onAbort();
  });

const STOPPED = Symbol('stopped');

/** Writes piece by piece; resolves with false when the client went away or stopped reading, which ends the source too. */
const pump = async (response: Response, source: AsyncIterator<string | Uint8Array>, signal: AbortSignal, stallMs: number): Promise<boolean> => {
  const stopped = new Promise<typeof STOPPED>((resolve) => {
    signal.addEventListener('abort', () => resolve(STOPPED), { once: true });
  });
  while (!signal.aborted) {
    const next = await Promise.race([source.next(), stopped]);
    if (next === STOPPED) return false;
    if (next.done === true) return true;
    if (!response.write(next.value) && !(await drained(response, signal, stallMs))) return false;
  }
  return false;
};

/** Whoever the answer is for; the signal is aborted when they leave, and only made where somebody looks at it. */
export type Client = { readonly signal: AbortSignal };
export type Sending = Readonly<{ client: Client; stopping: AbortSignal | undefined; stallMs: number; push: Push }>;

/** Whether what is over is the server's, not the client's doing: then the answer ends properly as far as it got. */
const isStopping = ({ client, stopping }: Sending): boolean => stopping?.aborted === true && !client.signal.aborted;

/** What an answer that nobody will get holds is let go. */
export const letGo = async (answer: Answer): Promise<void> => {
  if ('stream' in answer) await answer.stream[Symbol.asyncIterator]().return?.();
  if ('push' in answer) answer.push.over();
};

const sendStream = async (response: Response, answer: StreamAnswer, sending: Sending): Promise<void> => {
  const { client: { signal }, stopping, stallMs } = sending;
  const source = answer.stream[Symbol.asyncIterator]();
  const either = AbortSignal.any([signal, stopping].filter((each) => each !== undefined));
  let finished = false;
  try {
    finished = response.req.method === 'HEAD' || (await pump(response, source, either, stallMs));
  } finally {
    // Not awaited: a source that is waiting for its next piece only learns of the end afterwards.
    void Promise.resolve(source.return?.()).catch(() => undefined);
  }
  if (finished || isStopping(sending)) response.end();
  else cutOff(response);
};

/** Bytes up to which an answer is put together with its head. */
const SMALL = 16_384;

/** As text of one byte a character Node writes head and body in one piece, which halves what the system has to do for an answer. */
const endWith = (response: Response, bytes: Buffer): void => {
  if (bytes.length > SMALL) response.end(bytes);
  else response.end(bytes.toString('latin1'), 'latin1');
};

/** Bytes that must have left within the time a client may stall. */
const PIECE = 65_536;

/** Cuts a connection off whose client leaves an answer unread: it would hold its place for ever. */
const cutOffWhenStalled = (response: Response, stallMs: number): void => {
  // Not reset: it may have left by now, and only the word of it is late.
  const timer = setTimeout(() => response.destroy(), stallMs);
  timer.unref();
  const settle = (): void => clearTimeout(timer);
  response.once('finish', settle).once('close', settle);
};

const sendBytes = async (response: Response, bytes: Buffer, { client, stallMs }: Sending): Promise<void> => {
  let at = 0;
  for (; response.req.method !== 'HEAD' && bytes.length - at > PIECE; at += PIECE) {
    if (!response.write(bytes.subarray(at, at + PIECE)) && !(await drained(response, client.signal, stallMs))) {
      cutOff(response);
      return;
    }
  }
  endWith(response, bytes.subarray(at));
  // What the system has taken already cannot be left unread here.
  if (response.writableLength > 0) cutOffWhenStalled(response, stallMs);
};

/** Sends an answer; headers of the answer win over those already set. */
export const send = async (response: Response, answer: Answer, sending: Sending): Promise<void> => {
  response.statusCode = answer.status;
  for (const [name, value] of Object.entries(answer.headers)) response.setHeader(name, value);
  if ('stream' in answer) return sendStream(response, answer, sending);
  if ('push' in answer) return sending.push(response, answer.push);
  if (answer.status !== 204 && answer.status !== 304) response.setHeader('Content-Length', answer.bytes.length);
  await sendBytes(response, answer.bytes, sending);
};

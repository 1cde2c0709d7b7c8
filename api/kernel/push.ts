/** Answers that are pushed: bytes go to the connection as they come, without a promise for each, and the same ones to many. */
import type { Socket } from 'node:net';
import type { Response } from 'express';
import { cutOff } from './cut-off.ts';
import { createInFlight } from './in-flight.ts';
import type { Outlet, Pushed } from './route.ts';

const LINE_END = Buffer.from('\r\n');

/** RFC 9112, 7.1. What goes to many connections one after another is framed once. */
const createChunks = (): ((bytes: Uint8Array) => Uint8Array) => {
  let last: Uint8Array | undefined;
  let framed: Uint8Array = LINE_END;
  return (bytes) => {
    if (bytes === last) return framed;
    last = bytes;
    framed = Buffer.concat([Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, LINE_END]);
    return framed;
  };
};

/** A response's own socket, once it is its turn on the connection; undefined when the connection is closed before. */
const socketOf = (response: Response): Promise<Socket | undefined> =>
  new Promise((resolve) => {
    if (response.socket !== null || response.destroyed) {
      resolve(response.socket ?? undefined);
      return;
    }
    response.once('socket', resolve).once('close', () => resolve(undefined));
  });

export type Push = (response: Response, pushed: Pushed) => Promise<void>;

/** `stopping`: when it is aborted, answers end properly as far as they got. */
export const createPush = (stopping: AbortSignal | undefined): Push => {
  const open = createInFlight<Response>();
  const framed = createChunks();
  stopping?.addEventListener('abort', () => open.each((response) => response.end()), { once: true });

  const outletOf = (response: Response, socket: Socket, fail: (why: unknown) => void): Outlet => ({
    // Past the response, which would make four writes of one. HTTP/1.0 knows no chunks.
    write: (bytes) => !response.writableEnded && socket.write(response.chunkedEncoding ? framed(bytes) : bytes),
    end: () => void response.end(),
    cut: (why) => {
      if (why !== undefined) fail(why);
      cutOff(response);
    },
  });

  const serve = async (response: Response, pushed: Pushed): Promise<void> => {
    const closed = Promise.withResolvers<void>();
    response.once('close', closed.resolve);
    response.flushHeaders();
    const socket = await socketOf(response);
    const drained = (): void => pushed.drained();
    socket?.on('drain', drained);
    if (stopping?.aborted === true) response.end();
    else if (socket !== undefined) pushed.begin(outletOf(response, socket, closed.reject));
    try {
      await closed.promise;
    } finally {
      socket?.off('drain', drained);
    }
  };

  return async (response, pushed) => {
    const end = open.begin(response);
    try {
      if (response.req.method === 'HEAD') response.end();
      else await serve(response, pushed);
    } finally {
      end();
      pushed.over();
    }
  };
};

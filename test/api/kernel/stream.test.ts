/** Streamed answers: at the client's pace, and not a step beyond its going. */
import { expect } from 'chai';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { defineRoute, type Route } from '../../../api/kernel/route.ts';
import { ask, serve, testSurface, type Running, type TestPrincipal } from './support.ts';

const PIECE = 'x'.repeat(65_536);
/** More than all buffers between the two take. */
const LARGE = Buffer.alloc(32 * 1_048_576, 'y');

/** What a client that reads on comes to. */
const howItEnds = (socket: Socket): Promise<string> =>
  new Promise((resolve) => {
    socket.once('error', ({ code = '' }: NodeJS.ErrnoException) => resolve(code)).once('close', () => resolve('closed')).resume();
  });

describe('kernel: streams', () => {
  let running: Running;
  let made = 0;
  let ended: PromiseWithResolvers<string>;
  let pieces: () => AsyncGenerator<string>;
  const stopping = new AbortController();

  const stream = async function* (): AsyncGenerator<string> {
    try {
      yield* pieces();
      ended.resolve('complete');
    } finally {
      ended.resolve('cut off');
    }
  };
  const row = { method: 'GET', summary: 's', permission: 'public', replies: { 200: { description: 'ok', contentType: 'text/csv' } } } as const;
  const routes: readonly Route<TestPrincipal>[] = [
    defineRoute({ ...row, path: '/stream', operationId: 'stream', handle: async () => ({ status: 200, contentType: 'text/csv', stream: stream() }) }),
    defineRoute({ ...row, path: '/wait', operationId: 'wait', handle: async ({ signal }) => {
      await once(signal, 'abort');
      ended.resolve('aborted');
      signal.throwIfAborted();
      return { status: 204 };
    } }),
    defineRoute({ ...row, path: '/bytes', operationId: 'bytes', handle: async () => ({ status: 200, bytes: Buffer.from([0, 255, 10]), contentType: 'application/pkix-crl', headers: { 'Cache-Control': 'public, max-age=60' } }) }),
    defineRoute({ ...row, path: '/large', operationId: 'large', handle: async () => ({ status: 200, bytes: LARGE, contentType: 'application/octet-stream' }) }),
  ];

  before(async () => { running = await serve([testSurface(routes)], { stopping: stopping.signal, streamStallMs: 300, handlerTimeoutMs: 100 }); });
  after(() => running.close());
  beforeEach(() => { ended = Promise.withResolvers(); made = 0; });

  const open = (path: string): Socket => {
    const socket = connect(running.port, '127.0.0.1');
    socket.write(`GET /tiny${path} HTTP/1.1\r\nHost: x\r\n\r\n`);
    return socket;
  };
  const endless = async function* (): AsyncGenerator<string> {
    for (;;) {
      made += 1;
      yield PIECE;
    }
  };

  it('sends all of it, chunked, without a length', async () => {
    pieces = async function* () { for (let index = 0; index < 100; index += 1) yield `${index}\r\n`; };
    const { status, text, headers } = await ask(running, 'GET', '/tiny/stream');
    expect([status, headers.get('content-type'), headers.get('content-length'), text.split('\r\n').length]).to.deep.equal([200, 'text/csv', null, 101]);
    expect(await ended.promise).to.equal('complete');
  });

  it('sends bytes as they are', async () => {
    const { headers, text } = await ask(running, 'GET', '/tiny/bytes');
    expect([headers.get('content-type'), headers.get('content-length'), headers.get('cache-control'), text.length]).to.deep.equal(['application/pkix-crl', '3', 'public, max-age=60', 3]);
  });

  it('does not make what a client does not take, and cuts off one that never does', async () => {
    pieces = endless;
    const socket = open('/stream');
    socket.pause();
    expect(await ended.promise).to.equal('cut off');
    const most = made;
    expect(most * PIECE.length).to.be.lessThan(16 * 1_048_576);
    expect(await howItEnds(socket), 'what was sent does not wait for it with the system').to.equal('ECONNRESET');
  });

  it('ends the source when the client goes', async () => {
    pieces = endless;
    const socket = open('/stream');
    await once(socket, 'data');
    socket.destroy();
    expect(await ended.promise).to.equal('cut off');
  });

  it('tells a handler that its client has gone', async () => {
    const socket = open('/wait');
    await once(socket, 'connect');
    socket.destroy();
    expect(await ended.promise).to.equal('aborted');
  });

  it('tells a handler that its time is up, and the client too', async () => {
    const { status, json } = await ask(running, 'GET', '/tiny/wait');
    expect([status, json.oops]).to.deep.equal([408, 'request.timeout']);
  });

  it('answers HEAD without asking the source for anything', async () => {
    pieces = endless;
    const { status, text } = await ask(running, 'HEAD', '/tiny/stream');
    expect([status, text, made]).to.deep.equal([200, '', 0]);
  });

  it('breaks the connection when the source fails half-way: a part must not pass for the whole', async () => {
    pieces = async function* () { yield 'first\r\n'; throw new Error('lost'); };
    const failure = await ask(running, 'GET', '/tiny/stream').catch((error: unknown) => String(error));
    expect(failure).to.be.a('string');
  });

  it('ends open streams when the server begins to stop', async () => {
    pieces = async function* () { yield 'first\r\n'; await once(stopping.signal, 'abort'); };
    const socket = open('/stream').setEncoding('utf8');
    let text = '';
    socket.on('data', (piece: string) => {
      text += piece;
      if (text.includes('first')) stopping.abort();
    });
    const closed = once(socket, 'end');
    expect(await ended.promise).to.be.oneOf(['complete', 'cut off']);
    socket.end();
    await closed;
    expect(text).to.match(/first\r\n\r\n0\r\n\r\n$/);
  });

  it('cuts off who leaves a complete answer unread, and nobody who reads it', async () => {
    const socket = connect(running.port, '127.0.0.1');
    socket.pause();
    socket.write('GET /tiny/large HTTP/1.1\r\nHost: x\r\n\r\n');
    expect((await ask(running, 'GET', '/tiny/large')).text).to.have.length(LARGE.length);
    await new Promise((resolve) => { setTimeout(resolve, 700).unref(); });
    let size = 0;
    socket.on('data', (piece: Buffer) => { size += piece.length; });
    await howItEnds(socket);
    expect(size).to.be.within(1, LARGE.length - 1);
  });
});

/** Pushed answers, under raw TCP. */
import { expect } from 'chai';
import { once } from 'node:events';
import { connect } from 'node:net';
import { defineRoute, type Outlet, type PushReply } from '../../../api/kernel/route.ts';
import { ask, serve, testSurface, type Running } from './support.ts';

type Heard = { outlet: Outlet | undefined; begun: PromiseWithResolvers<Outlet>; drained: number; over: PromiseWithResolvers<void> };

const get = (path: string, version = '1.1'): string => `GET /tiny${path} HTTP/${version}\r\nHost: x\r\n\r\n`;

describe('kernel: pushed answers', () => {
  let running: Running;
  let heard: Heard;
  let stopping: AbortController;

  const push = (): PushReply => ({
    status: 200, contentType: 'text/event-stream',
    push: {
      begin: (outlet) => { heard.begun.resolve(outlet); },
      drained: () => { heard.drained += 1; },
      over: () => heard.over.resolve(),
    },
  });
  const row = { method: 'GET', summary: 's', permission: 'public', replies: { 200: { description: 'ok' } } } as const;
  const slow = Promise.withResolvers<void>();
  const routes = [
    defineRoute<never>({ ...row, path: '/push', operationId: 'push', handle: async () => push() }),
    defineRoute<never>({ ...row, path: '/slow', operationId: 'slow', handle: async () => { await slow.promise; return { status: 200, body: { slow: true } }; } }),
  ];

  beforeEach(async () => {
    heard = { outlet: undefined, begun: Promise.withResolvers(), drained: 0, over: Promise.withResolvers() };
    stopping = new AbortController();
    running = await serve([testSurface(routes as never)], { stopping: stopping.signal });
  });
  afterEach(() => running.close());

  /** A connection with some requests, and all that came over it until it ended. */
  const say = (text: string) => {
    const socket = connect(running.port, '127.0.0.1').on('error', () => undefined);
    socket.write(text);
    let got = '';
    socket.setEncoding('latin1').on('data', (piece: string) => { got += piece; });
    const until = async (end: string): Promise<void> => { while (!got.includes(end)) await once(socket, 'data'); };
    return { socket, until, got: () => got, ended: new Promise((resolve) => { socket.once('close', resolve); }) };
  };

  it('go out as chunks, and end properly, after which the connection serves on', async () => {
    const { socket, until, got } = say(get('/push'));
    const outlet = await heard.begun.promise;
    const bytes = Buffer.from('data: é\n\n');
    expect(outlet.write(bytes)).to.equal(true);
    expect(outlet.write(bytes)).to.equal(true);
    outlet.end();
    expect(outlet.write(bytes), 'nothing comes after the end').to.equal(false);
    await until('\r\n0\r\n\r\n');
    await heard.over.promise;
    expect(got().slice(got().indexOf('\r\n\r\n') + 4)).to.equal(`${'a\r\ndata: Ã©\n\n\r\n'.repeat(2)}0\r\n\r\n`);
    heard.begun = Promise.withResolvers();
    socket.write(get('/push'));
    (await heard.begun.promise).write(Buffer.from('again'));
    await until('5\r\nagain\r\n');
    socket.destroy();
  });

  it('go out as they are over HTTP/1.0, which knows no chunks', async () => {
    const { got, ended } = say(get('/push', '1.0'));
    const outlet = await heard.begun.promise;
    outlet.write(Buffer.from('data: a\n\n'));
    outlet.end();
    await ended;
    expect(got().slice(got().indexOf('\r\n\r\n') + 4)).to.equal('data: a\n\n');
  });

  it('wait for their turn on the connection', async () => {
    const { socket, until, got } = say(get('/slow') + get('/push'));
    const early = await Promise.race([heard.begun.promise, ask(running, 'GET', '/tiny/nothing').then(() => undefined)]);
    expect(early).to.equal(undefined);
    slow.resolve();
    (await heard.begun.promise).write(Buffer.from('mine'));
    await until('4\r\nmine\r\n');
    expect(got()).to.match(/^HTTP\/1\.1 200 [^]*"slow":true[^]*HTTP\/1\.1 200 [^]*mine/u);
    socket.destroy();
  });

  it('say when a client takes no more, and when it has', async () => {
    const { socket } = say(get('/push'));
    const outlet = await heard.begun.promise;
    socket.pause();
    const much = Buffer.alloc(65_536, 'x');
    while (outlet.write(much)) await new Promise((resolve) => { setImmediate(resolve); });
    expect(heard.drained).to.equal(0);
    socket.resume();
    while (heard.drained === 0) await once(socket, 'data');
    socket.destroy();
  });

  it('are told when the client goes, and tell it when it is cut off', async () => {
    const { socket } = say(get('/push'));
    await heard.begun.promise;
    socket.destroy();
    await heard.over.promise;
    heard = { ...heard, begun: Promise.withResolvers(), over: Promise.withResolvers() };
    const { ended, got } = say(get('/push'));
    (await heard.begun.promise).cut(new Error('lost'));
    await Promise.all([ended, heard.over.promise]);
    expect(got()).to.not.include('\r\n0\r\n');
  });

  it('leave nothing with the system when a client that takes nothing is cut off', async () => {
    const socket = connect(running.port, '127.0.0.1').pause();
    const failed = once(socket, 'error');
    socket.write(get('/push'));
    const outlet = await heard.begun.promise;
    const much = Buffer.alloc(65_536, 'x');
    while (outlet.write(much)) await new Promise((resolve) => { setImmediate(resolve); });
    outlet.cut();
    await heard.over.promise;
    // Otherwise what was sent would wait for it there for as long as it likes, and then its end.
    const ended = once(socket, 'end').then(() => [{ code: 'all of it' }]);
    socket.resume();
    expect((await Promise.race([failed, ended]))[0]).to.have.property('code', 'ECONNRESET');
  });

  it('do not begin for HEAD, and are over at once', async () => {
    const { status } = await ask(running, 'HEAD', '/tiny/push');
    await heard.over.promise;
    expect([status, await Promise.race([heard.begun.promise, Promise.resolve('not begun')])]).to.deep.equal([200, 'not begun']);
  });

  it('end when the server begins to stop', async () => {
    const { until } = say(get('/push'));
    await heard.begun.promise;
    stopping.abort();
    await until('\r\n0\r\n\r\n');
    await heard.over.promise;
  });
});

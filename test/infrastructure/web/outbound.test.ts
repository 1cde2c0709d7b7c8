import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createTcpServer, type AddressInfo, type Socket } from 'node:net';
import { expect } from 'chai';
import { isPublicAddress } from '../../../infrastructure/web/addresses.ts';
import { createOutbound, type Outbound, type OutboundOptions, type OutboundRequest } from '../../../infrastructure/web/outbound.ts';
import type { Resolve } from '../../../infrastructure/web/resolve.ts';
import { rejection } from '../../support/rejections.ts';

const vector = (name: string): unknown => JSON.parse(readFileSync(new URL(`../../vectors/ssrf/${name}`, import.meta.url), 'utf8'));

const opened: (() => void)[] = [];

const outbound = (options: Partial<OutboundOptions> = {}): Outbound => {
  const made = createOutbound({ allow: [], ...options });
  opened.push(() => made.close());
  return made;
};

const serve = async (listener: RequestListener): Promise<Readonly<{ server: Server; port: number }>> => {
  const server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  opened.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return { server, port: (server.address() as AddressInfo).port };
};

/** Answers one list of addresses after another; the last stays. */
const answering = (...answers: readonly (readonly string[])[]): Resolve & { asked: number } => {
  const resolve = Object.assign(
    async () => {
      const addresses = answers[Math.min(resolve.asked, answers.length - 1)] ?? [];
      resolve.asked += 1;
      return addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));
    },
    { asked: 0 },
  );
  return resolve;
};

const to = (url: string, over: Partial<OutboundRequest> = {}): OutboundRequest => ({ method: 'GET', url, timeoutMs: 2_000, maxBytes: 1_000, ...over });
const reasonOf = (work: Promise<unknown>) => rejection(work).then(({ code, details }) => [code, details['reason'] ?? details['cause']]);
const PRIVATE = ['outbound.forbidden', 'leads to a private address'];

describe('public addresses', () => {
  it('are those of the published list, and no others', () => {
    const rows = vector('addresses.json') as readonly Readonly<{ ip: string; block: boolean }>[];
    expect(rows.length).to.be.at.least(50);
    for (const { ip, block } of rows) expect(isPublicAddress(ip), ip).to.equal(!block);
  });

  it('are IPv4 addresses in whatever clothes', () => {
    for (const address of ['::ffff:1.1.1.1', '::ffff:101:101', '2606:4700:4700::1111']) expect(isPublicAddress(address), address).to.equal(true);
    for (const address of ['::ffff:7f00:1', '0:0:0:0:0:ffff:a00:1', '::1%lo', '', 'localhost', '127.1']) expect(isPublicAddress(address), address).to.equal(false);
  });
});

describe('calls to the outside', () => {
  afterEach(() => opened.splice(0).forEach((close) => close()));

  it('refuse every URL of the published list, by what it says or by what it leads to', async () => {
    const urls = vector('urls-must-not-be-dialled.json') as readonly string[];
    expect(urls.length).to.be.at.least(130);
    const door = outbound({ resolve: answering(['10.0.0.1']) });
    for (const url of urls) expect((await rejection(door.request(to(url)))).code, url).to.equal('outbound.forbidden');
  });

  it('refuse by https, too, what is private by address or by name', async () => {
    const resolve = answering(['1.1.1.1']);
    const door = outbound({ resolve });
    for (const host of ['127.0.0.1', '[::1]', '2130706433', '0x7f.1', 'localhost', 'LOCALHOST.', 'a.localhost', 'metadata', 'db.internal', 'printer.local', '[::ffff:10.0.0.1]', '169.254.169.254.']) {
      expect(await reasonOf(door.request(to(`https://${host}/`))), host).to.deep.equal(PRIVATE);
      expect(() => door.check(`https://${host}/`), host).to.throw();
    }
    expect(resolve.asked).to.equal(0);
  });

  it('refuse what is no host, where one is named by itself', () => {
    const door = outbound();
    for (const host of ['logs.example.com:514', 'logs example.com', '', '..', 'a..example.com', 'logs.example.com/x', `${'a'.repeat(64)}.example.com`, '[::1', '127.1', '0x7f.1', '0177.0.0.1', '2130706433', 'logs.0x7f']) expect(() => door.checkHost(host, 6514), host).to.throw();
    for (const host of ['logs.example.com', 'LOGS_1.example.com.', '1.1.1.1', '2606:4700:4700::1111', 'xn--bcher-kva.example.com']) door.checkHost(host, 6514);
  });

  it('connect to the ports of syslog, and to those that belong to nobody', async () => {
    const door = outbound({ allow: ['logs.example.com:515'] });
    for (const port of [514, 515, 601, 1_024, 6_514, 65_535]) door.checkHost('logs.example.com', port);
    for (const port of [1, 22, 25, 80, 443, 513, 602, 1_023]) {
      expect(() => door.checkHost('logs.example.com', port), String(port)).to.throw().with.nested.property('details.part', 'port');
      expect((await rejection(door.connect({ host: 'logs.example.com', port, secure: false, timeoutMs: 1_000 }))).code, String(port)).to.equal('outbound.forbidden');
    }
  });

  it('name what is wrong with a URL', () => {
    const door = outbound();
    const reasons: Readonly<Record<string, string>> = {
      'http://hooks.example.com/': 'must begin with https://',
      'https://me:secret@hooks.example.com/': 'holds a user name or a password',
      'https://hooks.example.com:22/': 'names a port below 1024 that is not 443',
      'ftp://hooks.example.com/': 'is not an http or https URL',
      'https:hooks.example.com': 'is not an http or https URL',
      '//hooks.example.com': 'is not an http or https URL',
      'https://hooks.exa\tmple.com/': 'holds white space, control characters or backslashes',
      'https:\\\\hooks.example.com/': 'holds white space, control characters or backslashes',
      'https://hooks.example.com/a#b': 'holds a fragment (#), which is never sent',
      'https://a..b.com/': 'is neither a host name nor an address',
      'https://.example.com/': 'is neither a host name nor an address',
      [`https://hooks.example.com/${'a'.repeat(2_048)}`]: 'is longer than 2048 characters',
    };
    for (const [url, reason] of Object.entries(reasons)) {
      try {
        door.check(url);
        expect.fail(url);
      } catch (error) {
        expect(error, url).to.have.deep.property('details', { reason });
      }
    }
    for (const url of ['https://hooks.example.com/a?b=c', 'https://hooks.example.com:8443', 'https://1.1.1.1/', 'https://[2606:4700:4700::1111]/', 'https://bücher.example.com/']) door.check(url);
  });

  it('look at what a name leads to when it is dialled: rebinding, several addresses, IPv6 alone', async () => {
    const rebinding = answering(['1.1.1.1'], ['127.0.0.1']);
    await rebinding('the first look, when the URL was set');
    for (const resolve of [rebinding, answering(['1.1.1.1', '10.0.0.1']), answering(['::1']), answering(['8.8.8.8', '::ffff:169.254.169.254'])]) {
      const door = outbound({ resolve });
      expect(await reasonOf(door.request(to('https://hooks.example.com/')))).to.deep.equal(PRIVATE);
      expect(await reasonOf(door.connect({ host: 'logs.example.com', port: 6514, secure: true, timeoutMs: 1_000 }))).to.deep.equal(PRIVATE);
    }
    expect(await reasonOf(outbound({ resolve: answering([]) }).request(to('https://hooks.example.com/')))).to.deep.equal(['outbound.unreachable', 'ENOTFOUND']);
  });

  it('reach what the operator allowed, by plain http and whatever it leads to, and nothing beside it', async () => {
    const { port } = await serve((request, response) => response.end(`${request.method} ${String(request.headers['x-a'])}`));
    const door = outbound({ allow: [`127.0.0.1:${port}`, `hooks.internal:${port}`], resolve: answering(['127.0.0.1']) });
    for (const host of ['127.0.0.1', 'hooks.internal', 'HOOKS.internal', '0x7f.1']) {
      const { status, body, complete } = await door.request(to(`http://${host}:${port}/`, { method: 'POST', headers: { 'x-a': 'b' }, body: 'c' }));
      expect([status, body.toString(), complete], host).to.deep.equal([200, 'POST b', true]);
    }
    expect(await reasonOf(door.request(to(`http://127.0.0.2:${port}/`)))).to.deep.equal(PRIVATE);
    expect(await reasonOf(door.request(to(`http://127.0.0.1:${port - 1}/`)))).to.deep.equal(PRIVATE);
  });

  it('follow no redirect', async () => {
    const { port } = await serve((_request, response) => response.writeHead(302, { location: 'http://169.254.169.254/' }).end());
    const { status, headers } = await outbound({ allow: [`127.0.0.1:${port}`] }).request(to(`http://127.0.0.1:${port}/`));
    expect([status, headers['location']]).to.deep.equal([302, 'http://169.254.169.254/']);
  });

  it('read so much of an answer and no more, however long it goes on', async () => {
    const { port } = await serve((_request, response) => {
      response.on('error', () => undefined);
      const write = (): void => { while (!response.destroyed && response.write(Buffer.alloc(10_000))); };
      response.on('drain', write);
      write();
    });
    const { body, complete } = await outbound({ allow: [`127.0.0.1:${port}`] }).request(to(`http://127.0.0.1:${port}/`));
    expect([body.length, complete]).to.deep.equal([1_000, false]);
  });

  it('end when their time is up, whether the answer never begins or never ends', async () => {
    const { port } = await serve((request, response) => {
      if (request.url === '/begun') response.write('a');
    });
    const door = outbound({ allow: [`127.0.0.1:${port}`] });
    for (const path of ['', 'begun']) expect((await rejection(door.request(to(`http://127.0.0.1:${port}/${path}`, { timeoutMs: 50 })))).code).to.equal('outbound.timeout');
  });

  it('take the status for the answer where no more is asked for, whatever becomes of the body', async () => {
    const { port } = await serve((request, response) => {
      response.writeHead(202, { 'x-a': 'b' });
      response.write('a');
      if (request.url === '/breaks') setImmediate(() => response.destroy());
    });
    const door = outbound({ allow: [`127.0.0.1:${port}`] });
    for (const path of ['drips', 'breaks']) {
      const { status, headers, complete } = await door.request(to(`http://127.0.0.1:${port}/${path}`, { bodyMs: 50, timeoutMs: 10_000 }));
      expect([status, headers['x-a'], complete], path).to.deep.equal([202, 'b', false]);
    }
    const late = await door.request(to(`http://127.0.0.1:${port}/drips`, { bodyMs: 10_000, timeoutMs: 500 }));
    expect([late.status, late.complete], 'the time for all of it is up as well').to.deep.equal([202, false]);
  });

  it('do not wait for each other, however many hang', async () => {
    const hanging = await serve(() => undefined);
    const sound = await serve((_request, response) => response.end());
    const door = outbound({ allow: [`127.0.0.1:${hanging.port}`, `127.0.0.1:${sound.port}`] });
    const stop = new AbortController();
    const all = Array.from({ length: 600 }, () => door.request(to(`http://127.0.0.1:${hanging.port}/`, { timeoutMs: 20_000, signal: stop.signal })).catch(() => undefined));
    expect((await door.request(to(`http://127.0.0.1:${sound.port}/`, { timeoutMs: 5_000 }))).status).to.equal(200);
    stop.abort();
    await Promise.all(all);
  }).timeout(20_000);

  it('are made over a connection that is there, and few of those are kept', async () => {
    const sockets = new Set<Socket>();
    const { server, port } = await serve((_request, response) => response.end());
    let made = 0;
    server.on('connection', (socket: Socket) => {
      made += 1;
      sockets.add(socket);
      socket.on('close', () => sockets.delete(socket));
    });
    const hosts = Array.from({ length: 300 }, (_, index) => `h${index}.internal:${port}`);
    const door = outbound({ allow: hosts, resolve: answering(['127.0.0.1']) });
    for (const host of hosts) await door.request(to(`http://${host}/`));
    while (sockets.size > 256) await once([...sockets][0] as Socket, 'close');
    expect(made).to.equal(300);
    await door.request(to(`http://${hosts[299]}/`));
    expect(made, 'the newest is there').to.equal(300);
    await door.request(to(`http://${hosts[0]}/`));
    expect(made, 'the oldest is not').to.equal(301);
  }).timeout(5_000);

  it('take no other protocol for an answer', async () => {
    const server = createTcpServer((socket) => socket.end('HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n')).listen(0, '127.0.0.1');
    await once(server, 'listening');
    opened.push(() => server.close());
    const { port } = server.address() as AddressInfo;
    expect((await rejection(outbound({ allow: [`127.0.0.1:${port}`] }).request(to(`http://127.0.0.1:${port}/`)))).code).to.equal('outbound.unreachable');
  });

  it('say when nobody is there, and nothing of what was sent', async () => {
    const { server, port } = await serve((_request, response) => response.end());
    server.close();
    server.closeAllConnections();
    await once(server, 'close');
    const error = await rejection(outbound({ allow: [`127.0.0.1:${port}`] }).request(to(`http://127.0.0.1:${port}/secret-path`, { headers: { authorization: 'canary' } })));
    expect(error).to.deep.equal({ code: 'outbound.unreachable', details: { cause: 'ECONNREFUSED' } });
  });

  it('connect plainly where that is allowed, and give up in time', async () => {
    const server = createTcpServer((socket) => socket.end('hello')).listen(0, '127.0.0.1');
    await once(server, 'listening');
    opened.push(() => server.close());
    const { port } = server.address() as AddressInfo;
    const socket = await outbound({ allow: [`127.0.0.1:${port}`] }).connect({ host: '127.0.0.1', port, secure: false, timeoutMs: 1_000 });
    const [greeting] = (await once(socket, 'data')) as [Buffer];
    expect(greeting.toString()).to.equal('hello');
    socket.destroy();
    expect(await reasonOf(outbound().connect({ host: '127.0.0.1', port, secure: false, timeoutMs: 1_000 }))).to.deep.equal(PRIVATE);
    expect((await rejection(outbound({ allow: [`127.0.0.1:${port}`] }).connect({ host: '127.0.0.1', port, secure: true, timeoutMs: 1_000 }))).code).to.equal('outbound.unreachable');
  });
});

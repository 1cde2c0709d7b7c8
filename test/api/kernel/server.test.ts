/** The server under raw TCP: what is not HTTP is answered and closed, what is slow is cut off, what was accepted is finished. */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { expect } from 'chai';
import { connect, type Socket } from 'node:net';
import { once } from 'node:events';
import Type from 'typebox';
import { defineRoute, type Route } from '../../../api/kernel/route.ts';
import { skipWithReason } from '../../support/pending.ts';
import { ask, serve, testSurface, type Running, type TestPrincipal } from './support.ts';

const gates: PromiseWithResolvers<void>[] = [];
const row = { summary: 's', permission: 'public', replies: { 200: { description: 'ok' } } } as const;
const routes: readonly Route<TestPrincipal>[] = [
  defineRoute({ ...row, method: 'POST', path: '/any', operationId: 'any', body: Type.Unknown(), handle: async ({ body }) => ({ status: 200, body: { got: body ?? null } }) }),
  defineRoute({ ...row, method: 'GET', path: '/slow', operationId: 'slow', handle: async () => {
    const gate = Promise.withResolvers<void>();
    gates.push(gate);
    await gate.promise;
    return { status: 200, body: 'finished' };
  } }),
];

const SYSTEM_LIMIT = '/proc/sys/net/core/somaxconn';
/** More than Node.js lets wait by itself. */
const CROWD = 900;
/** Says how many connections are open once all are, or none more comes. */
const CONNECT = `
  const { connect } = require('node:net');
  const [port, clients] = process.argv.slice(1).map(Number);
  let open = 0;
  const end = () => { process.stdout.write(String(open)); process.exit(); };
  for (let n = 0; n < clients; n += 1) connect(port, '127.0.0.1').on('error', () => {}).on('connect', () => { open += 1; if (open === clients) end(); });
  setTimeout(end, 8000);
`;

type Exchanged = Readonly<{ text: string; statuses: readonly number[] }>;

const read = (socket: Socket): Promise<Exchanged> =>
  new Promise((resolve) => {
    let text = '';
    socket.setEncoding('latin1').on('data', (piece: string) => { text += piece; });
    socket.on('error', () => undefined).on('close', () => resolve({ text, statuses: [...text.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map((match) => Number(match[1])) }));
  });

const POST = 'POST /tiny/any HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n';

describe('kernel: server', () => {
  let running: Running;
  before(async () => { running = await serve([testSurface(routes)], { maxBodyBytes: 4_194_304 }, { keepAliveTimeout: 50, maxRequestsPerSocket: 5 }); });
  after(() => running.close());

  const send = (text: string, { port }: Pick<Running, 'port'> = running): Promise<Exchanged> => {
    const socket = connect(port, '127.0.0.1');
    socket.write(text, 'latin1');
    return read(socket);
  };

  const broken: Readonly<Record<string, readonly [status: number, text: string]>> = {
    'no HTTP at all': [400, 'hello\r\n\r\n'],
    'no Host': [400, 'GET /healthz HTTP/1.1\r\n\r\n'],
    'two Hosts': [400, 'GET /healthz HTTP/1.1\r\nHost: a\r\nHost: b\r\nConnection: close\r\n\r\n'],
    'Content-Length and Transfer-Encoding': [400, `${POST}Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nG`],
    'Transfer-Encoding and Content-Length': [400, `${POST}Transfer-Encoding: chunked\r\nContent-Length: 6\r\n\r\n0\r\n\r\nG`],
    'two Content-Lengths': [400, `${POST}Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}`],
    'an obscured Transfer-Encoding': [400, `${POST}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n`],
    'chunked not last': [400, `${POST}Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n`],
    'a space before the colon': [400, `${POST}Content-Length : 2\r\n\r\n{}`],
    'a negative length': [400, `${POST}Content-Length: -1\r\n\r\n`],
    'a chunk size that is none': [400, `${POST}Transfer-Encoding: chunked\r\n\r\nxyz\r\n{}\r\n0\r\n\r\n`],
    'a NUL in a header': [400, 'GET /healthz HTTP/1.1\r\nHost: x\r\nX-A: a\0b\r\n\r\n'],
    'a NUL in the path': [400, 'GET /he\0althz HTTP/1.1\r\nHost: x\r\n\r\n'],
    'a bare line feed smuggled into a header': [400, 'GET /healthz HTTP/1.1\r\nHost: x\r\nX-A: a\nX-B: b\r\n\r\n'],
    'an unknown method': [400, 'STEAL /healthz HTTP/1.1\r\nHost: x\r\n\r\n'],
    'headers beyond 16 kB': [431, `GET /healthz HTTP/1.1\r\nHost: x\r\nX-A: ${'a'.repeat(17_000)}\r\n\r\n`],
    'a path beyond 16 kB': [431, `GET /${'a'.repeat(17_000)} HTTP/1.1\r\nHost: x\r\n\r\n`],
    'an expectation of another kind': [417, 'GET /healthz HTTP/1.1\r\nHost: x\r\nExpect: wonders\r\nConnection: close\r\n\r\n'],
    'nesting of a million': [400, `${POST}Content-Length: 1000000\r\nConnection: close\r\n\r\n${'['.repeat(1_000_000)}`],
  };
  for (const [what, [status, text]] of Object.entries(broken)) {
    it(`answers ${what} with ${status}, once, and closes`, async () => {
      const { statuses, text: answer } = await send(text);
      expect(statuses, answer.slice(0, 300)).to.deep.equal([status]);
    });
  }

  it('takes an absolute target, whose host is the one that counts', async () => {
    const { statuses } = await send('GET http://127.0.0.1/healthz HTTP/1.1\r\nHost: other\r\nConnection: close\r\n\r\n');
    expect(statuses).to.deep.equal([200]);
  });

  it('does not let one request hide in another', async () => {
    const { statuses } = await send(`${POST}Content-Length: 2\r\n\r\n{}GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
    expect(statuses).to.deep.equal([200, 200]);
  });

  it('cuts off heads and bodies that never come', async () => {
    // One of its own: on a machine that stands still for a moment, such times are over for who asks properly as well.
    const strict = await serve([testSurface(routes)], {}, { headersTimeout: 300, requestTimeout: 600, connectionsCheckingInterval: 50 });
    const [slowHead, slowBody, silent] = await Promise.all([send('GET /healthz HTTP/1.1\r\nHost: x\r\n', strict), send(`${POST}Content-Length: 10\r\n\r\n{`, strict), send('', strict)]);
    expect([slowHead.statuses, slowBody.statuses]).to.deep.equal([[408], [408]]);
    expect(silent.statuses).to.satisfy((statuses: readonly number[]) => statuses.length === 0 || statuses[0] === 408);
    await strict.close();
  });

  it('ends a connection after so many requests', async () => {
    const { text } = await send('GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(5));
    expect(text.match(/Connection: close/gi)).to.have.length(1);
  });

  it('keeps answering while hundreds of sockets say nothing', async () => {
    const sockets = Array.from({ length: 300 }, () => connect(running.port, '127.0.0.1').on('error', () => undefined));
    expect((await ask(running, 'GET', '/healthz')).status).to.equal(200);
    for (const socket of sockets) socket.destroy();
  });

  it('lets a crowd that comes while it is busy wait, instead of turning it away', function crowd() {
    const most = existsSync(SYSTEM_LIMIT) ? Number(readFileSync(SYSTEM_LIMIT, 'utf8')) : 0;
    if (most < CROWD) skipWithReason(this, `needs ${CROWD} connections waiting: ${SYSTEM_LIMIT}`);
    // Nothing is accepted meanwhile: this process waits for the child.
    const { stdout, stderr } = spawnSync(process.execPath, ['-e', CONNECT, String(running.port), String(CROWD)], { encoding: 'utf8' });
    expect([stdout, stderr]).to.deep.equal([`${CROWD}`, '']);
  });
});

describe('kernel: graceful end', () => {
  it('finishes what it accepted, says so with Connection: close, and takes nothing new', async () => {
    let stopping = 0;
    const running = await serve([testSurface(routes)], {}, { onStopping: () => { stopping += 1; } });
    const idle = connect(running.port, '127.0.0.1');
    idle.write('GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n');
    await once(idle, 'data');
    const answers = [ask(running, 'GET', '/tiny/slow'), ask(running, 'GET', '/tiny/slow')];
    while (gates.length < 2) await new Promise(setImmediate);
    const idleClosed = once(idle, 'close');
    const closed = running.server.close();
    await idleClosed;
    expect(await ask(running, 'GET', '/healthz').catch(() => 'refused')).to.equal('refused');
    for (const gate of gates.splice(0)) gate.resolve();
    for (const answer of answers) {
      const { status, json, headers } = await answer;
      expect([status, json.data, headers.get('connection')]).to.deep.equal([200, 'finished', 'close']);
    }
    await closed;
    expect(stopping).to.equal(1);
  });

  it('does not wait for ever', async () => {
    const running = await serve([testSurface(routes)]);
    const answer = ask(running, 'GET', '/tiny/slow').catch(() => 'cut off');
    while (gates.length < 1) await new Promise(setImmediate);
    await running.server.close(50);
    expect(await answer).to.equal('cut off');
    gates.splice(0)[0]?.resolve();
  });
});

describe('kernel: connections of one address', () => {
  it('are closed beyond their number, and have their place again when one goes', async () => {
    const running = await serve([testSurface(routes)], {}, { maxConnectionsPerAddress: 2, isShared: () => false });
    const open = async (): Promise<Socket> => {
      const socket = connect(running.port, '127.0.0.1');
      socket.on('error', () => undefined);
      await once(socket, 'connect');
      return socket;
    };
    const [first, second, third] = [await open(), await open(), await open()];
    await once(third.resume(), 'close');
    first.destroy();
    second.write('GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
    expect((await read(second)).statuses).to.deep.equal([200]);
    expect((await ask(running, 'GET', '/healthz')).status).to.equal(200);
    await running.close();
  });
});

/** Promise 15: nothing that a customer names makes this program reach into a private network. Judged by the system's own record of connections. */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { requireTool } from '../support/pending.ts';
import { runTool } from '../support/run-tool.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { requireTracing } from '../support/tracing.ts';

const PROGRAM = fileURLToPath(new URL('programs/dial-everything.ts', import.meta.url));
/** Of strace: `connect(23, {sa_family=AF_INET, sin_port=htons(443), sin_addr=inet_addr("127.0.0.1")}, 16)`, with the port in front for IPv6 as well. */
const CONNECT = /connect\(\d+, \{sa_family=AF_INET6?, sin6?_port=htons\((\d+)\).*?"([^"]+)"/gu;

const dial = async (mode: string): Promise<Readonly<{ said: string; connections: readonly string[]; allowed: string }>> => {
  const directory = temporaryDirectory();
  const server = createServer((_request, response) => response.end('here')).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  try {
    const record = join(directory.path, 'connections');
    const { said } = await runTool('strace', '-f', '-qq', '-e', 'trace=connect', '-o', record, process.execPath, PROGRAM, mode, String(port));
    const connections = [...readFileSync(record, 'utf8').matchAll(CONNECT)].map(([, to, address]) => `${address}:${to}`);
    return { said, connections, allowed: `127.0.0.1:${port}` };
  } finally {
    server.closeAllConnections();
    server.close();
    directory.remove();
  }
};

describe('promise 15: calls to the outside', () => {
  before(function () {
    requireTool(this, 'strace', 'Debian package strace');
    requireTracing(this);
  });

  it('open no socket to a private address, for any URL, address or name that changes its mind', async function () {
    this.timeout(20_000);
    const { said, connections, allowed } = await dial('guarded');
    const { tried, answered, allowed: status } = JSON.parse(said) as { tried: number; answered: number; allowed: number };
    expect(tried).to.be.at.least(430);
    expect([answered, status]).to.deep.equal([0, 200]);
    expect(connections).to.deep.equal([allowed]);
  });

  it('goes red with a look at the time of setting alone', async function () {
    this.timeout(20_000);
    const { connections, allowed } = await dial('checked-once');
    expect(connections.filter((each) => each !== allowed)).to.include.members(['127.0.0.1:443', '127.254.254.254:443', '::1:443']);
  });
});

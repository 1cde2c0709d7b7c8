/** What is wrong with EVENTSTORE_URL is said in one line when the program starts, without the password. */
import { expect } from 'chai';
import { writeFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { parseConnectionString } from '../../../infrastructure/eventstoredb/connection-string.ts';
import { ConfigError } from '../../../infrastructure/runtime/config-values.ts';
import type { Logger } from '../../../application/kernel/ports.ts';
import { makeServerCertificate, type ServerCertificate } from '../../support/eventstore-node/certificates.ts';
import { startEventStoreNode, type NodeOptions } from '../../support/eventstore-node/node.ts';
import { openOwnEventStoreDb } from '../../support/own-event-store-db.ts';
import { noted, someCause, someStream } from '../../support/sample-events.ts';
import { silentLogger } from '../../support/silent.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

const brief = { patienceMs: 1_500 };
const PASSWORD = 'se:cr+et%40';

/** The one line that a start ends with. */
const lineOf = async (start: () => unknown): Promise<string> => {
  try {
    await start();
  } catch (error) {
    expect(error).to.be.instanceOf(ConfigError);
    const { message } = error as ConfigError;
    expect(message).to.match(/^EVENTSTORE_URL[^\n]+$/);
    for (const secret of ['se:cr', 'cr+et', 'se%3Acr']) expect(message).not.to.include(secret);
    return message;
  }
  throw new Error('it started');
};

describe('EventStoreDB: connection strings', () => {
  const MALFORMED: readonly (readonly [url: string, says: RegExp])[] = [
    ['', /no connection string/],
    ['http://host:2113', /no connection string/],
    ['esdb://', /no connection string/],
    [`esdb://admin:${PASSWORD}@?tls=false`, /no connection string/],
    [`esdb://admin:${PASSWORD}@ho st`, /no host/],
    [`esdb://admin:${PASSWORD}@host:70000`, /port/],
    [`esdb://admin:${PASSWORD}@host:0`, /port/],
    [`esdb://admin:${PASSWORD}@host:many`, /no host/],
    [`esdb://admin:${PASSWORD}@a:1,b:99999`, /port/],
    ['esdb://admin@host', /without a password/],
    ['esdb://admin:@host', /without a password/],
    ['esdb://:secret@host', /without a password/],
    ['esdb://admin:%zz@host', /%/],
    [`esdb://admin:${PASSWORD}@host?tsl=false`, /option/],
    [`esdb://admin:${PASSWORD}@host?tls=no`, /tls/],
    [`esdb://admin:${PASSWORD}@host?tls`, /option/],
    [`esdb://admin:${PASSWORD}@host?tlsVerifyCert=false`, /tlsVerifyCert/],
    [`esdb://admin:${PASSWORD}@host?keepAliveInterval=5`, /keepAliveInterval/],
    [`esdb://admin:${PASSWORD}@host?nodePreference=me`, /nodePreference/],
    [`esdb://admin:${PASSWORD}@192.0.2.7`, /by its address 192\.0\.2\.7.*by name alone over TLS; accepted is a name/],
    [`esdb+discover://admin:${PASSWORD}@host,192.0.2.7:2114?tls=true`, /by its address 192\.0\.2\.7/],
  ];
  for (const [url, says] of MALFORMED) {
    it(`refuses ${url === '' ? 'nothing' : url}`, async () => {
      expect(await lineOf(() => parseConnectionString(url))).to.match(says);
    });
  }

  it('gives the client what it needs, passwords encoded, and people no password', () => {
    const { url, shown, ignoresCredentials } = parseConnectionString(` esdb+discover://ad%6Din:${PASSWORD}@One.example.com,two:2114/?TLS=true&nodePreference=Follower `);
    expect(url(0)).to.equal('esdb+discover://admin:se%3Acr%2Bet%40@One.example.com:2113,two:2114?tls=true&nodePreference=Follower&keepAliveTimeout=10000');
    expect([shown, ignoresCredentials]).to.deep.equal(['esdb+discover://One.example.com:2113,two:2114', false]);
  });

  it('tells clients apart, so that none waits for what another has tried', () => {
    const { url } = parseConnectionString('esdb://host?tls=false&keepAliveTimeout=20000');
    expect([url(1), url(2)]).to.deep.equal(['esdb://host:2113?tls=false&keepAliveTimeout=20001', 'esdb://host:2113?tls=false&keepAliveTimeout=20002']);
    expect(parseConnectionString('esdb://host?keepAliveTimeout=-1').url(7)).to.equal('esdb://host:2113?keepAliveTimeout=-1');
  });

  it('knows when credentials are not sent', () => {
    expect(parseConnectionString('esdb://admin:secret@host?tls=false').ignoresCredentials).to.equal(true);
    expect(parseConnectionString('esdb://host?tls=false').ignoresCredentials).to.equal(false);
  });
});

/** On cores that others use as well; trying again takes longer. */
const AT_ONCE_MS = 10_000;

const plainly = (port: number): string => `esdb://127.0.0.1:${port}?tls=false`;

/** Opens a node, appends to it, and closes both. */
const start = async (options: NodeOptions, urlOf: (port: number) => string, logger: Logger = silentLogger): Promise<void> => {
  const node = await startEventStoreNode(options);
  try {
    const opened = await openOwnEventStoreDb(urlOf(node.port), { ...brief, logger });
    await opened.store.append(someStream(), 'none', [noted('a')], someCause);
    await opened.close();
  } finally {
    await node.close();
  }
};

describe('EventStoreDB: starting', function suite() {
  this.timeout(40_000);
  const directory = temporaryDirectory();
  const authority = join(directory.path, 'authority.pem');
  let certificate: ServerCertificate;

  before(async () => {
    certificate = await makeServerCertificate();
    writeFileSync(authority, certificate.authority);
  });

  after(() => directory.remove());

  const secured = (): NodeOptions => ({ users: { admin: 'se:cr+et@' }, tls: certificate });
  const over = (credentials: string, options = `&tlsCAFile=${encodeURIComponent(authority)}`) => (port: number) => `esdb://${credentials}localhost:${port}?tls=true${options}`;

  it('takes the right password over TLS', () => start(secured(), over(`admin:${PASSWORD}@`)));

  it('refuses a wrong password, and none', async () => {
    expect(await lineOf(() => start(secured(), over('admin:wrong@')))).to.match(/password/);
    expect(await lineOf(() => start(secured(), over('')))).to.match(/password/);
  });

  it('refuses a file of certificates that is not there', async () => {
    expect(await lineOf(() => start(secured(), over(`admin:${PASSWORD}@`, '&tlsCAFile=/nowhere.pem')))).to.match(/certificate/);
  });

  it('refuses a server whose certificate nobody vouches for', async () => {
    expect(await lineOf(() => start(secured(), over(`admin:${PASSWORD}@`, '')))).to.match(/localhost:\d+/);
  });

  it('refuses nodes that tell addresses of each other over TLS, at once', async () => {
    const begun = performance.now();
    expect(await lineOf(() => start(secured(), (port) => over(`admin:${PASSWORD}@`)(port).replace('esdb:', 'esdb+discover:')))).to.match(/tell addresses of each other instead of names.*needed are nodes that advertise host names/);
    expect(performance.now() - begun, 'ms').to.be.lessThan(AT_ONCE_MS);
  });

  for (const version of ['20.10.2', '21.10.9', '22.4.0']) {
    it(`refuses EventStoreDB ${version}`, async () => {
      expect(await lineOf(() => start({ version }, plainly))).to.include(`EventStoreDB ${version}`);
    });
  }

  for (const version of ['22.6.0', '24.10.5', '25.0.1']) it(`takes EventStoreDB ${version}`, () => start({ version }, plainly));

  it('refuses an address where nothing answers, or something else does', async () => {
    const sockets: Socket[] = [];
    const server = createServer((socket) => void sockets.push(socket)).listen(0, '127.0.0.1');
    await new Promise((resolve) => { server.once('listening', resolve); });
    const { port } = server.address() as AddressInfo;
    const silent = lineOf(() => openOwnEventStoreDb(plainly(port), brief));
    const nobody = lineOf(() => openOwnEventStoreDb('esdb://127.0.0.1:1?tls=false', brief));
    const unknown = lineOf(() => openOwnEventStoreDb('esdb://nowhere.invalid:2113,nowhere2.invalid?tls=false', brief));
    for (const line of await Promise.all([silent, nobody, unknown])) expect(line).to.match(/nothing that can be used answers at esdb:\/\//);
    server.close();
    for (const socket of sockets) socket.destroy();
  });

  it('warns of credentials that are not sent', async () => {
    const warned: string[] = [];
    await start({}, (port) => `esdb://admin:${PASSWORD}@127.0.0.1:${port}?tls=false`, { ...silentLogger, warn: (_fields, message) => void warned.push(message) });
    expect(warned.join()).to.match(/TLS is off/);
  });
});

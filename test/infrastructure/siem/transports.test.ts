/** The ways to SIEM receivers: what arrives, in which form, and what counts as taken. */
import { expect } from 'chai';
import { once } from 'node:events';
import { appendFileSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { open as openFile, type FileHandle } from 'node:fs/promises';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { join } from 'node:path';
import { SINK_FAILED, type OpenSink, type SinkRecord, type SinkTransport } from '../../../application/delivery/siem-ports.ts';
import type { BusMessage } from '../../../application/kernel/bus.ts';
import { msgIdOf, syslogFrame } from '../../../infrastructure/siem/syslog-frame.ts';
import { createTransports } from '../../../infrastructure/siem/transports.ts';
import { createOutbound } from '../../../infrastructure/web/outbound.ts';
import { publicTypes } from '../../../projections/fanout/integration-events.ts';
import { startCollector } from '../../support/collector.ts';
import { rejection } from '../../support/rejections.ts';
import { someTenant } from '../../support/sample-events.ts';
import { temporaryDirectory, type TemporaryDirectory } from '../../support/temporary-directory.ts';

const NOW = Date.UTC(2026, 2, 10, 14);
const tenant = someTenant();
const sinkId = '019505b4-1000-7000-8000-00000000d001';
const record = (n: number, over: Partial<SinkRecord> = {}): SinkRecord => ({
  id: `event-${n}`, type: 'SigningCompleted', tenant, time: '2026-03-10T14:00:00.000Z', position: String(n).padStart(20, '0'), severity: 2, body: JSON.stringify({ metadata: { uid: `event-${n}` } }), ...over,
});
const never = new AbortController().signal;

/** Has one step of all files fail, until `end`; the files that it failed for. */
const failing = async (step: 'stat' | 'datasync' | 'truncate') => {
  const own = await openFile(import.meta.filename);
  const files = Object.getPrototypeOf(own) as FileHandle;
  await own.close();
  const [before, handles] = [Object.getOwnPropertyDescriptor(files, step), [] as FileHandle[]];
  Object.defineProperty(files, step, { ...before, value(this: FileHandle) { handles.push(this); return Promise.reject(new Error('the disk')); } });
  return { handles, end: (): void => { Object.defineProperty(files, step, before ?? {}); } };
};
const failure = (work: Promise<void>) => rejection(work).then(({ code, details }) => (code === SINK_FAILED ? details : { code }));

describe('SIEM transports', () => {
  let directory: TemporaryDirectory;
  const published: BusMessage[] = [];
  const ways: SinkTransport[] = [];

  beforeEach(() => { directory = temporaryDirectory(); });
  afterEach(async () => {
    for (const way of ways.splice(0)) await way.close();
    directory.remove();
  });

  const open = (target: OpenSink['target'], more: Partial<OpenSink> & Readonly<{ allow?: readonly string[]; publish?: () => Promise<void> }> = {}): SinkTransport => {
    const { allow = [], publish, secret = null } = more;
    const outbound = createOutbound({ allow });
    const bus = { publish: publish ?? (async (messages: readonly BusMessage[]) => { published.push(...messages); }) };
    const way = createTransports({ outbound, bus, directory: directory.path, hostname: 'chancery.example', now: () => NOW })({ tenant, sinkId, target, secret });
    ways.push({ ...way, close: async () => { await way.close(); outbound.close(); } });
    return way;
  };

  const listen = async (onSocket: (socket: Socket) => void) => {
    const sockets = new Set<Socket>();
    const server = createServer({ allowHalfOpen: true }, (socket) => { sockets.add(socket); socket.on('error', () => undefined); onSocket(socket); }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    return { way: open({ kind: 'cef-syslog', host: '127.0.0.1', port, transport: 'tcp' }, { allow: [`127.0.0.1:${port}`] }), close: () => { for (const socket of sockets) socket.destroy(); server.close(); } };
  };
  const files = (): readonly string[] => readdirSync(join(directory.path, sinkId)).toSorted();
  const content = (name: string): string => readFileSync(join(directory.path, sinkId, name), 'utf8');

  describe('OCSF over HTTP', () => {
    it('posts a batch as one array, with the secret in its header', async () => {
      const collector = await startCollector();
      await open({ kind: 'ocsf-http', url: collector.url, header: 'Authorization' }, { allow: [`127.0.0.1:${collector.port}`], secret: 'Bearer canary' }).send([record(1), record(2, { body: '{"metadata":{"uid":"é"}}' })], never);
      expect(collector.batches).to.have.length(1);
      expect(collector.events().map(({ metadata: { uid } }) => uid)).to.deep.equal(['event-1', 'é']);
      expect(collector.batches[0]?.headers).to.include({ authorization: 'Bearer canary', 'content-type': 'application/json' });
      await collector.close();
    });

    it('counts nothing but a success as taken, and follows nowhere', async () => {
      const collector = await startCollector();
      const way = open({ kind: 'ocsf-http', url: collector.url, header: null }, { allow: [`127.0.0.1:${collector.port}`] });
      collector.answers((n) => [{ status: 500 }, { status: 503, headers: { 'retry-after': '7' } }, { status: 302, headers: { location: '/elsewhere' } }, { status: 200 }][n - 1] ?? { status: 204 });
      expect(await failure(way.send([record(1)], never))).to.deep.equal({ reason: 'status', status: 500 });
      expect(await failure(way.send([record(1)], never))).to.deep.equal({ reason: 'status', status: 503, retryAfterMs: 7_000 });
      expect(await failure(way.send([record(1)], never))).to.deep.equal({ reason: 'redirect', status: 302 });
      await way.send([record(1)], never);
      expect(collector.asked()).to.equal(4);
      await collector.close();
      expect(await failure(way.send([record(1)], never))).to.deep.equal({ reason: 'unreachable' });
    });

    it('does not call what is private', async () => {
      const collector = await startCollector();
      expect(await failure(open({ kind: 'ocsf-http', url: collector.url, header: null }).send([record(1)], never))).to.deep.equal({ reason: 'forbidden' });
      expect(collector.asked()).to.equal(0);
      await collector.close();
    });
  });

  describe('syslog', () => {
    it('counts octets, not characters, and says who says what, of which severity', () => {
      const frame = syslogFrame(record(1, { severity: 8, body: 'CEF:0|é' }), 'a host').toString('utf8');
      const message = '<107>1 2026-03-10T14:00:00.000Z ahost chancery - SigningCompleted - CEF:0|é';
      expect(frame).to.equal(`${Buffer.byteLength(message)} ${message}`);
      for (const [cef, priority] of [[2, 110], [3, 109], [4, 108], [6, 108], [9, 106], [10, 106]] as const) expect(syslogFrame(record(1, { severity: cef }), '').toString()).to.match(new RegExp(`^\\d+ <${priority}>1 \\S+ - chancery `));
    });

    it('says the public type without what all begin with, as far as there is room, and tells all types apart', () => {
      expect(msgIdOf('chancery.signing.operation.completed')).to.equal('signing.operation.completed');
      expect(msgIdOf('chancery.authorities.revocation_list.numbered')).to.equal('authorities.revocation_list.numb');
      expect([msgIdOf('a b\u0007é'), msgIdOf(''), msgIdOf('chancery.')]).to.deep.equal(['ab', '-', '-']);
      const ids = publicTypes.map(({ type }) => msgIdOf(type));
      expect(new Set(ids).size).to.equal(publicTypes.length);
      for (const id of ids) expect(id).to.match(/^[\x21-\x7e]{1,32}$/u);
    });

    it('takes a batch for taken when the receiver has read it to its end, and said so by closing', async () => {
      let read = '';
      const { way, close } = await listen((socket) => { socket.on('data', (chunk: Buffer) => { read += chunk.toString(); }); socket.once('end', () => socket.end()); });
      await way.send([record(1), record(2)], never);
      expect(read).to.equal([record(1), record(2)].map((one) => syslogFrame(one, 'chancery.example').toString()).join(''));
      close();
    });

    it('does not, when the connection breaks after everything was handed over', async () => {
      const { way, close } = await listen((socket) => { socket.once('data', () => socket.resetAndDestroy()); });
      expect(await failure(way.send([record(1)], never))).to.deep.equal({ reason: 'unreachable' });
      close();
    });

    it('breaks off when it is told to stop', async () => {
      const stop = new AbortController();
      const { way, close } = await listen((socket) => { socket.once('data', () => stop.abort()); });
      expect(await failure(way.send([record(1)], stop.signal))).to.deep.equal({ reason: 'unreachable' });
      close();
    });
  });

  describe('NDJSON files', () => {
    const target = { kind: 'ndjson-file', rotateBytes: 100, keepFiles: 2 } as const;

    it('writes a line for each event, and begins another file when one is full', async () => {
      const way = open(target);
      for (let n = 1; n <= 4; n += 1) await way.send([record(n), record(n + 100)], never);
      expect(files()).to.deep.equal(['events-0000000001.ndjson', 'events-0000000002.ndjson']);
      expect(files().flatMap((name) => content(name).trimEnd().split('\n').map((line) => (JSON.parse(line) as { metadata: { uid: string } }).metadata.uid)))
        .to.deep.equal([1, 101, 2, 102, 3, 103, 4, 104].map((n) => `event-${n}`));
      if (process.platform !== 'win32') expect(statSync(join(directory.path, sinkId, 'events-0000000001.ndjson')).mode & 0o777).to.equal(0o600);
    });

    it('has no character in a line that some readers end lines at, and says the same', async () => {
      const said = { name: 'a\u2028b\u2029c\u0085d' };
      await open(target).send([{ ...record(1), body: JSON.stringify(said) }], never);
      const [name = ''] = files();
      expect(content(name)).to.match(/^[^\u2028\u2029\u0085]+$/u);
      expect(JSON.parse(content(name))).to.deep.equal(said);
    });

    it('keeps the newest of those that are full', async () => {
      const way = open(target);
      for (let n = 1; n <= 12; n += 1) await way.send([record(n), record(n + 100)], never);
      expect(files()).to.deep.equal(['events-0000000004.ndjson', 'events-0000000005.ndjson', 'events-0000000006.ndjson']);
    });

    it('goes on after a crash where the last whole line ends', async () => {
      const first = open(target);
      await first.send([record(1)], never);
      await first.close();
      appendFileSync(join(directory.path, sinkId, 'events-0000000001.ndjson'), '{"torn');
      await open(target).send([record(2)], never);
      expect(content('events-0000000001.ndjson')).to.equal(`${record(1).body}\n${record(2).body}\n`);
    });

    for (const [step, torn] of [['stat', false], ['datasync', false], ['truncate', true]] as const) {
      it(`leaves nothing open where the disk fails at \`${step}\`: what is forgotten ends the process`, async () => {
        if (torn) await open(target).send([record(1)], never);
        if (torn) appendFileSync(join(directory.path, sinkId, 'events-0000000001.ndjson'), '{"torn');
        const way = open(target);
        const { handles, end } = await failing(step);
        expect(await failure(way.send([record(2)], never)).finally(end)).to.deep.equal({ reason: 'storage' });
        expect(handles.map(({ fd }) => fd)).to.deep.equal([-1]);
        await way.send([record(2)], never);
        expect(content('events-0000000001.ndjson')).to.contain(record(2).body);
      });
    }

    it('is not taken when it cannot be written', async () => {
      writeFileSync(join(directory.path, sinkId), 'in the way');
      expect(await failure(open(target).send([record(1)], never))).to.deep.equal({ reason: 'storage' });
    });
  });

  describe('the bus', () => {
    it('publishes each event under its own id, a tenant\'s in order', async () => {
      await open({ kind: 'bus', topic: 'audit' }).send([record(1), record(2)], never);
      expect(published.splice(0)).to.deep.equal([1, 2].map((n) => ({ topic: 'audit', key: tenant, id: `event-${n}`, body: record(n).body })));
    });

    it('is not taken when the bus does not take it', async () => {
      const way = open({ kind: 'bus', topic: 'audit' }, { publish: () => Promise.reject(new Error('no')) });
      expect(await failure(way.send([record(1)], never))).to.deep.equal({ reason: 'storage' });
    });
  });
});

/** What public names lead to: asked of name servers, here of one on this machine. */
import { expect } from 'chai';
import { createSocket, type Socket } from 'node:dgram';
import { promises as dns } from 'node:dns';
import { once } from 'node:events';
import { createOutbound } from '../../../infrastructure/web/outbound.ts';
import { createPublicResolve, type NameServers } from '../../../infrastructure/web/resolve.ts';
import { rejection } from '../../support/rejections.ts';

const failing = (code: string) => (): Promise<never> => Promise.reject(Object.assign(new Error(code), { code }));
const answering = (...addresses: string[]) => (): Promise<readonly string[]> => Promise.resolve(addresses);
const servers = (over: Partial<NameServers>): NameServers => ({ resolve4: failing('ENODATA'), resolve6: failing('ENODATA'), ...over });
const codeOf = (work: Promise<unknown>): Promise<unknown> => work.then(() => undefined, (error: unknown) => (error as { code?: unknown }).code);

describe('what a public name leads to', () => {
  it('is all of its addresses, of both families', async () => {
    const found = await createPublicResolve(servers({ resolve4: answering('1.1.1.1', '8.8.8.8'), resolve6: answering('2606:4700::1') }))('a.example');
    expect(found).to.deep.equal([{ address: '1.1.1.1', family: 4 }, { address: '8.8.8.8', family: 4 }, { address: '2606:4700::1', family: 6 }]);
  });
  it('is those of the one family that it has', async () => {
    expect(await createPublicResolve(servers({ resolve4: answering('1.1.1.1') }))('a.example')).to.deep.equal([{ address: '1.1.1.1', family: 4 }]);
    expect(await createPublicResolve(servers({ resolve6: answering('2606:4700::1') }))('a.example')).to.deep.equal([{ address: '2606:4700::1', family: 6 }]);
  });
  it('is nothing where there is none, with the reason', async () => {
    expect(await codeOf(createPublicResolve(servers({ resolve4: failing('ENOTFOUND'), resolve6: failing('ENOTFOUND') }))('a.example'))).to.equal('ENOTFOUND');
    expect(await codeOf(createPublicResolve(servers({ resolve4: failing('ETIMEOUT') }))('a.example'))).to.equal('ETIMEOUT');
    expect(await createPublicResolve(servers({ resolve4: answering() }))('a.example')).to.deep.equal([]);
  });
  it('spoils the name when one of them is private, whichever family says so', async () => {
    for (const over of [{ resolve4: answering('1.1.1.1', '10.0.0.1') }, { resolve4: answering('1.1.1.1'), resolve6: answering('fd00::1') }, { resolve6: answering('::ffff:127.0.0.1') }]) {
      const door = createOutbound({ allow: [], resolve: createPublicResolve(servers(over)) });
      const { code, details } = await rejection(door.request({ method: 'GET', url: 'https://hooks.example.com/', timeoutMs: 2_000, maxBytes: 10 }));
      door.close();
      expect([code, details['reason']]).to.deep.equal(['outbound.forbidden', 'leads to a private address']);
    }
  });
});

const A = 1;
const AAAA = 28;
const NAME_ERROR = 3;
const HEADER = 12;

/** RFC 1035, 4.1: the question of a query, its name in dots. */
const questionOf = (query: Buffer): Readonly<{ name: string; type: number; end: number }> => {
  const labels: string[] = [];
  let at = HEADER;
  for (let length = query[at] ?? 0; length > 0; length = query[at] ?? 0) {
    labels.push(query.toString('latin1', at + 1, at + 1 + length));
    at += length + 1;
  }
  return { name: labels.join('.').toLowerCase(), type: query.readUInt16BE(at + 1), end: at + 5 };
};

const answerTo = (query: Buffer, records: readonly Buffer[], code: number): Buffer => {
  const { type, end } = questionOf(query);
  const header = Buffer.from(query.subarray(0, HEADER));
  header.writeUInt16BE(0x8180 | code, 2);
  header.writeUInt16BE(records.length, 6);
  header.writeUInt32BE(0, 8);
  const answers = records.flatMap((data) => {
    const fixed = Buffer.alloc(HEADER);
    fixed.writeUInt16BE(0xc00c, 0);
    fixed.writeUInt16BE(type, 2);
    fixed.writeUInt16BE(1, 4);
    fixed.writeUInt16BE(data.length, 10);
    return [fixed, data];
  });
  return Buffer.concat([header, query.subarray(HEADER, end), ...answers]);
};

describe('a name server that is asked what a public name leads to', () => {
  let socket: Socket;
  const asked: string[] = [];
  const zone: Readonly<Record<string, Readonly<Record<number, readonly Buffer[]>>>> = {
    'both.example.com': { [A]: [Buffer.from([1, 1, 1, 1]), Buffer.from([8, 8, 8, 8])], [AAAA]: [Buffer.from('26064700000000000000000000000001', 'hex')] },
    'rebound.example.com': { [A]: [Buffer.from([127, 0, 0, 1])] },
    // What the file of hosts of every machine knows is asked all the same.
    localhost: { [A]: [Buffer.from([9, 9, 9, 9])] },
  };

  beforeEach(async () => {
    asked.length = 0;
    socket = createSocket('udp4').bind(0, '127.0.0.1');
    socket.on('message', (query, { address, port }) => {
      const { name, type } = questionOf(query);
      asked.push(`${name} ${type}`);
      const known = zone[name];
      if (name !== 'silent.example.com') socket.send(answerTo(query, known?.[type] ?? [], known === undefined ? NAME_ERROR : 0), port, address);
    });
    await once(socket, 'listening');
  });
  afterEach(() => { socket.close(); });

  const resolver = (): dns.Resolver => {
    const made = new dns.Resolver({ timeout: 50, tries: 1 });
    made.setServers([`127.0.0.1:${socket.address().port}`]);
    return made;
  };

  it('is asked for both families, and nobody else is', async () => {
    expect(await createPublicResolve(resolver())('both.example.com')).to.deep.equal([{ address: '1.1.1.1', family: 4 }, { address: '8.8.8.8', family: 4 }, { address: '2606:4700::1', family: 6 }]);
    expect(asked.toSorted()).to.deep.equal(['both.example.com 1', 'both.example.com 28']);
    expect(await createPublicResolve(resolver())('localhost')).to.deep.equal([{ address: '9.9.9.9', family: 4 }]);
  });
  it('says that there is no such name, or nothing', async () => {
    expect(await codeOf(createPublicResolve(resolver())('none.example.com'))).to.equal('ENOTFOUND');
    expect(await codeOf(createPublicResolve(resolver())('silent.example.com'))).to.equal('ETIMEOUT');
  });
  it('leads nowhere private', async () => {
    const door = createOutbound({ allow: [], resolve: createPublicResolve(resolver()) });
    expect(await rejection(door.request({ method: 'GET', url: 'https://rebound.example.com/', timeoutMs: 2_000, maxBytes: 10 }))).to.deep.include({ code: 'outbound.forbidden' });
    expect(await rejection(door.request({ method: 'GET', url: 'https://none.example.com/', timeoutMs: 2_000, maxBytes: 10 }))).to.deep.equal({ code: 'outbound.unreachable', details: { cause: 'ENOTFOUND' } });
    door.close();
  });
});

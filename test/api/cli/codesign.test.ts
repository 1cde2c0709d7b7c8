/** `chancery codesign`, against a small server with the real authorities behind it. */
import { expect } from 'chai';
import { CommanderError } from 'commander';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { codesignCommand } from '../../../api/cli/codesign.ts';
import { CommandFailure, type Io } from '../../../api/cli/io.ts';
import { PKI_MEDIA_TYPES, type Authorities } from '../../../application/authorities/authorities.ts';
import type { SigningBackend } from '../../../application/signing/ports.ts';
import { systemClock } from '../../../infrastructure/runtime/clock.ts';
import { createBuiltInTimestamps } from '../../../infrastructure/signing/built-in-timestamps.ts';
import { createLocalSigningBackend } from '../../../infrastructure/signing/local-backend.ts';
import { ACME, createGround, type Ground } from '../../support/authorities.ts';
import { requireTool } from '../../support/pending.ts';
import { runTool } from '../../support/run-tool.ts';
import { temporaryDirectory, type TemporaryDirectory } from '../../support/temporary-directory.ts';

type Answer = Readonly<{ status: number; body: string | Uint8Array; type?: string }>;
type SignBody = Readonly<{ digest: string; file_name: string; file_size: number; organization_slug: string; reason?: string }>;

const readBody = async (message: IncomingMessage): Promise<string> => {
  const chunks: Buffer[] = [];
  for await (const chunk of message) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
};

describe('cli: codesign', function suite() {
  this.timeout(30_000);
  let ground: Ground;
  let authorities: Authorities;
  let backend: SigningBackend;
  let directory: TemporaryDirectory;
  let server: Server;
  let url = '';
  let asked: SignBody[] = [];
  /** What the next request for a signature is answered with instead. */
  let instead: ((body: SignBody) => Promise<Answer> | Answer) | undefined;

  const signature = async (digest: Buffer): Promise<Answer> => {
    const signed = await backend.sign(ACME, digest, 'pe');
    const data = { operation_id: '550e8400-e29b-41d4-a716-446655440000', signature: Buffer.from(signed.pkcs7).toString('base64'), timestamp: signed.timestamp };
    return { status: 200, body: JSON.stringify({ data }) };
  };
  const answer = async (message: IncomingMessage): Promise<Answer> => {
    if (message.url === '/qwick-cert/pki/root.pem') return { status: 200, body: (await authorities.trustAnchors()).root.pem };
    if (message.url === '/qwick-cert/pki/issuing.crl') return { status: 200, body: (await authorities.crl()).der, type: PKI_MEDIA_TYPES.crl };
    const body = JSON.parse(await readBody(message)) as SignBody;
    asked.push(body);
    return instead === undefined ? signature(Buffer.from(body.digest, 'base64')) : instead(body);
  };
  const serve = async (message: IncomingMessage, reply: ServerResponse): Promise<void> => {
    const { status, body, type = 'application/json' } = await answer(message);
    reply.writeHead(status, { 'content-type': type }).end(body);
  };

  before(async () => {
    directory = temporaryDirectory();
    ground = await createGround(systemClock.now());
    server = createServer((message, reply) => void serve(message, reply));
    await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
    authorities = ground.start({ urls: { crl: `${url}/qwick-cert/pki/issuing.crl` } });
    backend = createLocalSigningBackend({ authorities, timestamps: createBuiltInTimestamps(authorities, ground.clock) });
  });
  after(async () => {
    server.closeAllConnections();
    server.close();
    await ground.close();
    directory.remove();
  });
  beforeEach(() => {
    asked = [];
    instead = undefined;
  });

  const path = (name: string): string => `${directory.path}/${name}`;
  const run = async (args: readonly string[], env: Io['env'] = { CHANCERY_URL: url, QWICK_TOKEN: 'qwick_ak_test' }): Promise<string> => {
    const lines: string[] = [];
    const io: Io = { env, out: (text) => void lines.push(text), err: (text) => void lines.push(text), interactive: false };
    const command = codesignCommand(io).exitOverride().configureOutput({ writeErr: () => undefined, writeOut: (text) => void lines.push(text) });
    await command.parseAsync(args, { from: 'user' });
    return lines.join('\n');
  };
  const failure = async (...parameters: Parameters<typeof run>): Promise<string> => {
    try {
      await run(...parameters);
    } catch (error) {
      expect(error).to.be.instanceOf(CommandFailure);
      return (error as CommandFailure).message;
    }
    return expect.fail('it did not fail');
  };
  const sample = async (name: string): Promise<string> => {
    await run(['--sample', path(name)]);
    return path(name);
  };

  it('writes a sample, signs it, and osslsigncode verifies it', async function judged() {
    const [file, out] = [await sample('a.exe'), path('a-signed.exe')];
    expect(await run([file, '--org', 'acme-corp', '--out', out])).to.contain('verified  digest, signature, timestamp, certificate chain');
    expect(asked).to.have.length(1);
    expect(asked[0]).to.deep.include({ file_name: 'a.exe', file_size: 1_536, organization_slug: 'acme-corp', algorithm: 'sha256', file_kind: 'pe', client_channel: 'cli' });
    requireTool(this, 'osslsigncode', 'Debian package osslsigncode');
    const root = path('root.pem');
    writeFileSync(root, (await authorities.trustAnchors()).root.pem);
    // The revocation list is fetched from where the certificates say it lies.
    const verdict = await runTool('osslsigncode', 'verify', '-in', out, '-CAfile', root, '-TSA-CAfile', root);
    expect(verdict.code, verdict.said).to.equal(0);
    expect(verdict.said).to.contain('Signature verification: ok').and.contain('Signature CRL verification: ok').and.contain('Timestamp Server Signature verification: ok');
    const altered = readFileSync(out);
    altered[0x200] = (altered[0x200] ?? 0) ^ 1;
    writeFileSync(path('altered.exe'), altered);
    expect((await runTool('osslsigncode', 'verify', '-in', path('altered.exe'), '-CAfile', root, '-TSA-CAfile', root)).code).to.not.equal(0);
  });

  it('speaks JSON', async () => {
    const shown = JSON.parse(await run([await sample('j.exe'), '--org', 'acme-corp', '--out', path('j-signed.exe'), '--json', '--reason', 'release 1'])) as object;
    expect(shown).to.include({ file: path('j-signed.exe'), operation_id: '550e8400-e29b-41d4-a716-446655440000', signer: 'O=Acme Corp, CN=Acme Corp', verified: true });
    expect(asked[0]?.reason).to.equal('release 1');
    expect(JSON.parse(await run(['--sample', path('k.exe'), '--json']))).to.deep.equal({ file: path('k.exe'), size: 1_536 });
  });

  it('signs a file in its own place, and again only with --replace', async () => {
    const file = await sample('own.exe');
    await run([file, '--org', 'acme-corp', '--out', file]);
    const size = statSync(file).size;
    expect(size).to.be.greaterThan(4_000);
    expect(await failure([file, '--org', 'acme-corp', '--out', file])).to.contain('is signed already: --replace');
    expect(asked).to.have.length(1);
    await run([file, '--org', 'acme-corp', '--out', file, '--replace']);
    expect(Math.abs(statSync(file).size - size), 'two ECDSA signatures may differ by some octets').to.be.lessThan(16);
  });

  it('leaves nothing behind when the signature is for another file', async () => {
    instead = async () => signature(Buffer.alloc(32, 9));
    const [file, out] = [await sample('w.exe'), path('w-signed.exe')];
    expect(await failure([file, '--org', 'acme-corp', '--out', out])).to.contain('the file is not the one that was signed');
    expect(existsSync(out)).to.equal(false);
    expect(readdirSync(directory.path).filter((name) => name.endsWith('.tmp'))).to.deep.equal([]);
  });

  it('leaves what is there when the root is another', async () => {
    const stranger = await createGround(systemClock.now());
    writeFileSync(path('stranger.pem'), (await stranger.start().trustAnchors()).root.pem);
    await stranger.close();
    const out = path('kept.exe');
    writeFileSync(out, 'precious');
    expect(await failure([await sample('s.exe'), '--org', 'acme-corp', '--out', out, '--root', path('stranger.pem')])).to.contain('does not chain to a trusted root');
    expect(readFileSync(out, 'utf8')).to.equal('precious');
  });

  it('says why the server refused', async () => {
    const error = { code: 'QWICK_POLICY_408', message: 'File extension not allowed by policy', details: {} };
    instead = () => ({ status: 403, body: JSON.stringify({ error }) });
    expect(await failure([await sample('r.exe'), '--org', 'acme-corp', '--out', path('r-signed.exe')])).to.equal('the server refused (403 QWICK_POLICY_408): File extension not allowed by policy');
    instead = () => ({ status: 502, body: '<html>' });
    expect(await failure([path('r.exe'), '--org', 'acme-corp', '--out', path('r-signed.exe')])).to.contain('the server refused (502');
    instead = () => ({ status: 200, body: '{"data":{}}' });
    expect(await failure([path('r.exe'), '--org', 'acme-corp', '--out', path('r-signed.exe')])).to.equal('the server answered without a signature');
  });

  it('says what it needs', async () => {
    const file = await sample('n.exe');
    const to = ['--org', 'acme-corp', '--out', path('n-signed.exe')];
    expect(await failure([file, ...to], { CHANCERY_URL: url })).to.contain('QWICK_TOKEN');
    expect(await failure([file, ...to], { CHANCERY_URL: 'http://127.0.0.1:1', QWICK_TOKEN: 'x' })).to.contain('no answer from http://127.0.0.1:1 (CHANCERY_URL)');
    expect(await failure([path('missing.exe'), ...to])).to.contain('ENOENT');
    for (const name of ['setup.msi', 'script.ps1', 'data.CAB']) expect(await failure([path(name), ...to]), name).to.contain('PE files');
    writeFileSync(path('text.exe'), 'not a program, but long enough to hold the header of one, if it were one');
    expect(await failure([path('text.exe'), ...to])).to.contain('not a PE file: no MZ header');
    expect(asked).to.deep.equal([]);
  });

  it('finds out that the result cannot be written before it asks for a signature', async () => {
    const file = await sample('o.exe');
    mkdirSync(path('folder'));
    for (const [out, why] of [['nowhere/o.exe', 'ENOENT'], ['o.exe/o.exe', 'ENOTDIR'], ['folder', 'is a directory']] as const) {
      expect(await failure([file, '--org', 'acme-corp', '--out', path(out)]), out).to.contain(path(out)).and.contain(why);
    }
    expect(await failure([file, '--org', 'acme-corp', '--out', path('o2.exe'), '--root', path('missing.pem')])).to.contain('missing.pem');
    expect(asked).to.deep.equal([]);
    expect(readdirSync(directory.path).filter((name) => name.endsWith('.tmp'))).to.deep.equal([]);
  });

  it('writes no sample over another file', async () => {
    await sample('twice.exe');
    await sample('twice.exe');
    writeFileSync(path('precious.exe'), 'precious');
    expect(await failure(['--sample', path('precious.exe')])).to.equal(`${path('precious.exe')} exists already, and is no sample: name another file`);
    expect(readFileSync(path('precious.exe'), 'utf8')).to.equal('precious');
  });

  it('takes wrong usage for wrong usage, and asks nothing', async () => {
    for (const args of [[], ['x.exe'], ['x.exe', '--org', 'acme-corp'], ['x.exe', '--unknown']]) {
      const error = await run(args).catch((caught: unknown) => caught);
      expect(error, args.join(' ')).to.be.instanceOf(CommanderError);
    }
    expect(await run(['x.exe']).catch((caught: unknown) => caught)).to.include({ exitCode: 2 });
    expect(asked).to.deep.equal([]);
  });

  it('explains itself', async () => {
    const shown: unknown = await run(['--help']).catch((caught: unknown) => caught);
    expect(shown).to.include({ exitCode: 0 });
  });
});

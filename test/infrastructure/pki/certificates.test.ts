/** Certificates and revocation lists, judged by Node's own X.509 and by openssl. */
import { expect } from 'chai';
import { X509Certificate } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import type { Authorities } from '../../../application/authorities/authorities.ts';
import { toPem } from '../../../application/authorities/pem.ts';
import { randomSerial } from '../../../infrastructure/pki/keys.ts';
import { ACME, createGround, CRL_URL, type Ground } from '../../support/authorities.ts';
import { requireTool } from '../../support/pending.ts';
import { runTool } from '../../support/run-tool.ts';
import { temporaryDirectory, type TemporaryDirectory } from '../../support/temporary-directory.ts';
import { systemClock } from '../../../infrastructure/runtime/clock.ts';

const KEY_USAGE = { certificates: 'Certificate Sign, CRL Sign', signatures: 'Digital Signature' };

const shown = async (path: string): Promise<string> =>
  (await runTool('openssl', 'x509', '-in', path, '-noout', '-text')).said.replaceAll(/\s+/g, ' ');

describe('pki: certificates and revocation lists', function suite() {
  this.timeout(60_000);
  let ground: Ground;
  let authorities: Authorities;
  let directory: TemporaryDirectory;
  const file = (name: string, text: string | Uint8Array): string => {
    const path = `${directory.path}/${name}`;
    writeFileSync(path, text);
    return path;
  };

  before(async () => {
    directory = temporaryDirectory();
    ground = await createGround(systemClock.now());
    authorities = ground.start();
  });
  after(async () => {
    await ground.close();
    directory.remove();
  });

  it('serial numbers are positive, 16 octets, and never the same', () => {
    const serials = Array.from({ length: 1_000 }, () => randomSerial());
    expect(serials.every((serial) => serial.length === 16 && (serial[0] ?? 0) >= 0x40 && (serial[0] ?? 0) < 0x80)).to.equal(true);
    expect(new Set(serials.map((serial) => serial.toString('hex'))).size).to.equal(1_000);
  });

  it('chain from leaf to root, as Node sees it', async () => {
    const [leaf, issuing, root] = (await authorities.leafFor(ACME)).chain.map((der) => new X509Certificate(der));
    if (leaf === undefined || issuing === undefined || root === undefined) throw new Error('the chain has not three certificates');
    expect([leaf.ca, issuing.ca, root.ca]).to.deep.equal([false, true, true]);
    expect(leaf.checkIssued(issuing) && leaf.verify(issuing.publicKey)).to.equal(true);
    expect(issuing.checkIssued(root) && issuing.verify(root.publicKey)).to.equal(true);
    expect(root.checkIssued(root) && root.verify(root.publicKey)).to.equal(true);
    expect(leaf.keyUsage).to.deep.equal(['1.3.6.1.5.5.7.3.3']);
  });

  it('openssl: the chain holds, and the usages are as asked', async function judged() {
    requireTool(this, 'openssl', 'Debian package openssl');
    const anchors = await authorities.trustAnchors();
    const leaf = await authorities.leafFor(ACME);
    const root = file('root.pem', anchors.root.pem);
    const issuing = file('issuing.pem', anchors.issuing.pem);
    const leafPem = file('leaf.pem', toPem('CERTIFICATE', leaf.chain[0] ?? Buffer.alloc(0)));
    const tsa = file('tsa.pem', anchors.tsa.pem);
    for (const [path, purpose] of [[leafPem, 'any'], [tsa, 'timestampsign']] as const) {
      const verdict = await runTool('openssl', 'verify', '-x509_strict', '-purpose', purpose, '-CAfile', root, '-untrusted', issuing, path);
      expect(verdict.code, verdict.said).to.equal(0);
    }
    expect(await shown(tsa)).to.contain('Extended Key Usage: critical Time Stamping').and.contain(`URI:${CRL_URL}`);
    expect(await shown(leafPem)).to.contain('Extended Key Usage: Code Signing').and.contain(KEY_USAGE.signatures).and.contain(`URI:${CRL_URL}`);
    expect(await shown(root)).to.contain(KEY_USAGE.certificates).and.contain('CA:TRUE, pathlen:1').and.not.contain('CRL Distribution');
    expect(await shown(issuing)).to.contain('CA:TRUE, pathlen:0');
  });

  it('openssl: a revoked leaf is refused, one that is not is taken', async function judged() {
    requireTool(this, 'openssl', 'Debian package openssl');
    const anchors = await authorities.trustAnchors();
    const ca = file('ca.pem', anchors.root.pem + anchors.issuing.pem);
    const leaf = await authorities.leafFor(ACME);
    const leafPem = file('leaf.pem', toPem('CERTIFICATE', leaf.chain[0] ?? Buffer.alloc(0)));
    const verify = async () => {
      const crl = file('crl.pem', (await authorities.crl()).pem);
      return runTool('openssl', 'verify', '-x509_strict', '-crl_check', '-CAfile', ca, '-CRLfile', crl, leafPem);
    };
    expect((await verify()).said).to.contain('OK');
    await authorities.revokeLeaf(ACME, { serial: leaf.serial, reason: 'key_compromise', revokedAt: ground.clock.now() - 1_000 }, { actor: { kind: 'system', id: 'test' }, correlation: 'test' });
    const after = await verify();
    expect(after.code).to.not.equal(0);
    expect(after.said).to.contain('certificate revoked');
    await authorities.idle();
  });

  it('openssl: the list in DER and PEM says number, next update and reason', async function judged() {
    requireTool(this, 'openssl', 'Debian package openssl');
    const crl = await authorities.crl();
    expect(crl.pem).to.match(/^-----BEGIN X509 CRL-----\n/);
    const issuing = file('issuing.pem', (await authorities.trustAnchors()).issuing.pem);
    for (const [form, path] of [['DER', file('crl.der', crl.der)], ['PEM', file('crl.pem', crl.pem)]] as const) {
      const { said } = await runTool('openssl', 'crl', '-inform', form, '-in', path, '-CAfile', issuing, '-noout', '-text');
      expect(said).to.contain('verify OK').and.contain('Key Compromise');
      expect(said.replaceAll(/\s+/g, ' ')).to.contain(`X509v3 CRL Number: ${String(crl.number)}`);
    }
    expect(crl.nextUpdate - crl.thisUpdate).to.equal(24 * 3_600_000);
  });
});

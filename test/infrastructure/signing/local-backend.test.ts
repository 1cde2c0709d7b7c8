/** The local backend over the real authorities: every kind, timestamps, and what a verifier needs. */
import { expect } from 'chai';
import { createHash, X509Certificate } from 'node:crypto';
import { verifyAuthenticode } from '../../../infrastructure/pki/authenticode-verify.ts';
import { createBuiltInTimestamps } from '../../../infrastructure/signing/built-in-timestamps.ts';
import { createLocalSigningBackend } from '../../../infrastructure/signing/local-backend.ts';
import { Rejection } from '../../../domain/kernel/rejection.ts';
import { ACME, createGround, type Ground } from '../../support/authorities.ts';
import { rejection } from '../../support/rejections.ts';

const DIGEST = createHash('sha256').update('a file').digest();
const START = Date.parse('2026-03-09T14:23:44.892Z');

describe('signing: local backend', function suite() {
  this.timeout(30_000);
  let ground: Ground;
  before(async () => {
    ground = await createGround(START);
  });
  after(async () => ground.close());

  for (const kind of ['pe', 'msi', 'powershell', 'cab'] as const) {
    it(`signs the digest of a ${kind} file, chained to the installation's root`, async () => {
      const authorities = ground.start();
      const backend = createLocalSigningBackend({ authorities, timestamps: createBuiltInTimestamps(authorities, ground.clock) });
      const signed = await backend.sign(ACME, DIGEST, kind);
      const roots = [new X509Certificate((await authorities.trustAnchors()).root.pem)];
      const verified = verifyAuthenticode(signed.pkcs7, { roots });
      expect([verified.kind, verified.digest.equals(DIGEST)]).to.deep.equal([kind, true]);
      expect(signed.timestamp).to.equal('2026-03-09T14:23:44Z');
      expect(verified.genTime.toISOString()).to.equal('2026-03-09T14:23:44.000Z');
      const [leaf, issuing, root] = signed.certificateChain.map((der) => new X509Certificate(der));
      expect(leaf?.raw.equals(verified.signer.raw)).to.equal(true);
      expect(leaf?.serialNumber.toLowerCase()).to.equal(signed.certificateSerial);
      expect(issuing !== undefined && leaf?.checkIssued(issuing)).to.equal(true);
      expect(root?.raw.equals(roots[0]?.raw ?? Buffer.alloc(0))).to.equal(true);
    });
  }

  it('gives no signature when there is no timestamp', async () => {
    const timestamps = { stamp: async () => Promise.reject(new Rejection('signing.backend_transient')) };
    const backend = createLocalSigningBackend({ authorities: ground.start(), timestamps });
    expect((await rejection(backend.sign(ACME, DIGEST, 'pe'))).code).to.equal('signing.backend_transient');
  });
});

/** What Azure answers: a published answer, the forms a certificate may come in, and answers that do not fit together. */
import { expect } from 'chai';
import { publicDecrypt, type X509Certificate } from 'node:crypto';
import { checkAnswer, chainFrom, readSigningCertificate } from '../../../infrastructure/signing/azure-answer.ts';
import { Rejection } from '../../../domain/kernel/rejection.ts';
import { systemClock } from '../../../infrastructure/runtime/clock.ts';
import { asSigningCertificate } from '../../support/azure.ts';
import { certified, signerFamily, type SignerFamily } from '../../support/signers.ts';
import { vector } from '../../support/vectors.ts';

const ATTRIBUTES = Buffer.from('the attributes');
const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');
const sample = JSON.parse(vector('authenticode/azure-trustedsigning-sign.json').toString()) as { signature: string; signingCertificate: string };

const leafOf = ([own]: readonly X509Certificate[]): X509Certificate => own ?? expect.fail('there is no certificate');

const fault = (check: () => unknown): unknown => {
  try {
    check();
    return 'it was accepted';
  } catch (error) {
    return error instanceof Rejection && error.code === 'signing.backend_failed' ? error.details['azure'] : error;
  }
};

describe('signing: answers of Azure', function suite() {
  this.timeout(30_000);
  let family: SignerFamily;
  let signature: string;
  before(async () => {
    family = await signerFamily(systemClock.now());
    signature = base64(await family.leaf.key.sign(ATTRIBUTES));
  });
  const leaf = (): Uint8Array => family.leaf.chain[0] ?? ATTRIBUTES;

  describe('a published one', () => {
    it('carries a leaf of three days and its path to the root', () => {
      const certificates = readSigningCertificate(sample.signingCertificate);
      const own = leafOf(certificates);
      const names = chainFrom(own, certificates.toReversed()).map(({ subject }) => /CN=(.*)/.exec(subject)?.[1]);
      expect(names).to.deep.equal([
        'Emmanuel Bourg', 'Microsoft ID Verified CS EOC CA 01', 'Microsoft ID Verified Code Signing PCA 2021', 'Microsoft Identity Verification Root Certificate Authority 2020',
      ]);
      expect(own.validToDate.getTime() - own.validFromDate.getTime()).to.equal(3 * 86_400_000);
    });

    it('has a signature by that leaf, over a SHA-256', () => {
      const own = leafOf(readSigningCertificate(sample.signingCertificate));
      const info = publicDecrypt(own.publicKey, Buffer.from(sample.signature, 'base64'));
      expect(info.subarray(0, 19).toString('hex')).to.equal('3031300d060960864801650304020105000420');
      expect(info).to.have.length(51);
    });

    it('is not taken for a signature over anything else', () => {
      expect(fault(() => checkAnswer(ATTRIBUTES, sample))).to.equal('the signature is by none of the certificates that came with it');
    });
  });

  describe('certificates', () => {
    const forms: readonly (readonly [string, (der: readonly Uint8Array[]) => unknown, number])[] = [
      ['a PKCS #7 in base64 twice', asSigningCertificate, 3],
      ['a PKCS #7 in base64', (chain) => Buffer.from(asSigningCertificate(chain), 'base64').toString('latin1'), 3],
      ['a PKCS #7 in any order', (chain) => asSigningCertificate(chain.toReversed()), 3],
      ['a list', (chain) => chain.map(base64), 3],
      ['the leaf alone', ([own = ATTRIBUTES]) => base64(own), 1],
      ['the leaf alone in base64 twice', ([own = ATTRIBUTES]) => base64(Buffer.from(base64(own))), 1],
    ];
    for (const [what, form, length] of forms) {
      it(`may be ${what}`, () => {
        const { chain } = checkAnswer(ATTRIBUTES, { signature, signingCertificate: form(family.leaf.chain) });
        expect(chain.map(({ raw }) => base64(raw))).to.deep.equal(family.leaf.chain.slice(0, length).map(base64));
      });
    }

    it('may have strangers among them, who are left out', async () => {
      const [stranger = ATTRIBUTES] = (await certified('code_signing', systemClock.now())).chain;
      const { chain } = checkAnswer(ATTRIBUTES, { signature, signingCertificate: asSigningCertificate([stranger, ...family.leaf.chain]) });
      expect(chain).to.have.length(3);
    });
  });

  describe('is refused', () => {
    const unreadable = 'the signing certificate cannot be read';
    const bad: readonly (readonly [string, () => unknown, string])[] = [
      ['nothing', () => undefined, 'the signing certificate is not base64'],
      ['words', () => 'not base64!', 'the signing certificate is not base64'],
      ['octets that are no DER', () => base64(Buffer.from(base64(Buffer.from([1, 2, 3])))), unreadable],
      ['a certificate cut off', () => base64(leaf().subarray(0, 100)), unreadable],
      ['an empty PKCS #7', () => asSigningCertificate([]), 'the signing certificate is missing, or there are too many'],
      ['certificates without end', () => asSigningCertificate(Array.from({ length: 17 }, leaf)), 'the signing certificate is missing, or there are too many'],
      ['a list without end', () => Array.from({ length: 17 }, () => base64(leaf())), 'the signing certificate is missing, or there are too many'],
      ['a PKCS #7 that holds no certificate', () => asSigningCertificate([Buffer.of(0x30, 0)]), unreadable],
      ['the issuer alone', () => asSigningCertificate(family.leaf.chain.slice(1)), 'the signature is by none of the certificates that came with it'],
    ];
    for (const [what, certificate, why] of bad) {
      it(`with ${what} for a certificate`, () => expect(fault(() => checkAnswer(ATTRIBUTES, { signature, signingCertificate: certificate() }))).to.equal(why));
    }

    it('in time that grows with its length, whatever stands in it', () => {
      const signingCertificate = asSigningCertificate(family.leaf.chain);
      const blank = `a${' '.repeat(100_000)}!`;
      for (const answer of [{ signature: blank, signingCertificate }, { signature, signingCertificate: [blank] }, { signature: `a${'='.repeat(100_000)}`, signingCertificate }]) {
        const begun = performance.now();
        expect(fault(() => checkAnswer(ATTRIBUTES, answer))).to.match(/is not base64$/u);
        expect(performance.now() - begun).to.be.below(2_000);
      }
    });

    it('with the signature of another key', async () => {
      const another = await certified('code_signing', systemClock.now(), family.issuing);
      const answer = { signature: base64(await another.key.sign(ATTRIBUTES)), signingCertificate: asSigningCertificate(family.leaf.chain) };
      expect(fault(() => checkAnswer(ATTRIBUTES, answer))).to.equal('the signature is by none of the certificates that came with it');
    });

    it('with a signature over something else, or none', () => {
      const signingCertificate = asSigningCertificate(family.leaf.chain);
      expect(fault(() => checkAnswer(Buffer.from('others'), { signature, signingCertificate }))).to.equal('the signature is by none of the certificates that came with it');
      for (const none of [null, undefined, '', 7]) expect(fault(() => checkAnswer(ATTRIBUTES, { signature: none, signingCertificate }))).to.equal('the signature is not base64');
    });

    it('with a certificate that is not made for signing code', async () => {
      for (const signer of [family.issuing, family.root, family.tsa]) {
        const answer = { signature: base64(await signer.key.sign(ATTRIBUTES)), signingCertificate: asSigningCertificate(signer.chain) };
        expect(fault(() => checkAnswer(ATTRIBUTES, answer))).to.equal('the signature is by none of the certificates that came with it');
      }
    });
  });
});

/** Authenticode signatures over digests: their structure for each kind of file, and what must not verify. */
import { AsnConvert } from '@peculiar/asn1-schema';
import { ContentInfo, SignedData } from '@peculiar/asn1-cms';
import { expect } from 'chai';
import { createHash, randomBytes, X509Certificate } from 'node:crypto';
import type { FileKind } from '../../../application/signing/ports.ts';
import { signAuthenticode } from '../../../infrastructure/pki/authenticode.ts';
import { verifyAuthenticode } from '../../../infrastructure/pki/authenticode-verify.ts';
import { children, readElement } from '../../../infrastructure/pki/der.ts';
import { OID } from '../../../infrastructure/pki/oids.ts';
import { createCmsSigner } from '../../../infrastructure/pki/signed-data.ts';
import { SignatureFault } from '../../../infrastructure/pki/signed-data-verify.ts';
import { spcIndirectData } from '../../../infrastructure/pki/spc-indirect-data.ts';
import { createTimestampAuthority } from '../../../infrastructure/pki/timestamp-authority.ts';
import { systemClock } from '../../../infrastructure/runtime/clock.ts';
import { certified, signerFamily, type SignerFamily } from '../../support/signers.ts';
import { vector } from '../../support/vectors.ts';

const DIGEST = Buffer.from('9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08', 'hex');
const TAIL = `3031300d060960864801650304020105000420${DIGEST.toString('hex')}`;

/** SpcAttributeTypeAndOptionalValue of each kind, octet by octet (WIRE 16). */
const DATA: Readonly<Record<FileKind, string>> = {
  pe: '3017060a2b06010401823702010f3009030100a004a2028000',
  msi: '3032060a2b06010401823702011e30240201010410f1100c0000000000c000000000000046020100020100020100020100020100',
  powershell: '3034060a2b06010401823702011e30260203010000041'
    + '01fcc3b60594b084eb724d2c6297ef351020100020100020100020100020100',
  cab: '302c060a2b060104018237020119a21e801c003c003c003c004f00620073006f006c006500740065003e003e003e',
};

const md = (der: Buffer): Buffer => createHash('sha256').update(readElement(der).content).digest();

describe('pki: Authenticode', function suite() {
  this.timeout(30_000);
  let family: SignerFamily;
  const sign = async (kind: FileKind = 'pe', by = family.leaf, stampedBy = family.tsa) =>
    (await signAuthenticode(createCmsSigner(by), createTimestampAuthority({ signer: stampedBy, clock: systemClock }), { kind, digest: DIGEST })).pkcs7;

  before(async () => {
    family = await signerFamily(systemClock.now());
  });

  for (const kind of ['pe', 'msi', 'powershell', 'cab'] as const) {
    it(`says what a ${kind} file is, in exactly these octets`, async () => {
      const [data, info] = children(readElement(spcIndirectData(kind, DIGEST)));
      expect(data?.raw.toString('hex')).to.equal(DATA[kind]);
      expect(info?.raw.toString('hex')).to.equal(TAIL);
      expect(verifyAuthenticode(await sign(kind), family)).to.deep.include({ kind, digest: DIGEST });
    });
  }

  it('says of an MSI what Windows says, but for the version of the interface package', () => {
    const uuidOn = Buffer.from(DATA.msi.slice(DATA.msi.indexOf('0410f110')), 'hex');
    expect(vector('authenticode/minimal-signed-with-signtool.msi').includes(uuidOn)).to.equal(true);
  });

  it('has the structure that an independent decoder reads', async () => {
    const pkcs7 = await sign();
    const info = AsnConvert.parse(new Uint8Array(pkcs7).buffer, ContentInfo);
    const signed = AsnConvert.parse(info.content, SignedData);
    const [signer] = signed.signerInfos;
    expect(signed.version).to.equal(1);
    expect(signed.digestAlgorithms.map(({ algorithm, parameters }) => [algorithm, parameters])).to.deep.equal([[OID.sha256, null]]);
    expect(signed.encapContentInfo.eContentType).to.equal(OID.spcIndirectData);
    expect(signed.certificates, 'leaf and intermediate, without the root').to.have.length(2);
    expect(signed.signerInfos).to.have.length(1);
    expect([signer?.version, signer?.signatureAlgorithm.algorithm, signer?.signatureAlgorithm.parameters]).to.deep.equal([1, OID.rsaEncryption, null]);
    expect(signer?.signedAttrs?.map(({ attrType }) => attrType)).to.have.members([OID.contentType, OID.messageDigest, OID.spcStatementType, OID.spcSpOpusInfo]);
    expect(signer?.unsignedAttrs?.map(({ attrType }) => attrType)).to.deep.equal([OID.rfc3161CounterSignature]);
  });

  it('refuses digests that are not 32 octets', () => {
    for (const octets of [0, 20, 31, 33, 64]) expect(() => spcIndirectData('pe', randomBytes(octets))).to.throw(RangeError);
  });

  describe('does not verify', () => {
    it('with another digest', async () => {
      const altered = Buffer.from(await sign());
      const at = altered.indexOf(DIGEST);
      altered[at] = (altered[at] ?? 0) ^ 1;
      expect(() => verifyAuthenticode(altered, family)).to.throw(SignatureFault, 'messageDigest');
    });

    it('with another messageDigest to match', async () => {
      const [one, other] = [await sign('pe'), await sign('msi')];
      const spc = { one: spcIndirectData('pe', DIGEST), other: spcIndirectData('msi', DIGEST) };
      expect(one.includes(spc.one) && other.includes(spc.other)).to.equal(true);
      const altered = Buffer.from(one);
      const changed = Buffer.from(spc.one);
      changed[changed.length - 1] = (changed.at(-1) ?? 0) ^ 1;
      changed.copy(altered, altered.indexOf(spc.one));
      md(changed).copy(altered, altered.indexOf(md(spc.one)));
      expect(() => verifyAuthenticode(altered, family)).to.throw(SignatureFault, 'the signature does not verify');
    });

    it('with the timestamp of another signature', async () => {
      const [one, other] = [await sign('pe'), await sign('cab')];
      const marker = Buffer.from('2b060104018237030301', 'hex');
      const [start, otherStart] = [one.indexOf(marker), other.indexOf(marker)];
      const altered = Buffer.from(one);
      // ECDSA signatures differ in length: a token of the same length is needed to be put in place octet by octet.
      for (let tries = 0, donor = other, from = otherStart; tries < 50; tries += 1) {
        if (donor.length - from === one.length - start) {
          donor.copy(altered, start, from);
          break;
        }
        donor = await sign('cab');
        from = donor.indexOf(marker);
      }
      expect(altered.equals(one)).to.equal(false);
      expect(() => verifyAuthenticode(altered, family)).to.throw(SignatureFault, 'over something else');
    });

    it('under another root', async () => {
      const stranger = await certified('root', systemClock.now());
      const roots = [new X509Certificate(stranger.chain[0] ?? '')];
      expect(() => verifyAuthenticode(Buffer.alloc(0), { roots })).to.throw();
      const pkcs7 = await sign();
      expect(() => verifyAuthenticode(pkcs7, { roots })).to.throw(SignatureFault, 'does not chain');
      expect(() => verifyAuthenticode(pkcs7, { roots, timestampRoots: family.roots })).to.throw(SignatureFault, 'does not chain');
    });

    it('when the certificate was over at the time of the timestamp, or is not for code', async () => {
      const over = await certified('code_signing', systemClock.now() - 10 * 86_400_000, family.issuing, 5);
      const [late, wrong] = [await sign('pe', over), await sign('pe', family.issuing)];
      expect(() => verifyAuthenticode(late, family)).to.throw(SignatureFault, 'was not valid');
      expect(() => verifyAuthenticode(wrong, family)).to.throw(SignatureFault, 'not made for this use');
    });
  });
});

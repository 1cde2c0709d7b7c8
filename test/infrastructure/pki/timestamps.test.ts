/** The built-in timestamp authority, judged by openssl and by an independent decoder; reading judged by published answers. */
import { AsnConvert } from '@peculiar/asn1-schema';
import { PKIStatus, TimeStampResp, TSTInfo } from '@peculiar/asn1-tsp';
import { SignedData } from '@peculiar/asn1-cms';
import { expect } from 'chai';
import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { toPem } from '../../../application/authorities/pem.ts';
import { DerError, integer, nullValue, octetString, oid, sequence, tagged } from '../../../infrastructure/pki/der.ts';
import { OID } from '../../../infrastructure/pki/oids.ts';
import { sha256 } from '../../../infrastructure/pki/signed-data.ts';
import { SignatureFault } from '../../../infrastructure/pki/signed-data-verify.ts';
import { createTimestampAuthority, DEFAULT_TSA_POLICY, type TimestampAnswers } from '../../../infrastructure/pki/timestamp-authority.ts';
import { readTimestampRequest, writeTimestampRequest } from '../../../infrastructure/pki/timestamp-request.ts';
import { readTimestampAnswer, verifyTimestamp, verifyToken } from '../../../infrastructure/pki/timestamp-verify.ts';
import { systemClock } from '../../../infrastructure/runtime/clock.ts';
import { requireTool } from '../../support/pending.ts';
import { runTool } from '../../support/run-tool.ts';
import { signerFamily, type SignerFamily } from '../../support/signers.ts';
import { temporaryDirectory, type TemporaryDirectory } from '../../support/temporary-directory.ts';
import { vector } from '../../support/vectors.ts';

const data = Buffer.from('signed bytes');
const imprint = (algorithm: string, octets: number): Buffer => sequence(sequence(oid(algorithm), nullValue), octetString(Buffer.alloc(octets)));
const exact = (bytes: Buffer): ArrayBuffer => new Uint8Array(bytes).buffer;

/** What reading and verifying an answer throws, if anything. */
const faultIn = (der: Buffer): readonly unknown[] => {
  try {
    const answer = readTimestampAnswer(der);
    if (answer.granted) verifyToken(answer.token);
    return [];
  } catch (error) {
    return [error];
  }
};

describe('pki: RFC 3161 timestamps', function suite() {
  this.timeout(30_000);
  let family: SignerFamily;
  let authority: TimestampAnswers;
  let directory: TemporaryDirectory;

  before(async () => {
    directory = temporaryDirectory();
    family = await signerFamily(systemClock.now());
    authority = createTimestampAuthority({ signer: family.tsa, clock: systemClock });
  });
  after(() => directory.remove());

  const file = (name: string, bytes: string | Uint8Array): string => {
    const path = `${directory.path}/${name}`;
    writeFileSync(path, bytes);
    return path;
  };

  describe('the authority', () => {
    it('openssl: answers its query, with certificates, policy and nonce', async function judged() {
      requireTool(this, 'openssl', 'Debian package openssl');
      const [input, root] = [file('data', data), file('root.pem', toPem('CERTIFICATE', family.root.chain[0] ?? data))];
      for (const digest of ['-sha256', '-sha384', '-sha512']) {
        const query = `${directory.path}/query.tsq`;
        await runTool('openssl', 'ts', '-query', '-data', input, digest, '-cert', '-out', query);
        const answer = file('answer.tsr', await authority.respond(readFileSync(query)));
        const verdict = await runTool('openssl', 'ts', '-verify', '-queryfile', query, '-in', answer, '-CAfile', root);
        expect(verdict.said).to.contain('Verification: OK');
        const wrong = await runTool('openssl', 'ts', '-verify', '-data', root, '-in', answer, '-CAfile', root);
        expect(wrong.code, 'over other data').to.not.equal(0);
      }
    });

    it('answers what an independent decoder reads: granted, version 3, unique serials, accuracy, policy, nonce as sent', async () => {
      const nonce = randomBytes(8);
      const answers = await Promise.all(Array.from({ length: 20 }, async () => authority.respond(writeTimestampRequest(sha256(data), nonce))));
      const infos = answers.map((der) => {
        const answer = AsnConvert.parse(exact(der), TimeStampResp);
        expect(answer.status.status).to.equal(PKIStatus.granted);
        const signed = AsnConvert.parse(answer.timeStampToken?.content ?? new ArrayBuffer(0), SignedData);
        expect(signed.version).to.equal(3);
        expect(signed.certificates).to.have.length(2);
        expect(signed.signerInfos[0]?.signedAttrs?.map(({ attrType }) => attrType)).to.have.members([OID.contentType, OID.messageDigest, OID.signingCertificateV2]);
        return AsnConvert.parse(signed.encapContentInfo.eContent?.single?.buffer ?? new ArrayBuffer(0), TSTInfo);
      });
      expect(new Set(infos.map(({ serialNumber }) => Buffer.from(serialNumber).toString('hex'))).size).to.equal(20);
      for (const info of infos) {
        expect(info.accuracy?.seconds).to.equal(1);
        expect(info.genTime.getMilliseconds()).to.equal(0);
        expect(BigInt(`0x${Buffer.from(info.nonce ?? new ArrayBuffer(0)).toString('hex')}`)).to.equal(BigInt(`0x${nonce.toString('hex')}`));
      }
    });

    it('leaves the certificates out unless they are asked for', async () => {
      const asked = sequence(integer(1), sequence(sequence(oid(OID.sha256)), octetString(sha256(data))));
      const answer = readTimestampAnswer(await authority.respond(asked));
      if (!answer.granted) throw new Error('refused');
      expect(() => verifyToken(answer.token)).to.throw(SignatureFault, "the signer's certificate is not there");
      expect(verifyToken(answer.token, [Buffer.from(family.tsa.chain[0] ?? data)]).nonce).to.equal(undefined);
    });

    const good = imprint(OID.sha256, 32);
    const refused: readonly (readonly [string, Buffer, number])[] = [
      ['a bad algorithm (SHA-1)', sequence(integer(1), imprint('1.3.14.3.2.26', 20)), 0],
      ['a digest of the wrong length', sequence(integer(1), imprint(OID.sha256, 20)), 5],
      ['another policy', sequence(integer(1), good, oid('1.2.3.4')), 15],
      ['extensions', sequence(integer(1), good, tagged(0, sequence())), 16],
      ['another version', sequence(integer(2), good), 5],
      ['fields out of order', sequence(integer(1), good, integer(5), oid(DEFAULT_TSA_POLICY)), 5],
      ['rubbish', Buffer.from('hello'), 5],
      ['nothing', Buffer.alloc(0), 5],
    ];
    for (const [what, request, bit] of refused) {
      it(`refuses ${what}`, async () => {
        const der = await authority.respond(request);
        const answer = AsnConvert.parse(exact(der), TimeStampResp);
        expect([answer.status.status, answer.timeStampToken]).to.deep.equal([PKIStatus.rejection, undefined]);
        expect(answer.status.failInfo?.toNumber(), 'PKIFailureInfo').to.equal(2 ** bit);
        expect(readTimestampAnswer(der)).to.include({ granted: false, status: 2 });
      });
    }

    it('accepts its own policy by name', async () => {
      const answer = readTimestampAnswer(await authority.respond(writeTimestampRequest(sha256(data), randomBytes(8), DEFAULT_TSA_POLICY)));
      expect(answer.granted).to.equal(true);
    });
  });

  describe('verification', () => {
    it('holds for the signature that was stamped, and no other', async () => {
      const { token, genTime } = await authority.stamp(data);
      expect(verifyTimestamp(token, data, family.roots)).to.deep.equal(genTime);
      expect(() => verifyTimestamp(token, Buffer.from('other'), family.roots)).to.throw(SignatureFault, 'over something else');
    });

    it('fails with any octet of what is signed changed', async () => {
      const token = Buffer.from((await authority.stamp(data)).token);
      const genTime = token.indexOf(Buffer.from('Z')) - 1;
      for (const at of [genTime, token.indexOf(sha256(data)), token.length - 1]) {
        const altered = Buffer.from(token);
        altered[at] = (altered[at] ?? 0) ^ 1;
        expect(() => verifyTimestamp(altered, data, family.roots), `octet ${String(at)}`).to.throw();
      }
    });

    it('fails under another root, and with a certificate not made for timestamps', async () => {
      const [{ token }, stranger] = [await authority.stamp(data), await signerFamily(systemClock.now())];
      expect(() => verifyTimestamp(token, data, stranger.roots)).to.throw(SignatureFault, 'does not chain');
      const wrong = createTimestampAuthority({ signer: family.leaf, clock: systemClock });
      const { token: byLeaf } = await wrong.stamp(data);
      expect(() => verifyTimestamp(byLeaf, data, family.roots)).to.throw(SignatureFault, 'not made for timestamping');
    });
  });

  describe('published vectors', () => {
    for (const [name, certificates, nonce] of [['reqNonce', true, '0208092ef19ffb5d2ae8'], ['reqNoNonce', true, undefined], ['reqNoCert', false, '020900b1fc81dec95749d9']] as const) {
      it(`reads ${name}`, () => {
        const request = readTimestampRequest(vector(`rfc3161/${name}.der`));
        expect([request.certificates, request.nonce?.toString('hex'), request.imprint.algorithm]).to.deep.equal([certificates, nonce, OID.sha256]);
        expect(request.imprint.digest.toString('hex')).to.match(/^f487d88164bde223/);
      });
    }

    for (const [name, time] of [['respNonce', '2017-04-19T06:29:53.000Z'], ['respNoNonce', '2017-04-19T06:28:13.000Z']] as const) {
      it(`verifies ${name}`, () => {
        const answer = readTimestampAnswer(vector(`rfc3161/${name}.der`));
        if (!answer.granted) throw new Error('refused');
        const token = verifyToken(answer.token);
        expect(token.genTime.toISOString()).to.equal(time);
        expect(token.imprint.digest.toString('hex')).to.match(/^f487d88164bde223/);
      });
    }

    it('does not take respNoCert for verified', () => {
      const answer = readTimestampAnswer(vector('rfc3161/respNoCert.der'));
      expect(() => answer.granted && verifyToken(answer.token)).to.throw(SignatureFault, 'not there');
    });

    it('reads a rejection with its words', () => {
      expect(readTimestampAnswer(vector('rfc3161/respRejection.der'))).to.deep.equal({ granted: false, status: 2, words: 'Error during serial number generation.' });
    });

    it('takes the certificate that the token names, not one that was put beside it', () => {
      const answer = readTimestampAnswer(vector('rfc3161/response-injected-certs.tsr'));
      if (!answer.granted) throw new Error('refused');
      const token = verifyToken(answer.token);
      expect(token.certificates).to.have.length(3);
      expect(token.signer.subject).to.equal('O=local\nCN=Test TSA Timestamping');
    });

    it('every octet cut off or changed fails cleanly', () => {
      const whole = vector('rfc3161/respNonce.der');
      const variants = Array.from({ length: Math.ceil(whole.length / 37) }, (_, index) => index * 37).flatMap((at) => [
        whole.subarray(0, at),
        Buffer.concat([whole.subarray(0, at), Buffer.of((whole[at] ?? 0) ^ 0x41), whole.subarray(at + 1)]),
      ]);
      const faults = variants.flatMap((der) => faultIn(der));
      expect(faults.length).to.be.greaterThan(100);
      const unclean = faults.filter((error) => !(error instanceof DerError || error instanceof SignatureFault));
      expect(unclean.map(String)).to.deep.equal([]);
    });
  });
});

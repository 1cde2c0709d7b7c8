/** The built-in timestamp authority (RFC 3161, 5816): tokens, and full answers to requests. */
import type { Clock } from '../../application/kernel/ports.ts';
import type { CertifiedSigner } from '../../application/authorities/ports.ts';
import type { TimestampAuthority } from '../../application/signing/ports.ts';
import { certificateParts } from './certificate-parts.ts';
import { encode, generalizedTime, integer, octetString, oid, sequence, TAG, tagged, unsignedInteger, utf8String } from './der.ts';
import { randomSerial } from './keys.ts';
import { OID } from './oids.ts';
import { attribute, createCmsSigner, sha256 } from './signed-data.ts';
import { readTimestampRequest, sha256Imprint, TimestampRefusal, type FailureName } from './timestamp-request.ts';

/**
 * The policy of the built-in authority, an OID under a UUID (X.667) as it needs no registration: tokens from the host's
 * clock, accurate to a second when that clock is.
 */
export const DEFAULT_TSA_POLICY = '2.25.338479236693784933125900276105323707094';

const ACCURACY_SECONDS = 1;

const FAILURE_BITS: Readonly<Record<FailureName, number>> = {
  badAlg: 0, badRequest: 2, badDataFormat: 5, unacceptedPolicy: 15, unacceptedExtension: 16, systemFailure: 25,
};

const GRANTED = sequence(integer(0));
const REJECTION = integer(2);

/** Named bit string: without trailing zero bits. */
const failureInfo = (failure: FailureName): Buffer => {
  const bit = FAILURE_BITS[failure];
  const octets = Buffer.alloc(Math.floor(bit / 8) + 1);
  octets[octets.length - 1] = 0x80 >> (bit % 8);
  return encode(TAG.bitString, Buffer.of(7 - (bit % 8)), octets);
};

/** A TimeStampResp that refuses, with the reason in words. */
export const timestampRejection = (failure: FailureName, words: string): Buffer =>
  sequence(sequence(REJECTION, sequence(utf8String(words)), failureInfo(failure)));

/** SigningCertificateV2 (RFC 5816): SHA-256 of the certificate, which is the default and so not named, and whose it is. */
const signingCertificate = (own: Uint8Array): Buffer => {
  const { issuer, serial } = certificateParts(own);
  const issuerSerial = sequence(sequence(tagged(4, issuer)), serial);
  return attribute(OID.signingCertificateV2, sequence(sequence(sequence(octetString(sha256(own)), issuerSerial))));
};

export type TimestampAnswers = TimestampAuthority & Readonly<{
  /** Answers a DER TimeStampReq with a DER TimeStampResp; refusals are answers too. */
  respond: (request: Uint8Array) => Promise<Buffer>;
}>;

export type AuthorityOptions = Readonly<{ signer: CertifiedSigner; clock: Clock; policy?: string }>;

export const createTimestampAuthority = ({ signer, clock, policy = DEFAULT_TSA_POLICY }: AuthorityOptions): TimestampAnswers => {
  const cms = createCmsSigner(signer);
  const [own] = signer.chain;
  if (own === undefined) throw new Error('the authority has no certificate');
  const head = Buffer.concat([integer(1), oid(policy)]);
  const accuracy = sequence(integer(ACCURACY_SECONDS));
  const attributes = [signingCertificate(own)];

  const token = async (imprint: Uint8Array, nonce?: Uint8Array, withoutCertificates = false) => {
    const genTime = new Date(Math.floor(clock.now() / 1000) * 1000);
    const info = sequence(
      head, imprint, unsignedInteger(randomSerial()), generalizedTime(genTime), accuracy, ...(nonce === undefined ? [] : [nonce]),
    );
    const content = { version: 3, contentType: OID.tstInfo, content: octetString(info), attributes, withoutCertificates } as const;
    return { token: await cms.sign(content), genTime };
  };

  const grant = async (der: Uint8Array): Promise<Buffer> => {
    const request = readTimestampRequest(der);
    if (request.policy !== undefined && request.policy !== policy) {
      throw new TimestampRefusal('unacceptedPolicy', `the policy must be ${policy}`);
    }
    const stamped = await token(request.imprint.raw, request.nonce, !request.certificates);
    return sequence(GRANTED, stamped.token);
  };

  return {
    stamp: async (signature) => token(sha256Imprint(sha256(signature))),
    respond: async (der) => {
      try {
        return await grant(der);
      } catch (error) {
        if (error instanceof TimestampRefusal) return timestampRejection(error.failure, error.message);
        throw error;
      }
    },
  };
};

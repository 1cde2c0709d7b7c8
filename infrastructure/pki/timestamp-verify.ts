/** Reads and verifies RFC 3161 tokens and answers. */
import { createHash, type X509Certificate } from 'node:crypto';
import { verifyChain } from './chain.ts';
import { children, encode, expectTag, readElement, readGeneralizedTime, readOid, TAG, type Element } from './der.ts';
import { OID } from './oids.ts';
import { sha256 } from './signed-data.ts';
import { SignatureFault, verifySignedData } from './signed-data-verify.ts';
import { readImprint, type MessageImprint } from './timestamp-request.ts';

export type VerifiedToken = Readonly<{
  imprint: MessageImprint;
  genTime: Date;
  /** The whole INTEGER. */
  nonce: Buffer | undefined;
  serial: Buffer;
  signer: X509Certificate;
  certificates: readonly X509Certificate[];
}>;

type TstInfo = Pick<VerifiedToken, 'imprint' | 'genTime' | 'nonce' | 'serial'>;

const readTstInfo = (content: Element): TstInfo => {
  const [, , imprint, serial, genTime, ...optional] = children(readElement(expectTag(content, TAG.octetString, 'TSTInfo').content));
  return {
    imprint: readImprint(imprint),
    serial: expectTag(serial, TAG.integer, 'the serial number').content,
    genTime: readGeneralizedTime(genTime, 'genTime'),
    nonce: optional.find(({ tag }) => tag === TAG.integer)?.raw,
  };
};

const HASHES: Readonly<Record<string, string>> = { [OID.sha256]: 'sha256', [OID.sha384]: 'sha384', [OID.sha512]: 'sha512' };

type CertificateId = Readonly<{ algorithm: string; hash: Buffer }>;

/** The first ESSCertID (SHA-1, RFC 2634) or ESSCertIDv2 (SHA-256 unless it names another, RFC 5035). */
const readCertificateId = (value: Element | undefined, byDefault: string): CertificateId => {
  const [ids] = children(expectTag(value, TAG.sequence, 'the signing certificate attribute'));
  const [id] = children(expectTag(ids, TAG.sequence, 'the signing certificate attribute'));
  const [first, second] = children(expectTag(id, TAG.sequence, 'ESSCertID'));
  const named = first?.tag === TAG.sequence ? HASHES[readOid(children(first)[0], 'the hash algorithm')] : byDefault;
  const { content } = expectTag(first?.tag === TAG.sequence ? second : first, TAG.octetString, 'the certificate hash');
  if (named === undefined) throw new SignatureFault('the hash algorithm of the signing certificate attribute is not accepted');
  return { algorithm: named, hash: content };
};

/** RFC 3161 2.4.1: the token names its certificate, so that no other with the same key can take its place. */
const checkSigningCertificate = (attributes: ReadonlyMap<string, Element>, signer: X509Certificate): void => {
  const second = attributes.get(OID.signingCertificateV2);
  const { algorithm, hash } = second === undefined
    ? readCertificateId(attributes.get(OID.signingCertificate), 'sha1')
    : readCertificateId(second, 'sha256');
  if (!hash.equals(createHash(algorithm).update(signer.raw).digest())) {
    throw new SignatureFault('the token names another signing certificate');
  }
};

/** Checks the token's own signature and its certificate's binding. `more` as in `verifySignedData`. */
export const verifyToken = (token: Uint8Array, more: readonly Buffer[] = []): VerifiedToken => {
  const signed = verifySignedData(token, more);
  if (signed.contentType !== OID.tstInfo) throw new SignatureFault('the token holds no TSTInfo');
  checkSigningCertificate(signed.signedAttributes, signed.signer);
  if (!(signed.signer.keyUsage as readonly string[] | undefined)?.includes(OID.timeStamping)) {
    throw new SignatureFault("the token's certificate is not made for timestamping");
  }
  return { ...readTstInfo(signed.content), signer: signed.signer, certificates: signed.certificates };
};

/** Throws unless the token is over SHA-256(`signature`). */
export const checkImprint = ({ algorithm, digest }: MessageImprint, signature: Uint8Array): void => {
  if (algorithm !== OID.sha256 || !digest.equals(sha256(signature))) throw new SignatureFault('the timestamp is over something else');
};

/** A token over `signature` whose certificate was good at its genTime under one of the roots; answers the genTime. */
export const verifyTimestamp = (token: Uint8Array, signature: Uint8Array, roots: readonly X509Certificate[]): Date => {
  const { imprint, genTime, signer, certificates } = verifyToken(token);
  checkImprint(imprint, signature);
  verifyChain(signer, { intermediates: certificates, roots, at: genTime, usage: OID.timeStamping });
  return genTime;
};

export type TimestampAnswer =
  | Readonly<{ granted: true; token: Buffer }>
  | Readonly<{ granted: false; status: number; words: string }>;

const GRANTED_WITH_MODS = 1;

const wordsOf = (status: readonly Element[]): string => {
  const text = status.find(({ tag }) => tag === TAG.sequence);
  return text === undefined ? '' : children(text).map(({ content }) => content.toString('utf8')).join(' ');
};

/** Status and token of a DER TimeStampResp (RFC 3161 2.4.2). */
export const readTimestampAnswer = (der: Uint8Array): TimestampAnswer => {
  const [info, token] = children(expectTag(readElement(der), TAG.sequence, 'the answer'));
  const fields = children(expectTag(info, TAG.sequence, 'the status'));
  const { content } = expectTag(fields[0], TAG.integer, 'the status');
  const status = content.length === 1 ? (content[0] ?? 0) : Number.MAX_SAFE_INTEGER;
  if (status > GRANTED_WITH_MODS) return { granted: false, status, words: wordsOf(fields.slice(1)) };
  return { granted: true, token: encode(TAG.sequence, expectTag(token, TAG.sequence, 'the token').content) };
};

/** What Azure answered, checked: whose signature it is, and the certificates that stand behind it. */
import { verify, X509Certificate } from 'node:crypto';
import { Rejection } from '../../domain/kernel/rejection.ts';
import { children, expectTag, readElement, readOid, TAG, type Element } from '../pki/der.ts';
import { OID } from '../pki/oids.ts';
import { failed } from './azure-http.ts';
import type { AzureSignature } from './azure-signing.ts';

export type CheckedSignature = Readonly<{
  signature: Buffer;
  /** Its own certificate first, then their issuers as far as they came along. */
  chain: readonly X509Certificate[];
}>;

const BASE64 = /^[A-Za-z\d+/]+={0,2}$/;
const MAX_CERTIFICATES = 16;
const MIN_RSA_BITS = 2048;
const IMPLICIT_0 = 0xa0;

const decoded = (text: unknown, what: string): Buffer => {
  // White space goes first: a pattern that allowed it inside and at the end would take quadratic time to refuse.
  if (typeof text !== 'string' || !BASE64.test(text.replaceAll(/\s+/gu, ''))) throw failed(`${what} is not base64`);
  return Buffer.from(text, 'base64');
};

/** The service wraps DER in base64 twice: the inner one has lines. */
const derOf = (text: unknown): Buffer => {
  const bytes = decoded(text, 'the signing certificate');
  return bytes[0] === TAG.sequence ? bytes : decoded(bytes.toString('latin1'), 'the signing certificate');
};

/** A certificate as it is, or those of a PKCS #7 (RFC 2315) that is there for its certificates. */
const certificatesIn = (der: Buffer): readonly Buffer[] => {
  const whole = expectTag(readElement(der), TAG.sequence, 'the signing certificate');
  const [first, wrapped] = children(whole);
  if (first?.tag !== TAG.oid) return [der];
  if (readOid(first, 'the content type') !== OID.signedData) throw failed('the signing certificate is of an unknown type');
  const [signedData] = children(expectTag(wrapped, IMPLICIT_0, 'the content'));
  const fields = children(expectTag(signedData, TAG.sequence, 'SignedData'));
  const certificates: Element | undefined = fields.find(({ tag }) => tag === IMPLICIT_0);
  return certificates === undefined ? [] : children(certificates).map(({ raw }) => raw);
};

/** The certificates of an answer, in its order. */
export const readSigningCertificate = (given: unknown): readonly X509Certificate[] => {
  const parts: readonly unknown[] = Array.isArray(given) ? given : [given];
  const found = parts.slice(0, MAX_CERTIFICATES + 1).flatMap((part) => certificatesIn(derOf(part)));
  if (found.length === 0 || found.length > MAX_CERTIFICATES) throw failed('the signing certificate is missing, or there are too many');
  return found.map((der) => new X509Certificate(der));
};

const mayCheck = ({ ca, publicKey, keyUsage }: X509Certificate): boolean =>
  !ca
  && publicKey.asymmetricKeyType === 'rsa'
  && (publicKey.asymmetricKeyDetails?.modulusLength ?? 0) >= MIN_RSA_BITS
  // Node names the extended usages `keyUsage`.
  && (keyUsage as readonly string[] | undefined)?.includes(OID.codeSigning) === true;

/** The newest of those whose key made the signature: a renewed certificate may keep its key. */
const signerOf = (certificates: readonly X509Certificate[], attributes: Uint8Array, signature: Buffer): X509Certificate => {
  const [signer] = certificates
    .filter((certificate) => mayCheck(certificate) && verify('sha256', attributes, certificate.publicKey, signature))
    .toSorted((one, other) => other.validFromDate.getTime() - one.validFromDate.getTime());
  if (signer === undefined) throw failed('the signature is by none of the certificates that came with it');
  return signer;
};

const isRoot = (certificate: X509Certificate): boolean => certificate.subject === certificate.issuer;

/** From the signer up, as far as it goes. */
export const chainFrom = (signer: X509Certificate, certificates: readonly X509Certificate[]): readonly X509Certificate[] => {
  const chain = [signer];
  for (let last = signer; !isRoot(last); ) {
    const subject = last;
    const issuer = certificates.find((one) => one.ca && !chain.includes(one) && subject.checkIssued(one) && subject.verify(one.publicKey));
    if (issuer === undefined) break;
    chain.push(issuer);
    last = issuer;
  }
  return chain;
};

/**
 * `attributes` are the octets whose SHA-256 was submitted. Throws `signing.backend_failed` when the signature is not an RSA
 * signature over them by one of the code-signing certificates answered with it.
 */
export const checkAnswer = (attributes: Uint8Array, { signature: given, signingCertificate }: AzureSignature): CheckedSignature => {
  try {
    const signature = decoded(given, 'the signature');
    const certificates = readSigningCertificate(signingCertificate);
    return { signature, chain: chainFrom(signerOf(certificates, attributes, signature), certificates) };
  } catch (error) {
    // DER and OpenSSL have words of their own for what they cannot read.
    throw error instanceof Rejection ? error : failed('the signing certificate cannot be read');
  }
};

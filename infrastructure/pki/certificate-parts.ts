/** The fields of a certificate that signatures and requests refer to, as the very bytes that stand in it. */
import { children, DerError, encode, expectTag, readElement, TAG, type Element } from './der.ts';

export type CertificateParts = Readonly<{
  /** INTEGER, Name, Name, SubjectPublicKeyInfo: each a whole element. */
  serial: Buffer;
  issuer: Buffer;
  subject: Buffer;
  publicKey: Buffer;
}>;

const VERSION_TAG = 0xa0;

export const certificateParts = (der: Uint8Array): CertificateParts => {
  const [toBeSigned] = children(expectTag(readElement(der), TAG.sequence, 'the certificate'));
  const fields = children(expectTag(toBeSigned, TAG.sequence, 'the certificate content'));
  const [serial, , issuer, , subject, publicKey] = fields[0]?.tag === VERSION_TAG ? fields.slice(1) : fields;
  return {
    serial: expectTag(serial, TAG.integer, 'the serial number').raw,
    issuer: expectTag(issuer, TAG.sequence, 'the issuer').raw,
    subject: expectTag(subject, TAG.sequence, 'the subject').raw,
    publicKey: expectTag(publicKey, TAG.sequence, 'the public key').raw,
  };
};

/** BIT STRING of whole octets. */
export const bitString = (bytes: Uint8Array): Buffer => encode(TAG.bitString, Buffer.of(0), bytes);

/** The octets of a BIT STRING without unused bits. */
export const bitStringOctets = (element: Element): Buffer => {
  if (expectTag(element, TAG.bitString, 'the bit string').content[0] !== 0) throw new DerError('the bit string has unused bits');
  return element.content.subarray(1);
};

/** A serial number's digits as lower-case hex, without the sign octet. */
export const serialHex = (serial: Element | Buffer): string => {
  const { content } = Buffer.isBuffer(serial) ? readElement(serial) : serial;
  const digits = content.length > 1 && content[0] === 0 ? content.subarray(1) : content;
  return digits.toString('hex');
};

/** Reads and verifies CMS SignedData with one signer, over the very bytes that were signed. */
import { createHash, verify, X509Certificate } from 'node:crypto';
import { certificateParts } from './certificate-parts.ts';
import { children, DerError, encode, expectTag, readElement, readOid, TAG, type Element } from './der.ts';
import { OID } from './oids.ts';

/** A signature that does not hold; the message says where it broke. */
export class SignatureFault extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'SignatureFault';
  }
}

export type VerifiedContent = Readonly<{
  contentType: string;
  /** The element in eContent's `[0]`. */
  content: Element;
  signature: Buffer;
  signer: X509Certificate;
  /** All certificates that came along. */
  certificates: readonly X509Certificate[];
  signedAttributes: ReadonlyMap<string, Element>;
  unsignedAttributes: ReadonlyMap<string, Element>;
}>;

const IMPLICIT_0 = 0xa0;
const IMPLICIT_1 = 0xa1;

const DIGESTS: Readonly<Record<string, string>> = { [OID.sha256]: 'sha256', [OID.sha384]: 'sha384', [OID.sha512]: 'sha512' };
const SIGNATURES: Readonly<Record<string, 'rsa' | 'ec'>> = {
  [OID.rsaEncryption]: 'rsa', [OID.sha256WithRsa]: 'rsa', [OID.sha384WithRsa]: 'rsa', [OID.sha512WithRsa]: 'rsa',
  [OID.ecdsaWithSha256]: 'ec', [OID.ecdsaWithSha384]: 'ec', [OID.ecdsaWithSha512]: 'ec',
};

const algorithmOid = (element: Element | undefined, what: string): string =>
  readOid(children(expectTag(element, TAG.sequence, what))[0], what);

/** Attribute type → its one value. */
const attributesOf = (set: Element | undefined): ReadonlyMap<string, Element> => {
  const found = new Map<string, Element>();
  for (const item of set === undefined ? [] : children(set)) {
    const [type, values] = children(expectTag(item, TAG.sequence, 'an attribute'));
    const [value, ...more] = children(expectTag(values, TAG.set, 'the values of an attribute'));
    const name = readOid(type, 'the type of an attribute');
    if (value === undefined || more.length > 0 || found.has(name)) throw new DerError('an attribute has not exactly one value');
    found.set(name, value);
  }
  return found;
};

type Parts = Readonly<{ contentType: string; content: Element; certificates: readonly Element[]; signerInfo: Element }>;

const readParts = (der: Uint8Array): Parts => {
  const [type, wrapped] = children(expectTag(readElement(der), TAG.sequence, 'ContentInfo'));
  if (readOid(type, 'the content type') !== OID.signedData) throw new DerError('the content is not SignedData');
  const [signedData] = children(expectTag(wrapped, IMPLICIT_0, 'the content'));
  const fields = children(expectTag(signedData, TAG.sequence, 'SignedData'));
  const [contentType, content] = children(expectTag(fields[2], TAG.sequence, 'encapContentInfo'));
  const inner = readElement(expectTag(content, IMPLICIT_0, 'eContent').content);
  const certificates = fields.find((field) => field.tag === IMPLICIT_0);
  const [signerInfo, ...more] = children(expectTag(fields.at(-1), TAG.set, 'signerInfos'));
  if (signerInfo === undefined || more.length > 0) throw new DerError('SignedData has not exactly one signer');
  return {
    contentType: readOid(contentType, 'eContentType'),
    content: inner,
    certificates: certificates === undefined ? [] : children(certificates).filter(({ tag }) => tag === TAG.sequence),
    signerInfo,
  };
};

/** OpenSSL has its own words for certificates and keys that it cannot read. */
const readable = <T>(read: () => T): T => {
  try {
    return read();
  } catch {
    throw new SignatureFault('a certificate or its key cannot be read');
  }
};

const findSigner = (sid: Element | undefined, candidates: readonly Buffer[]): Buffer => {
  const [issuer, serial] = children(expectTag(sid, TAG.sequence, 'the signer identifier'));
  const found = candidates.find((der) => {
    const parts = certificateParts(der);
    return issuer?.raw.equals(parts.issuer) === true && serial?.raw.equals(parts.serial) === true;
  });
  if (found === undefined) throw new SignatureFault("the signer's certificate is not there");
  return found;
};

type SignerInfo = Readonly<{
  sid: Element | undefined;
  digest: string;
  signatureType: 'rsa' | 'ec';
  signedAttributes: Element;
  unsignedAttributes: Element | undefined;
  signature: Buffer;
}>;

const readSignerInfo = (element: Element): SignerInfo => {
  const [, sid, digestAlgorithm, signed, signatureAlgorithm, signature, unsigned] = children(element);
  const digest = DIGESTS[algorithmOid(digestAlgorithm, 'the digest algorithm')];
  const signatureType = SIGNATURES[algorithmOid(signatureAlgorithm, 'the signature algorithm')];
  if (digest === undefined || signatureType === undefined) throw new SignatureFault('an algorithm is not accepted');
  return {
    sid,
    digest,
    signatureType,
    signedAttributes: expectTag(signed, IMPLICIT_0, 'the signed attributes'),
    unsignedAttributes: unsigned === undefined ? undefined : expectTag(unsigned, IMPLICIT_1, 'the unsigned attributes'),
    signature: expectTag(signature, TAG.octetString, 'the signature').content,
  };
};

const checkSignature = (info: SignerInfo, signer: X509Certificate): void => {
  const signed = encode(TAG.set, info.signedAttributes.content);
  const key = readable(() => signer.publicKey);
  if (key.asymmetricKeyType !== info.signatureType) throw new SignatureFault('the key does not fit the signature algorithm');
  if (!verify(info.digest, signed, key, info.signature)) throw new SignatureFault('the signature does not verify');
};

const checkAttributes = (attributes: ReadonlyMap<string, Element>, { contentType, content }: Parts, digest: string): void => {
  if (readOid(attributes.get(OID.contentType), 'the contentType attribute') !== contentType) {
    throw new SignatureFault('the contentType attribute names another type');
  }
  const said = expectTag(attributes.get(OID.messageDigest), TAG.octetString, 'the messageDigest attribute').content;
  if (!said.equals(createHash(digest).update(content.content).digest())) {
    throw new SignatureFault('the messageDigest attribute does not fit the content');
  }
};

/**
 * Checks digest, attributes and signature, not who the signer is: see `verifyChain`. Throws `SignatureFault` or `DerError`.
 * `more` are certificates (DER) to look for the signer's among, when the message may not carry it.
 */
export const verifySignedData = (der: Uint8Array, more: readonly Buffer[] = []): VerifiedContent => {
  const parts = readParts(der);
  const info = readSignerInfo(parts.signerInfo);
  const carried = parts.certificates.map(({ raw }) => raw);
  const own = findSigner(info.sid, [...carried, ...more]);
  const signer = readable(() => new X509Certificate(own));
  const signedAttributes = attributesOf(info.signedAttributes);
  checkAttributes(signedAttributes, parts, info.digest);
  checkSignature(info, signer);
  return {
    contentType: parts.contentType,
    content: parts.content,
    signature: info.signature,
    signer,
    certificates: readable(() => carried.map((raw) => new X509Certificate(raw))),
    signedAttributes,
    unsignedAttributes: attributesOf(info.unsignedAttributes),
  };
};

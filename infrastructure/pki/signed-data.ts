/**
 * CMS SignedData with one signer (RFC 5652), in DER, joined from prepared parts: what does not change between signatures is
 * encoded once per certificate.
 */
import { hash } from 'node:crypto';
import type { CertifiedSigner, KeyAlgorithm } from '../../application/authorities/ports.ts';
import { certificateParts } from './certificate-parts.ts';
import { encode, inSetOrder, integer, octetString, oid, readElement, sequence, setOf, tagged, TAG } from './der.ts';
import { algorithmAlone, algorithmWithNull, OID } from './oids.ts';

export const sha256 = (bytes: Uint8Array): Buffer => hash('sha256', bytes, 'buffer');

/** Attribute with one value. */
export const attribute = (type: string, value: Uint8Array): Buffer => sequence(oid(type), encode(TAG.set, value));

export type SignedContent = Readonly<{
  version: 1 | 3;
  contentType: string;
  /** What stands in eContent's `[0]`: an OCTET STRING, or Authenticode's SEQUENCE as it is. Its content octets are digested. */
  content: Uint8Array;
  /** Besides contentType and messageDigest. */
  attributes: readonly Uint8Array[];
  /** Leave out the certificates. */
  withoutCertificates?: boolean;
  /** Makes the unsigned attributes from the signature value. */
  unsigned?: (signature: Uint8Array) => Promise<readonly Uint8Array[]>;
}>;

/** Makes signatures with one certified key. */
export interface CmsSigner {
  readonly signer: CertifiedSigner;
  /** DER of a ContentInfo. */
  sign(content: SignedContent): Promise<Buffer>;
}

/** digestAlgorithm and signatureAlgorithm; Authenticode's verifiers expect NULL parameters and rsaEncryption (D0-1). */
const ALGORITHMS: Readonly<Record<KeyAlgorithm, Readonly<{ digest: Buffer; signature: Buffer }>>> = {
  'rsa-3072': { digest: algorithmWithNull(OID.sha256), signature: algorithmWithNull(OID.rsaEncryption) },
  'ecdsa-p256': { digest: algorithmWithNull(OID.sha256), signature: algorithmAlone(OID.ecdsaWithSha256) },
};

const SIGNER_VERSION = integer(1);
const SIGNED_DATA = oid(OID.signedData);
const IMPLICIT_0 = 0xa0;
const IMPLICIT_1 = 0xa1;

/** A verifier must have the root already: it is not sent along. */
const isSelfIssued = (der: Uint8Array): boolean => {
  const { issuer, subject } = certificateParts(der);
  return issuer.equals(subject);
};

export const createCmsSigner = (signer: CertifiedSigner): CmsSigner => {
  const [own] = signer.chain;
  if (own === undefined) throw new Error('the signer has no certificate');
  const { issuer, serial } = certificateParts(own);
  const signerId = sequence(issuer, serial);
  const algorithms = ALGORITHMS[signer.key.algorithm];
  const digestAlgorithms = encode(TAG.set, algorithms.digest);
  const certificates = encode(IMPLICIT_0, ...inSetOrder(signer.chain.filter((der) => !isSelfIssued(der))));

  const signerInfo = async ({ contentType, content, attributes, unsigned }: SignedContent): Promise<Buffer> => {
    const digest = sha256(readElement(content).content);
    const signed = setOf(
      attribute(OID.contentType, oid(contentType)),
      attribute(OID.messageDigest, octetString(digest)),
      ...attributes,
    );
    const signature = await signer.key.sign(signed);
    const extra = unsigned === undefined ? [] : await unsigned(signature);
    // In the SignerInfo the attributes are [0] IMPLICIT; what is signed has the tag of a SET (RFC 5652 5.4).
    signed[0] = IMPLICIT_0;
    return sequence(
      SIGNER_VERSION, signerId, algorithms.digest, signed, algorithms.signature, octetString(signature),
      ...(extra.length === 0 ? [] : [encode(IMPLICIT_1, ...extra)]),
    );
  };

  return {
    signer,
    sign: async (content) => {
      const info = await signerInfo(content);
      const signedData = sequence(
        integer(content.version),
        digestAlgorithms,
        sequence(oid(content.contentType), tagged(0, content.content)),
        ...(content.withoutCertificates === true ? [] : [certificates]),
        encode(TAG.set, info),
      );
      return sequence(SIGNED_DATA, tagged(0, signedData));
    },
  };
};

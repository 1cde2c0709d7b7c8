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

/** Makes signatures. */
export interface CmsSigner {
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

/** What a message says about its signer, encoded. */
export type SignerIdentity = Readonly<{ signerId: Buffer; digestAlgorithm: Buffer; signatureAlgorithm: Buffer; certificates: Buffer }>;

/** `chain` is DER, the signer's own certificate first; a root behind it is left out of the message. */
export const signerIdentity = ([own, ...above]: readonly Uint8Array[], algorithm: KeyAlgorithm): SignerIdentity => {
  if (own === undefined) throw new Error('the signer has no certificate');
  const { issuer, serial } = certificateParts(own);
  const { digest, signature } = ALGORITHMS[algorithm];
  return {
    signerId: sequence(issuer, serial),
    digestAlgorithm: digest,
    signatureAlgorithm: signature,
    certificates: encode(IMPLICIT_0, ...inSetOrder([own, ...above.filter((der) => !isSelfIssued(der))])),
  };
};

/**
 * Signs the DER SET OF the signed attributes, which name no certificate: whose signature it is may be known only once it is
 * made. The octets change after it has answered.
 */
export type AttributeSigner = (attributes: Buffer) => Promise<Readonly<{ signature: Uint8Array; identity: SignerIdentity }>>;

type Signed = Readonly<{ info: Buffer; identity: SignerIdentity }>;

const signerInfo = async (sign: AttributeSigner, { contentType, content, attributes, unsigned }: SignedContent): Promise<Signed> => {
  const digest = sha256(readElement(content).content);
  const signed = setOf(
    attribute(OID.contentType, oid(contentType)),
    attribute(OID.messageDigest, octetString(digest)),
    ...attributes,
  );
  const { signature, identity } = await sign(signed);
  const extra = unsigned === undefined ? [] : await unsigned(signature);
  // In the SignerInfo the attributes are [0] IMPLICIT; what is signed has the tag of a SET (RFC 5652 5.4).
  signed[0] = IMPLICIT_0;
  const info = sequence(
    SIGNER_VERSION, identity.signerId, identity.digestAlgorithm, signed, identity.signatureAlgorithm, octetString(signature),
    ...(extra.length === 0 ? [] : [encode(IMPLICIT_1, ...extra)]),
  );
  return { info, identity };
};

/** For signers whose key is elsewhere. */
export const createAttributeCmsSigner = (sign: AttributeSigner): CmsSigner => ({
  sign: async (content) => {
    const { info, identity } = await signerInfo(sign, content);
    const signedData = sequence(
      integer(content.version),
      encode(TAG.set, identity.digestAlgorithm),
      sequence(oid(content.contentType), tagged(0, content.content)),
      ...(content.withoutCertificates === true ? [] : [identity.certificates]),
      encode(TAG.set, info),
    );
    return sequence(SIGNED_DATA, tagged(0, signedData));
  },
});

/** With one certified key. */
export const createCmsSigner = ({ key, chain }: CertifiedSigner): CmsSigner => {
  const identity = signerIdentity(chain, key.algorithm);
  return createAttributeCmsSigner(async (attributes) => ({ signature: await key.sign(attributes), identity }));
};

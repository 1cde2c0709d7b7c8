/** Object identifiers and the DER that is built from them alone. Sources: RFC 5652, 5280, 3161, 5816, the Authenticode paper. */
import { nullValue, oid, sequence } from './der.ts';

export const OID = {
  sha256: '2.16.840.1.101.3.4.2.1',
  sha384: '2.16.840.1.101.3.4.2.2',
  sha512: '2.16.840.1.101.3.4.2.3',
  rsaEncryption: '1.2.840.113549.1.1.1',
  sha256WithRsa: '1.2.840.113549.1.1.11',
  sha384WithRsa: '1.2.840.113549.1.1.12',
  sha512WithRsa: '1.2.840.113549.1.1.13',
  ecdsaWithSha256: '1.2.840.10045.4.3.2',
  ecdsaWithSha384: '1.2.840.10045.4.3.3',
  ecdsaWithSha512: '1.2.840.10045.4.3.4',
  signedData: '1.2.840.113549.1.7.2',
  contentType: '1.2.840.113549.1.9.3',
  messageDigest: '1.2.840.113549.1.9.4',
  signingCertificate: '1.2.840.113549.1.9.16.2.12',
  signingCertificateV2: '1.2.840.113549.1.9.16.2.47',
  tstInfo: '1.2.840.113549.1.9.16.1.4',
  codeSigning: '1.3.6.1.5.5.7.3.3',
  timeStamping: '1.3.6.1.5.5.7.3.8',
  crlNumber: '2.5.29.20',
  commonName: '2.5.4.3',
  organization: '2.5.4.10',
  spcIndirectData: '1.3.6.1.4.1.311.2.1.4',
  spcStatementType: '1.3.6.1.4.1.311.2.1.11',
  spcSpOpusInfo: '1.3.6.1.4.1.311.2.1.12',
  spcPeImageData: '1.3.6.1.4.1.311.2.1.15',
  spcIndividualPurpose: '1.3.6.1.4.1.311.2.1.21',
  spcCabData: '1.3.6.1.4.1.311.2.1.25',
  spcSipInfo: '1.3.6.1.4.1.311.2.1.30',
  rfc3161CounterSignature: '1.3.6.1.4.1.311.3.3.1',
} as const;

/** AlgorithmIdentifier with NULL parameters, as RSA and Authenticode write it. */
export const algorithmWithNull = (dotted: string): Buffer => sequence(oid(dotted), nullValue);
/** AlgorithmIdentifier without parameters, as ECDSA has it (RFC 5758). */
export const algorithmAlone = (dotted: string): Buffer => sequence(oid(dotted));

/**
 * X.509 certificates and revocation lists (RFC 5280). The structures are laid out by @peculiar/x509; the signature is made by the
 * issuer's `SigningKey`, so that a key which never leaves its module could issue as well.
 */
import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import * as x509 from '@peculiar/x509';
import type { CertifiedSigner, CrlRequest, KeyAlgorithm, Pki, SigningKey } from '../../application/authorities/ports.ts';
import type { CertificatePurpose, CertificateRequest, RevocationReason } from '../../domain/authorities/certified-key.events.ts';
import { bitString, certificateParts } from './certificate-parts.ts';
import { children, encode, integer, oid, readElement, sequence, TAG, utf8String } from './der.ts';
import { OID } from './oids.ts';

x509.cryptoProvider.set(webcrypto);

const ALGORITHMS: Readonly<Record<KeyAlgorithm, Readonly<{ name: string; hash: string; namedCurve?: string }>>> = {
  'rsa-3072': { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' },
  'ecdsa-p256': { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' },
};

/** WebCrypto that leaves the place of the signature blank. */
const blankSignatures = { subtle: { sign: async () => new ArrayBuffer(64) } } as unknown as Crypto;

const layoutKey = (key: SigningKey): CryptoKey => ({ algorithm: ALGORITHMS[key.algorithm] }) as unknown as CryptoKey;

/** Certificate and CertificateList alike: what is to be signed, the algorithm, the signature. */
const signLayout = async (layout: ArrayBuffer, key: SigningKey): Promise<Buffer> => {
  const [toBeSigned, algorithm] = children(readElement(new Uint8Array(layout)));
  if (toBeSigned === undefined || algorithm === undefined) throw new Error('not a signed structure');
  return sequence(toBeSigned.raw, algorithm.raw, bitString(await key.sign(toBeSigned.raw)));
};

const attribute = (type: string, value: string): Buffer => encode(TAG.set, sequence(oid(type), utf8String(value)));

/** Name with organization and common name, both UTF8String. */
const nameOf = ({ commonName, organization }: CertificateRequest): x509.Name =>
  new x509.Name(sequence(attribute(OID.organization, organization), attribute(OID.commonName, commonName)));

const { keyCertSign, cRLSign, digitalSignature } = x509.KeyUsageFlags;

const authority = (pathLength: number): x509.Extension[] => [
  new x509.BasicConstraintsExtension(true, pathLength, true),
  new x509.KeyUsagesExtension(keyCertSign | cRLSign, true),
];

/** RFC 3161 2.3: a timestamp authority's only extended usage, and critical. */
const endEntity = (usage: string): x509.Extension[] => [
  new x509.BasicConstraintsExtension(false, undefined, true),
  new x509.KeyUsagesExtension(digitalSignature, true),
  new x509.ExtendedKeyUsageExtension([usage], usage === OID.timeStamping),
];

const usages: Readonly<Record<CertificatePurpose, () => x509.Extension[]>> = {
  root: () => authority(1),
  issuing: () => authority(0),
  timestamping: () => endEntity(OID.timeStamping),
  code_signing: () => endEntity(OID.codeSigning),
};

const extensionsOf = async (request: CertificateRequest, issuer: Uint8Array | undefined): Promise<x509.Extension[]> => {
  const publicKey = new x509.PublicKey(Buffer.from(request.publicKey, 'base64'));
  return [
    ...usages[request.purpose](),
    await x509.SubjectKeyIdentifierExtension.create(publicKey),
    ...(issuer === undefined ? [] : [await authorityKey(issuer)]),
    ...(request.crlUrl === null ? [] : [new x509.CRLDistributionPointsExtension([request.crlUrl])]),
    ...(request.issuerUrl === null ? [] : [new x509.AuthorityInfoAccessExtension({ caIssuers: [request.issuerUrl] })]),
  ];
};

const authorityKey = async (issuer: Uint8Array): Promise<x509.Extension> =>
  x509.AuthorityKeyIdentifierExtension.create(new x509.X509Certificate(Buffer.from(issuer)).publicKey);

export const certificate: Pki['certificate'] = async (request, issuer) => {
  const subject = nameOf(request);
  const layout = await x509.X509CertificateGenerator.create({
    serialNumber: request.serial,
    subject,
    issuer: issuer.certificate === undefined ? subject : new x509.Name(certificateParts(issuer.certificate).subject),
    notBefore: new Date(request.notBefore),
    notAfter: new Date(request.notAfter),
    publicKey: Buffer.from(request.publicKey, 'base64'),
    signingKey: layoutKey(issuer.key),
    signingAlgorithm: ALGORITHMS[issuer.key.algorithm],
    extensions: await extensionsOf(request, issuer.certificate),
  }, blankSignatures);
  return signLayout(layout.rawData, issuer.key);
};

/** CRLReason of RFC 5280 5.3.1; `unspecified` is said by leaving the reason out. */
const REASONS: Readonly<Record<RevocationReason, x509.X509CrlReason | undefined>> = {
  unspecified: undefined,
  key_compromise: x509.X509CrlReason.keyCompromise,
  affiliation_changed: x509.X509CrlReason.affiliationChanged,
  superseded: x509.X509CrlReason.superseded,
  cessation_of_operation: x509.X509CrlReason.cessationOfOperation,
};

const entryOf = ({ serial, revokedAt, reason: named }: CrlRequest['entries'][number]): x509.X509CrlEntryParams => {
  const reason = REASONS[named];
  return { serialNumber: serial, revocationDate: new Date(revokedAt), ...(reason === undefined ? {} : { reason }) };
};

export const crl = async (request: CrlRequest, issuer: CertifiedSigner): Promise<Buffer> => {
  const issuerCertificate = issuer.chain[0];
  if (issuerCertificate === undefined) throw new Error('the issuer has no certificate');
  const layout = await x509.X509CrlGenerator.create({
    issuer: new x509.Name(certificateParts(issuerCertificate).subject),
    thisUpdate: new Date(request.thisUpdate),
    nextUpdate: new Date(request.nextUpdate),
    signingAlgorithm: ALGORITHMS[issuer.key.algorithm],
    signingKey: layoutKey(issuer.key),
    entries: request.entries.map(entryOf),
    extensions: [await authorityKey(issuerCertificate), new x509.Extension(OID.crlNumber, false, integer(request.number))],
  }, blankSignatures);
  return signLayout(layout.rawData, issuer.key);
};

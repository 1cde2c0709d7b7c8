/** Certified keys without a store: for tests of what is made with them. */
import type { CertificatePurpose } from '../../domain/authorities/certified-key.events.ts';
import type { CertifiedSigner } from '../../application/authorities/ports.ts';
import { X509Certificate } from 'node:crypto';
import { createSharedKeysPki } from './shared-keys.ts';

const DAY = 86_400_000;
const pki = createSharedKeysPki();

/** A new certified key under `issuer` (or a root), valid from a day before `now` for `days`. */
export const certified = async (purpose: CertificatePurpose, now: number, issuer?: CertifiedSigner, days = 30): Promise<CertifiedSigner> => {
  const material = await pki.generateKeys(purpose === 'timestamping' ? 'ecdsa-p256' : 'rsa-3072');
  const key = pki.importKey(material.privateKey);
  const serial = pki.newSerial();
  const notBefore = Math.floor((now - DAY) / 1000) * 1000;
  const certificate = await pki.certificate(
    {
      purpose, serial, commonName: `Test ${purpose} ${serial.slice(0, 8)}`, organization: 'Test', notBefore, notAfter: notBefore + days * DAY,
      publicKey: Buffer.from(material.publicKey).toString('base64'), crlUrl: null, issuerUrl: null,
    },
    issuer === undefined ? { key } : { key: issuer.key, certificate: issuer.chain[0] ?? Buffer.alloc(0) },
  );
  return { serial, key, chain: [certificate, ...(issuer?.chain ?? [])] };
};

export type SignerFamily = Readonly<{ root: CertifiedSigner; issuing: CertifiedSigner; leaf: CertifiedSigner; tsa: CertifiedSigner; roots: readonly X509Certificate[] }>;

export const signerFamily = async (now: number): Promise<SignerFamily> => {
  const root = await certified('root', now);
  const issuing = await certified('issuing', now, root);
  const [leaf, tsa] = await Promise.all([certified('code_signing', now, issuing), certified('timestamping', now, issuing)]);
  return { root, issuing, leaf, tsa, roots: [new X509Certificate(root.chain[0] ?? '')] };
};

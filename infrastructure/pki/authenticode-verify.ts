/** Verifies an Authenticode PKCS#7: signature, timestamp, and both paths to given roots. */
import type { X509Certificate } from 'node:crypto';
import type { FileKind } from '../../application/signing/ports.ts';
import { verifyChain } from './chain.ts';
import { OID } from './oids.ts';
import { SignatureFault, verifySignedData } from './signed-data-verify.ts';
import { readSpcIndirectData } from './spc-indirect-data.ts';
import { verifyTimestamp } from './timestamp-verify.ts';

export type VerifiedAuthenticode = Readonly<{
  /** Undefined for a kind of file not known here. */
  kind: FileKind | undefined;
  /** The SHA-256 Authenticode digest that was signed. */
  digest: Buffer;
  signer: X509Certificate;
  genTime: Date;
}>;

/** An outside timestamp authority has roots of its own. */
export type TrustedRoots = Readonly<{ roots: readonly X509Certificate[]; timestampRoots?: readonly X509Certificate[] }>;

/**
 * Throws a `SignatureFault` or `DerError` that says what does not hold. The signer must have been valid at the timestamp,
 * which must be there.
 */
export const verifyAuthenticode = (pkcs7: Uint8Array, { roots, timestampRoots = roots }: TrustedRoots): VerifiedAuthenticode => {
  const signed = verifySignedData(pkcs7);
  if (signed.contentType !== OID.spcIndirectData) throw new SignatureFault('the signature is not over a file');
  const token = signed.unsignedAttributes.get(OID.rfc3161CounterSignature);
  if (token === undefined) throw new SignatureFault('there is no timestamp');
  const genTime = verifyTimestamp(token.raw, signed.signature, timestampRoots);
  verifyChain(signed.signer, { intermediates: signed.certificates, roots, at: genTime, usage: OID.codeSigning });
  return { ...readSpcIndirectData(signed.content.raw), signer: signed.signer, genTime };
};

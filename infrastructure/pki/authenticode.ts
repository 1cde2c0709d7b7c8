/** Authenticode signatures over digests: SignedData with SpcIndirectDataContent and an RFC 3161 timestamp (D0-1). */
import type { FileKind, TimestampAuthority } from '../../application/signing/ports.ts';
import { oid, sequence } from './der.ts';
import { OID } from './oids.ts';
import { attribute, type CmsSigner } from './signed-data.ts';
import { spcIndirectData } from './spc-indirect-data.ts';

const ATTRIBUTES = [
  attribute(OID.spcStatementType, sequence(oid(OID.spcIndividualPurpose))),
  attribute(OID.spcSpOpusInfo, sequence()),
];

export type AuthenticodeSignature = Readonly<{ pkcs7: Buffer; genTime: Date }>;

/** Signs the SHA-256 Authenticode digest of a file of this kind; the timestamp is over the signature value. */
export const signAuthenticode = async (
  signer: CmsSigner,
  timestamps: TimestampAuthority,
  file: Readonly<{ kind: FileKind; digest: Uint8Array }>,
): Promise<AuthenticodeSignature> => {
  let genTime = new Date(0);
  const pkcs7 = await signer.sign({
    version: 1,
    contentType: OID.spcIndirectData,
    content: spcIndirectData(file.kind, file.digest),
    attributes: ATTRIBUTES,
    unsigned: async (signature) => {
      const stamp = await timestamps.stamp(signature);
      genTime = stamp.genTime;
      return [attribute(OID.rfc3161CounterSignature, stamp.token)];
    },
  });
  return { pkcs7, genTime };
};

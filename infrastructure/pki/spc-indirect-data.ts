/** SpcIndirectDataContent: what an Authenticode signature says about a file of each kind (D0-2, WIRE 16). */
import type { FileKind } from '../../application/signing/ports.ts';
import { children, DerError, encode, expectTag, integer, octetString, oid, readElement, readOid, sequence, TAG } from './der.ts';
import { algorithmWithNull, OID } from './oids.ts';

export const DIGEST_OCTETS = 32;

/** SpcSipInfo: the SIP's number and UUID, and five reserved integers. */
const sipInfo = (number: number, uuid: string): Buffer => {
  const reserved = integer(0);
  return sequence(integer(number), octetString(Buffer.from(uuid, 'hex')), reserved, reserved, reserved, reserved, reserved);
};

/** SpcLink, choice file `[2]`, SpcString, choice unicode `[0]`: big-endian UTF-16. */
const fileLink = (text: string): Buffer => encode(0xa2, encode(0x80, Buffer.from(text, 'utf16le').swap16()));

/** SpcPeImageData: no flags, and an empty file link that is tagged `[0]` EXPLICIT. */
const peImageData = sequence(encode(TAG.bitString, Buffer.of(0)), encode(0xa0, fileLink('')));

const VALUES: Readonly<Record<FileKind, Readonly<{ type: string; value: Buffer }>>> = {
  pe: { type: OID.spcPeImageData, value: peImageData },
  msi: { type: OID.spcSipInfo, value: sipInfo(1, 'f1100c0000000000c000000000000046') },
  powershell: { type: OID.spcSipInfo, value: sipInfo(65_536, '1fcc3b60594b084eb724d2c6297ef351') },
  cab: { type: OID.spcCabData, value: fileLink('<<<Obsolete>>>') },
};

const DIGEST_ALGORITHM = algorithmWithNull(OID.sha256);
const DATA = Object.fromEntries(
  Object.entries(VALUES).map(([kind, { type, value }]) => [kind, sequence(oid(type), value)]),
) as Readonly<Record<FileKind, Buffer>>;

/** DER over the SHA-256 Authenticode digest of a file. */
export const spcIndirectData = (kind: FileKind, digest: Uint8Array): Buffer => {
  if (digest.length !== DIGEST_OCTETS) throw new RangeError('the digest has 32 octets');
  return sequence(DATA[kind], sequence(DIGEST_ALGORITHM, octetString(digest)));
};

/** Kind and digest of an SpcIndirectDataContent. Only SHA-256 is accepted; `kind` is undefined for one not known here. */
export const readSpcIndirectData = (der: Uint8Array): Readonly<{ kind: FileKind | undefined; digest: Buffer }> => {
  const [data, info] = children(expectTag(readElement(der), TAG.sequence, 'SpcIndirectDataContent'));
  const [algorithm, digest] = children(expectTag(info, TAG.sequence, 'DigestInfo'));
  const [digestType] = children(expectTag(algorithm, TAG.sequence, 'the digest algorithm'));
  if (readOid(digestType, 'the digest algorithm') !== OID.sha256) throw new DerError('the file digest is not SHA-256');
  const { content } = expectTag(digest, TAG.octetString, 'the file digest');
  if (content.length !== DIGEST_OCTETS) throw new DerError('the file digest has not 32 octets');
  const said = expectTag(data, TAG.sequence, 'SpcAttributeTypeAndOptionalValue');
  return { kind: kindOf(said), digest: content };
};

const kindOf = (said: ReturnType<typeof readElement>): FileKind | undefined => {
  const known = Object.entries(DATA).find(([, data]) => data.equals(said.raw))?.[0];
  if (known !== undefined) return known as FileKind;
  // Other signers fill SpcPeImageData in other ways: the type alone says PE.
  return readOid(children(said)[0], 'the data type') === OID.spcPeImageData ? 'pe' : undefined;
};

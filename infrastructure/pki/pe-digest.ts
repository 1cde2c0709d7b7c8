/** The SHA-256 Authenticode digest of a PE file, and the checksum of its optional header. */
import { createHash } from 'node:crypto';
import { chunksOf, type ByteSource } from './byte-source.ts';
import type { PeLayout } from './pe-file.ts';

export const CHECKSUM_OCTETS = 4;
export const CERTIFICATE_ENTRY_OCTETS = 8;
const ALIGNMENT = 8;

/** How many octets bring `length` to a multiple of eight. */
export const paddingOf = (length: number): number => (ALIGNMENT - (length % ALIGNMENT)) % ALIGNMENT;

/**
 * SHA-256 over the file without the checksum, the certificate table's entry and the certificate table, as if padded with zeros
 * to a multiple of eight octets, as it will be once a signature follows.
 */
export const peDigest = async (source: ByteSource, layout: PeLayout): Promise<Buffer> => {
  const { checksumOffset, certificateEntryOffset, certificateOffset } = layout;
  const hash = createHash('sha256');
  const ranges = [
    [0, checksumOffset],
    [checksumOffset + CHECKSUM_OCTETS, certificateEntryOffset],
    [certificateEntryOffset + CERTIFICATE_ENTRY_OCTETS, certificateOffset],
  ] as const;
  for (const [from, to] of ranges) for await (const chunk of chunksOf(source, from, to)) hash.update(chunk);
  return hash.update(Buffer.alloc(paddingOf(certificateOffset))).digest();
};

/** A running sum of little-endian 16-bit words with the carry folded back in; chunks but the last have even lengths. */
const addWords = (sum: number, chunk: Buffer): number => {
  let total = sum;
  const even = chunk.length - (chunk.length % 2);
  for (let at = 0; at < even; at += 2) total += chunk.readUInt16LE(at);
  if (even < chunk.length) total += chunk[even] ?? 0;
  while (total > 0xffff) total = (total & 0xffff) + Math.floor(total / 0x1_0000);
  return total;
};

/** CheckSum as ImageHlp computes it: the sum over the file with the field itself taken as zero, plus the file's length. */
export const peChecksum = async (source: ByteSource, checksumOffset: number): Promise<number> => {
  let sum = 0;
  let offset = 0;
  for await (const chunk of chunksOf(source, 0, source.size)) {
    // The field may lie across two chunks.
    for (let at = checksumOffset; at < checksumOffset + CHECKSUM_OCTETS; at += 1) {
      if (at >= offset && at < offset + chunk.length) chunk[at - offset] = 0;
    }
    sum = addWords(sum, chunk);
    offset += chunk.length;
  }
  return (sum + source.size) >>> 0;
};

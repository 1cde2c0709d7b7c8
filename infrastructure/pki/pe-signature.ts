/** Reads signatures out of a PE file's certificate table and writes one into it (attribute certificates of the PE format). */
import type { FileHandle } from 'node:fs/promises';
import { fileSource, type ByteSource } from './byte-source.ts';
import { paddingOf, peChecksum } from './pe-digest.ts';
import { PeFault, readPe, type PeLayout } from './pe-file.ts';
import { readFirst } from './der.ts';

const HEADER = 8;
const REVISION_2_0 = 0x0200;
const PKCS_SIGNED_DATA = 0x0002;
const MAX_TABLE = 16 * 1024 * 1024;

/** Every PKCS#7 of the certificate table, without padding. Throws a `PeFault` on a broken table. */
export const readSignatures = async (source: ByteSource, layout: PeLayout): Promise<readonly Buffer[]> => {
  if (layout.certificateSize > MAX_TABLE) throw new PeFault('the certificate table is larger than 16 MiB');
  const table = await source.read(layout.certificateOffset, layout.certificateSize);
  const found: Buffer[] = [];
  for (let at = 0; at < table.length; ) {
    const length = at + HEADER <= table.length ? table.readUInt32LE(at) : 0;
    if (length < HEADER || at + length > table.length) throw new PeFault('an entry of the certificate table has a wrong length');
    if (table.readUInt16LE(at + 4) === REVISION_2_0 && table.readUInt16LE(at + 6) === PKCS_SIGNED_DATA) {
      found.push(readFirst(table.subarray(at + HEADER, at + length)).raw);
    }
    at += length + paddingOf(length);
  }
  return found;
};

/** A certificate table with one signature: WIN_CERTIFICATE, padded to eight octets (its length includes the padding). */
export const certificateTable = (pkcs7: Uint8Array): Buffer => {
  const length = HEADER + pkcs7.length;
  const table = Buffer.alloc(length + paddingOf(length));
  table.writeUInt32LE(table.length, 0);
  table.writeUInt16LE(REVISION_2_0, 4);
  table.writeUInt16LE(PKCS_SIGNED_DATA, 6);
  table.set(pkcs7, HEADER);
  return table;
};

const uint32 = (...values: readonly number[]): Buffer => {
  const bytes = Buffer.alloc(values.length * 4);
  values.forEach((value, index) => bytes.writeUInt32LE(value, index * 4));
  return bytes;
};

const writeAll = async (file: FileHandle, bytes: Uint8Array, offset: number): Promise<void> => {
  for (let done = 0; done < bytes.length; ) {
    const { bytesWritten } = await file.write(bytes, done, bytes.length - done, offset + done);
    done += bytesWritten;
  }
};

/**
 * Puts a signature into an open PE file, in the place of those it had, and computes its checksum anew. The file is changed in
 * place: work on a copy.
 */
export const embedSignature = async (file: FileHandle, pkcs7: Uint8Array): Promise<void> => {
  const layout = await readPe(await fileSource(file));
  const end = layout.certificateOffset;
  const tableAt = end + paddingOf(end);
  const table = certificateTable(pkcs7);
  await file.truncate(end);
  await writeAll(file, Buffer.concat([Buffer.alloc(tableAt - end), table]), end);
  await writeAll(file, uint32(tableAt, table.length), layout.certificateEntryOffset);
  await writeAll(file, uint32(await peChecksum(await fileSource(file), layout.checksumOffset)), layout.checksumOffset);
};

/**
 * Reads the headers of a Portable Executable as far as Authenticode needs them. The file is not trusted: every offset and size is
 * checked against the file before it is used.
 */
import { type ByteSource } from './byte-source.ts';

/** What is wrong with a file that should be a PE. */
export class PeFault extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'PeFault';
  }
}

export type PeLayout = Readonly<{
  bits: 32 | 64;
  size: number;
  /** Of the four octets of CheckSum in the optional header. */
  checksumOffset: number;
  /** Of the eight octets of the certificate table's entry in the data directory. */
  certificateEntryOffset: number;
  /** Where the certificate table begins: the end of the file when there is none. */
  certificateOffset: number;
  certificateSize: number;
}>;

const DOS_HEADER = 64;
const NEW_HEADER_POINTER = 0x3c;
const MZ = 0x5a4d;
const PE_SIGNATURE = 0x4550;
const COFF_END = 24;
const SECTION_HEADER = 40;
const MAX_SECTIONS = 96;
const CHECKSUM_FIELD = 64;
const CERTIFICATE_ENTRY = 4;
const DIRECTORY_ENTRY = 8;
const MAX_PE_SIZE = 0xffff_ffff;

/** By the optional header's magic: word size, the offset of NumberOfRvaAndSizes, and of the data directory. */
const FORMATS: Readonly<Record<number, Readonly<{ bits: 32 | 64; count: number; directory: number }>>> = {
  0x10b: { bits: 32, count: 92, directory: 96 },
  0x20b: { bits: 64, count: 108, directory: 112 },
};

const read = async (source: ByteSource, offset: number, length: number, what: string): Promise<Buffer> => {
  if (offset + length > source.size) throw new PeFault(`${what} reaches past the end of the file`);
  return source.read(offset, length);
};

const newHeaderOffset = async (source: ByteSource): Promise<number> => {
  if (source.size < DOS_HEADER) throw new PeFault('not a PE file: too short');
  if (source.size > MAX_PE_SIZE) throw new PeFault('not a PE file: larger than 4 GiB');
  const dos = await source.read(0, DOS_HEADER);
  if (dos.readUInt16LE(0) !== MZ) throw new PeFault('not a PE file: no MZ header');
  return dos.readUInt32LE(NEW_HEADER_POINTER);
};

type Headers = Readonly<{ at: number; sections: number; optional: Buffer; bits: 32 | 64; certificateEntry: number }>;

const readHeaders = async (source: ByteSource): Promise<Headers> => {
  const at = await newHeaderOffset(source);
  const coff = await read(source, at, COFF_END, 'the PE header');
  if (coff.readUInt32LE(0) !== PE_SIGNATURE) throw new PeFault('not a PE file: no PE signature');
  const optional = await read(source, at + COFF_END, coff.readUInt16LE(20), 'the optional header');
  const format = optional.length < 2 ? undefined : FORMATS[optional.readUInt16LE(0)];
  if (format === undefined) throw new PeFault('not a PE file: neither PE32 nor PE32+');
  const certificateEntry = format.directory + CERTIFICATE_ENTRY * DIRECTORY_ENTRY;
  if (optional.length < certificateEntry + DIRECTORY_ENTRY || optional.readUInt32LE(format.count) <= CERTIFICATE_ENTRY) {
    throw new PeFault('the PE file has no place for a certificate table');
  }
  return { at, sections: coff.readUInt16LE(6), optional, bits: format.bits, certificateEntry };
};

/** The end of the headers and of the sections' data in the file. */
const contentEnd = async (source: ByteSource, { at, sections, optional }: Headers): Promise<number> => {
  if (sections > MAX_SECTIONS) throw new PeFault('the PE file has more than 96 sections');
  const tableAt = at + COFF_END + optional.length;
  const table = await read(source, tableAt, sections * SECTION_HEADER, 'the section table');
  let end = tableAt + table.length;
  for (let entry = 0; entry < table.length; entry += SECTION_HEADER) {
    const size = table.readUInt32LE(entry + 16);
    const sectionEnd = size === 0 ? 0 : table.readUInt32LE(entry + 20) + size;
    if (sectionEnd > source.size) throw new PeFault('a section reaches past the end of the file');
    end = Math.max(end, sectionEnd);
  }
  return end;
};

const CERTIFICATE_ALIGNMENT = 8;

const checkTable = (offset: number, size: number, contentEndsAt: number, fileSize: number): void => {
  if (offset % CERTIFICATE_ALIGNMENT !== 0) throw new PeFault('the certificate table is not aligned to eight octets');
  if (offset < contentEndsAt) throw new PeFault('the certificate table lies inside the program');
  if (offset + size > fileSize) throw new PeFault('the certificate table reaches past the end of the file');
  if (offset + size < fileSize) throw new PeFault('data follows the certificate table');
};

/** Throws a `PeFault` that says what is wrong. */
export const readPe = async (source: ByteSource): Promise<PeLayout> => {
  const headers = await readHeaders(source);
  const contentEndsAt = await contentEnd(source, headers);
  const offset = headers.optional.readUInt32LE(headers.certificateEntry);
  const size = headers.optional.readUInt32LE(headers.certificateEntry + 4);
  const signed = offset !== 0 || size !== 0;
  if (signed) checkTable(offset, size, contentEndsAt, source.size);
  const optionalAt = headers.at + COFF_END;
  return {
    bits: headers.bits,
    size: source.size,
    checksumOffset: optionalAt + CHECKSUM_FIELD,
    certificateEntryOffset: optionalAt + headers.certificateEntry,
    certificateOffset: signed ? offset : source.size,
    certificateSize: signed ? size : 0,
  };
};

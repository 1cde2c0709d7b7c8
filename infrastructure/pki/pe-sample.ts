/**
 * A small Windows program to try signatures on: PE32+, console, x86-64; it calls ExitProcess(0). Made here, octet by octet, so
 * that no binary has to lie in the source tree.
 */
import { peChecksum } from './pe-digest.ts';
import { bufferSource } from './byte-source.ts';

const FILE_ALIGNMENT = 0x200;
const SECTION_ALIGNMENT = 0x1000;
const IMAGE_BASE = 0x1_4000_0000n;
const PE_AT = 0x80;
const OPTIONAL_AT = PE_AT + 24;
const OPTIONAL_OCTETS = 240;
const SECTIONS_AT = OPTIONAL_AT + OPTIONAL_OCTETS;
const CHECKSUM_AT = OPTIONAL_AT + 64;
const DIRECTORY_AT = OPTIONAL_AT + 112;

const TEXT = { rva: 0x1000, file: 0x200 };
const RDATA = { rva: 0x2000, file: 0x400 };
const IMAGE_OCTETS = 0x3000;
const FILE_OCTETS = 0x600;

/** Offsets in .rdata: import directory (two descriptors), lookup table, address table, hint and name, library's name. */
const IMPORTS = { directory: 0, directoryOctets: 40, lookup: 0x28, addresses: 0x38, addressOctets: 16, hint: 0x48, library: 0x58 };

/** sub rsp,40; xor ecx,ecx; call [rip+ExitProcess]; int3 */
const code = (): Buffer => {
  const bytes = Buffer.from('4883ec2831c9ff1500000000cc', 'hex');
  const afterCall = 12;
  bytes.writeInt32LE(RDATA.rva + IMPORTS.addresses - (TEXT.rva + afterCall), 8);
  return bytes;
};

const imports = (): Buffer => {
  const bytes = Buffer.alloc(FILE_ALIGNMENT);
  bytes.writeUInt32LE(RDATA.rva + IMPORTS.lookup, IMPORTS.directory);
  bytes.writeUInt32LE(RDATA.rva + IMPORTS.library, IMPORTS.directory + 12);
  bytes.writeUInt32LE(RDATA.rva + IMPORTS.addresses, IMPORTS.directory + 16);
  for (const thunk of [IMPORTS.lookup, IMPORTS.addresses]) bytes.writeBigUInt64LE(BigInt(RDATA.rva + IMPORTS.hint), thunk);
  bytes.write('ExitProcess\0', IMPORTS.hint + 2, 'latin1');
  bytes.write('KERNEL32.dll\0', IMPORTS.library, 'latin1');
  return bytes;
};

const writeCoff = (file: Buffer): void => {
  file.write('MZ', 0, 'latin1');
  file.writeUInt32LE(PE_AT, 0x3c);
  file.write('PE\0\0', PE_AT, 'latin1');
  file.writeUInt16LE(0x8664, PE_AT + 4);
  file.writeUInt16LE(2, PE_AT + 6);
  file.writeUInt16LE(OPTIONAL_OCTETS, PE_AT + 20);
  // Executable, large addresses, no relocations.
  file.writeUInt16LE(0x0023, PE_AT + 22);
};

/** Offset in the optional header → value: 16, 32 and 64 bits wide. */
const OPTIONAL_16: readonly (readonly [number, number])[] = [
  [0, 0x20b], [40, 6], [48, 6],
  [68, 3], // console
  [70, 0x8100], // no execution of data, terminal server aware
];
const OPTIONAL_32: readonly (readonly [number, number])[] = [
  [4, FILE_ALIGNMENT], [8, FILE_ALIGNMENT], [16, TEXT.rva], [20, TEXT.rva],
  [32, SECTION_ALIGNMENT], [36, FILE_ALIGNMENT], [56, IMAGE_OCTETS], [60, TEXT.file], [108, 16],
];
const OPTIONAL_64: readonly (readonly [number, bigint])[] = [
  [24, IMAGE_BASE], [72, 0x10_0000n], [80, 0x1000n], [88, 0x10_0000n], [96, 0x1000n],
];

const writeOptional = (file: Buffer): void => {
  for (const [at, value] of OPTIONAL_16) file.writeUInt16LE(value, OPTIONAL_AT + at);
  for (const [at, value] of OPTIONAL_32) file.writeUInt32LE(value, OPTIONAL_AT + at);
  for (const [at, value] of OPTIONAL_64) file.writeBigUInt64LE(value, OPTIONAL_AT + at);
  const directory = (entry: number, offset: number, octets: number): void => {
    file.writeUInt32LE(RDATA.rva + offset, DIRECTORY_AT + entry * 8);
    file.writeUInt32LE(octets, DIRECTORY_AT + entry * 8 + 4);
  };
  directory(1, IMPORTS.directory, IMPORTS.directoryOctets);
  directory(12, IMPORTS.addresses, IMPORTS.addressOctets);
};

type Section = Readonly<{ name: string; rva: number; file: number; octets: number; flags: number }>;

const writeSection = (file: Buffer, index: number, section: Section): void => {
  const at = SECTIONS_AT + index * 40;
  file.write(section.name, at, 'latin1');
  file.writeUInt32LE(section.octets, at + 8);
  file.writeUInt32LE(section.rva, at + 12);
  file.writeUInt32LE(FILE_ALIGNMENT, at + 16);
  file.writeUInt32LE(section.file, at + 20);
  file.writeUInt32LE(section.flags, at + 36);
};

/** The program: 1,536 octets, always the same. */
export const samplePe = async (): Promise<Buffer> => {
  const file = Buffer.alloc(FILE_OCTETS);
  writeCoff(file);
  writeOptional(file);
  const text = code();
  writeSection(file, 0, { name: '.text', ...TEXT, octets: text.length, flags: 0x6000_0020 });
  writeSection(file, 1, { name: '.rdata', ...RDATA, octets: IMPORTS.library + 13, flags: 0x4000_0040 });
  file.set(text, TEXT.file);
  file.set(imports(), RDATA.file);
  file.writeUInt32LE(await peChecksum(bufferSource(file), CHECKSUM_AT), CHECKSUM_AT);
  return file;
};

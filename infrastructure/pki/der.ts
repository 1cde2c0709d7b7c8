/**
 * DER (X.690), written and read, as far as X.509, CMS, Authenticode and RFC 3161 need it: tags below 31, definite lengths.
 * The writer joins prepared parts without an object tree; the reader hands out slices of the very bytes, so that what was
 * signed is never encoded anew.
 */

export const TAG = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  null: 0x05,
  oid: 0x06,
  utf8String: 0x0c,
  sequence: 0x30,
  set: 0x31,
  generalizedTime: 0x18,
} as const;

const lengthOctets = (length: number): number => {
  if (length < 0x80) return 1;
  if (length < 0x100) return 2;
  if (length < 0x1_0000) return 3;
  return length < 0x100_0000 ? 4 : 5;
};

/** One element: tag, length, and its parts one after another. */
export const encode = (tag: number, ...parts: readonly Uint8Array[]): Buffer => {
  let length = 0;
  for (const part of parts) length += part.length;
  const octets = lengthOctets(length);
  const element = Buffer.allocUnsafe(1 + octets + length);
  element[0] = tag;
  if (octets === 1) element[1] = length;
  else {
    element[1] = 0x80 | (octets - 1);
    element.writeUIntBE(length, 2, octets - 1);
  }
  let at = 1 + octets;
  for (const part of parts) {
    element.set(part, at);
    at += part.length;
  }
  return element;
};

export const sequence = (...parts: readonly Uint8Array[]): Buffer => encode(TAG.sequence, ...parts);

/** As DER orders the elements of a SET OF: by their encodings. */
export const inSetOrder = (parts: readonly Uint8Array[]): readonly Uint8Array[] =>
  parts.toSorted((one, other) => Buffer.compare(one, other));

export const setOf = (...parts: readonly Uint8Array[]): Buffer => encode(TAG.set, ...inSetOrder(parts));

export const octetString = (bytes: Uint8Array): Buffer => encode(TAG.octetString, bytes);
export const utf8String = (text: string): Buffer => encode(TAG.utf8String, Buffer.from(text));
export const nullValue: Buffer = encode(TAG.null);
export const booleanTrue: Buffer = encode(TAG.boolean, Buffer.of(0xff));

/** Context-specific and constructed: `[number] EXPLICIT`, or `[number] IMPLICIT` over a constructed type's content. */
export const tagged = (number: number, ...parts: readonly Uint8Array[]): Buffer => encode(0xa0 | number, ...parts);

/** A non-negative INTEGER from big-endian bytes. */
export const unsignedInteger = (bytes: Uint8Array): Buffer => {
  const first = bytes.findIndex((byte) => byte !== 0);
  const digits = first < 0 ? Buffer.of(0) : bytes.subarray(first);
  return (digits[0] ?? 0) >= 0x80 ? encode(TAG.integer, Buffer.of(0), digits) : encode(TAG.integer, digits);
};

/** A non-negative INTEGER of at most 48 bits. */
export const integer = (value: number): Buffer => {
  const bytes = Buffer.alloc(6);
  bytes.writeUIntBE(value, 0, 6);
  return unsignedInteger(bytes);
};

const base128 = (value: bigint): number[] => {
  const digits = [Number(value & 0x7fn)];
  for (let rest = value >> 7n; rest > 0n; rest >>= 7n) digits.unshift(Number(rest & 0x7fn) | 0x80);
  return digits;
};

const identifiers = new Map<string, Buffer>();

/**
 * OBJECT IDENTIFIER from its dotted form; arcs may be of any size. Each is encoded once and kept: give it names from the
 * source or the configuration, never from a message. Do not change what it returns.
 */
export const oid = (dotted: string): Buffer => {
  const known = identifiers.get(dotted);
  if (known !== undefined) return known;
  const [first = 0n, second = 0n, ...rest] = dotted.split('.').map(BigInt);
  const encoded = encode(TAG.oid, Buffer.from([first * 40n + second, ...rest].flatMap(base128)));
  identifiers.set(dotted, encoded);
  return encoded;
};

const pad = (value: number, width = 2): string => String(value).padStart(width, '0');

/** GeneralizedTime in UTC, whole seconds. */
export const generalizedTime = (date: Date): Buffer => {
  const day = `${pad(date.getUTCFullYear(), 4)}${pad(date.getUTCMonth() + 1)}${pad(date.getUTCDate())}`;
  const time = `${pad(date.getUTCHours())}${pad(date.getUTCMinutes())}${pad(date.getUTCSeconds())}`;
  return encode(TAG.generalizedTime, Buffer.from(`${day}${time}Z`, 'latin1'));
};

/** What is wrong with bytes that should be DER (or a structure in it). */
export class DerError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'DerError';
  }
}

/** An element as it stands in the bytes it was read from: `raw` with, `content` without tag and length. */
export type Element = Readonly<{ tag: number; raw: Buffer; content: Buffer }>;

const MAX_LENGTH_OCTETS = 4;

const readLength = (bytes: Buffer): Readonly<{ header: number; length: number }> => {
  const first = bytes[1];
  if (first === undefined) throw new DerError('the length is missing');
  if (first < 0x80) return { header: 2, length: first };
  const octets = first & 0x7f;
  if (octets === 0 || octets > MAX_LENGTH_OCTETS || bytes.length < 2 + octets) throw new DerError('the length is not DER');
  const length = bytes.readUIntBE(2, octets);
  if (length < 0x80 || length < 2 ** (8 * (octets - 1))) throw new DerError('the length is longer than it need be');
  return { header: 2 + octets, length };
};

/** The element at the front of `bytes`; whatever follows is left alone. */
export const readFirst = (bytes: Uint8Array): Element => {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const tag = buffer[0];
  if (tag === undefined) throw new DerError('an element is missing');
  if ((tag & 0x1f) === 0x1f) throw new DerError('tags of 31 and above are not expected');
  const { header, length } = readLength(buffer);
  if (header + length > buffer.length) throw new DerError('an element reaches past the end');
  return { tag, raw: buffer.subarray(0, header + length), content: buffer.subarray(header, header + length) };
};

/** The one element that `bytes` are. */
export const readElement = (bytes: Uint8Array): Element => {
  const element = readFirst(bytes);
  if (element.raw.length !== bytes.length) throw new DerError('bytes follow the element');
  return element;
};

/** The elements inside a constructed one. */
export const children = (parent: Element): readonly Element[] => {
  const found: Element[] = [];
  for (let rest = parent.content; rest.length > 0; ) {
    const element = readFirst(rest);
    found.push(element);
    rest = rest.subarray(element.raw.length);
  }
  return found;
};

/** The element, when it has this tag; `what` names it in the error. */
export const expectTag = (element: Element | undefined, tag: number, what: string): Element => {
  if (element?.tag !== tag) throw new DerError(`${what} is missing or of another type`);
  return element;
};

/** The dotted form of an OBJECT IDENTIFIER. */
export const readOid = (element: Element | undefined, what: string): string => {
  const { content } = expectTag(element, TAG.oid, what);
  const arcs: bigint[] = [];
  let arc = 0n;
  for (const byte of content) {
    arc = (arc << 7n) | BigInt(byte & 0x7f);
    if (byte >= 0x80) continue;
    arcs.push(arc);
    arc = 0n;
  }
  const [first, ...rest] = arcs;
  if (first === undefined || (content.at(-1) ?? 0x80) >= 0x80) throw new DerError(`${what} is not an object identifier`);
  const top = first < 80n ? first / 40n : 2n;
  return [top, first - top * 40n, ...rest].join('.');
};

const GENERALIZED_TIME = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\.\d{1,9})?Z$/;

/** A GeneralizedTime in UTC; fractions are kept to the millisecond. */
export const readGeneralizedTime = (element: Element | undefined, what: string): Date => {
  const match = GENERALIZED_TIME.exec(expectTag(element, TAG.generalizedTime, what).content.toString('latin1'));
  if (match === null) throw new DerError(`${what} is not a time in UTC`);
  const [, year, month, day, hour, minute, second, fraction = '.0'] = match;
  const milliseconds = fraction.slice(1, 4).padEnd(3, '0');
  const date = new Date(`${year}-${month}-${day}T${hour}:${minute}:${second}.${milliseconds}Z`);
  if (Number.isNaN(date.getTime())) throw new DerError(`${what} is not a time in UTC`);
  return date;
};

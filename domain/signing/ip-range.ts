/** IP addresses and ranges in their text forms: RFC 4291 section 2.2, RFC 4632 section 3.1. IPv4-mapped IPv6 is IPv4. */

type Address = Readonly<{ bits: 32 | 128; value: bigint }>;
export type IpRange = Address & Readonly<{ prefix: number }>;

const DECIMAL = /^(?:0|[1-9]\d{0,2})$/u;
const HEX = /^[\da-f]{1,4}$/iu;

const ipv4 = (text: string): bigint | undefined => {
  const parts = text.split('.');
  // A leading zero is octal to some and decimal to others: it is neither here.
  if (parts.length !== 4 || !parts.every((part) => DECIMAL.test(part) && Number(part) < 256)) return undefined;
  return parts.reduce((value, part) => (value << 8n) | BigInt(part), 0n);
};

/** An IPv4 address at the end of an IPv6 one, as two groups; undefined when it is none. */
const withoutDots = (text: string): string | undefined => {
  const start = text.lastIndexOf(':') + 1;
  if (!text.includes('.')) return text;
  const value = ipv4(text.slice(start));
  return value === undefined ? undefined : `${text.slice(0, start)}${(value >> 16n).toString(16)}:${(value & 0xffffn).toString(16)}`;
};

const groups = (text: string): readonly string[] => (text === '' ? [] : text.split(':'));

/** The eight groups of an IPv6 address without dots, `::` filled in; undefined when they are not eight. */
const eightGroups = (text: string): readonly string[] | undefined => {
  const [head = '', tail, ...more] = text.split('::');
  const [before, after] = [groups(head), groups(tail ?? '')];
  const missing = 8 - before.length - after.length;
  const isWhole = tail === undefined ? missing === 0 : missing > 0;
  return isWhole && more.length === 0 ? [...before, ...Array<string>(missing).fill('0'), ...after] : undefined;
};

const ipv6 = (text: string): bigint | undefined => {
  const all = eightGroups(withoutDots(text) ?? '');
  if (all === undefined || !all.every((group) => HEX.test(group))) return undefined;
  return all.reduce((value, group) => (value << 16n) | BigInt(`0x${group}`), 0n);
};

const MAPPED = 0xffffn;

const addressAsWritten = (text: string): Address | undefined => {
  const isSix = text.includes(':');
  const value = isSix ? ipv6(text) : ipv4(text);
  return value === undefined ? undefined : { bits: isSix ? 128 : 32, value };
};

const MAPPED_BITS = 96;

const unmapped = (range: IpRange): IpRange => {
  const isMapped = range.bits === 128 && range.prefix >= MAPPED_BITS && range.value >> 32n === MAPPED;
  return isMapped ? { bits: 32, value: range.value & 0xffff_ffffn, prefix: range.prefix - MAPPED_BITS } : range;
};

/** An address, or a range `address/length` whose host bits do not matter; undefined when it is neither. */
export const parseIpRange = (text: string): IpRange | undefined => {
  const [written = '', length, ...more] = text.split('/');
  const address = more.length === 0 ? addressAsWritten(written) : undefined;
  if (address === undefined) return undefined;
  if (length === undefined) return unmapped({ ...address, prefix: address.bits });
  const isLength = DECIMAL.test(length) && Number(length) <= address.bits;
  return isLength ? unmapped({ ...address, prefix: Number(length) }) : undefined;
};

/** Undefined for anything but a single address. */
export const parseIpAddress = (text: string): IpRange | undefined => (text.includes('/') ? undefined : parseIpRange(text));

export const contains = (range: IpRange, address: IpRange): boolean => {
  const host = BigInt(range.bits - range.prefix);
  return range.bits === address.bits && range.value >> host === address.value >> host;
};

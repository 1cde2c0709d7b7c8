/** Which addresses belong to the public internet: what a customer's URL may lead to. */
import { BlockList, isIPv4, isIPv6 } from 'node:net';

type Range = readonly [network: string, prefix: number];

/** RFC 6890 and the registry it keeps: everything that is no globally reachable unicast, or a way around (relays, translation, benchmarks). */
const NOT_PUBLIC_4: readonly Range[] = [
  ['0.0.0.0', 8], ['10.0.0.0', 8], ['100.64.0.0', 10], ['127.0.0.0', 8], ['169.254.0.0', 16], ['172.16.0.0', 12],
  ['192.0.0.0', 24], ['192.0.2.0', 24], ['192.88.99.0', 24], ['192.168.0.0', 16], ['198.18.0.0', 15], ['198.51.100.0', 24],
  ['203.0.113.0', 24], ['224.0.0.0', 4], ['240.0.0.0', 4],
  // A virtual address of Azure's, by which a machine there talks to its host.
  ['168.63.129.16', 32],
];

/** Of IPv6 only global unicast (RFC 4291) is public, without protocol assignments and Teredo, documentation, and 6to4. */
const GLOBAL_UNICAST: Range = ['2000::', 3];
const NOT_PUBLIC_6: readonly Range[] = [['2001::', 23], ['2001:db8::', 32], ['2002::', 16], ['3fff::', 20]];

const listOf = (ranges: readonly Range[], family: 'ipv4' | 'ipv6'): BlockList => {
  const list = new BlockList();
  for (const [network, prefix] of ranges) list.addSubnet(network, prefix, family);
  return list;
};

const blocked4 = listOf(NOT_PUBLIC_4, 'ipv4');
const blocked6 = listOf(NOT_PUBLIC_6, 'ipv6');
const global6 = listOf([GLOBAL_UNICAST], 'ipv6');

const mapped = new BlockList();
mapped.addSubnet('::ffff:0:0', 96, 'ipv6');

const isMapped = (address: string): boolean => mapped.check(address, 'ipv6');

/** Whether a packet to this address (without zone and brackets) leaves for the public internet. What is no address is not public. */
export const isPublicAddress = (address: string): boolean => {
  if (isIPv4(address)) return !blocked4.check(address, 'ipv4');
  if (!isIPv6(address)) return false;
  // A mapped address is IPv4 on the wire; BlockList compares it with the IPv4 ranges.
  if (isMapped(address)) return !blocked4.check(address, 'ipv6');
  return global6.check(address, 'ipv6') && !blocked6.check(address, 'ipv6');
};

/** By what clients are told apart where only their address is known: for throttles and rate limits, never for allow-lists. */
import { parseIpAddress } from '../../domain/signing/ip-range.ts';

const HOST_BITS = 64n;

const octets = (value: bigint): readonly string[] => [24n, 16n, 8n, 0n].map((shift) => String((value >> shift) & 0xffn));

/**
 * An IPv4 address as it is, and the /64 of an IPv6 one (RFC 6177: the least that a site is given): who has one address of it has
 * all of them. What is no address stays what it is.
 */
export const addressKey = (ip: string): string => {
  const address = parseIpAddress(ip);
  if (address === undefined) return ip;
  if (address.bits === 32) return octets(address.value).join('.');
  const network = address.value >> HOST_BITS;
  return `${[48n, 32n, 16n, 0n].map((shift) => ((network >> shift) & 0xffffn).toString(16)).join(':')}::/64`;
};

/** The network of an address: the /24 of an IPv4 one, out of which providers give the same customer another address, and the /64 of an IPv6 one. */
export const networkKey = (ip: string): string => {
  const address = parseIpAddress(ip);
  return address?.bits === 32 ? `${octets(address.value).slice(0, 3).join('.')}.0/24` : addressKey(ip);
};

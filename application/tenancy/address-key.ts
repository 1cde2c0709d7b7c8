/** By what clients are told apart where only their address is known: for throttles and rate limits, never for allow-lists. */
import { parseIpAddress } from '../../domain/signing/ip-range.ts';

const HOST_BITS = 64n;

/**
 * An IPv4 address as it is, and the /64 of an IPv6 one (RFC 6177: the least that a site is given): who has one address of it has
 * all of them. What is no address stays what it is.
 */
export const addressKey = (ip: string): string => {
  const address = parseIpAddress(ip);
  if (address === undefined) return ip;
  if (address.bits === 32) return [24n, 16n, 8n, 0n].map((shift) => (address.value >> shift) & 0xffn).join('.');
  const network = address.value >> HOST_BITS;
  return `${[48n, 32n, 16n, 0n].map((shift) => ((network >> shift) & 0xffffn).toString(16)).join(':')}::/64`;
};

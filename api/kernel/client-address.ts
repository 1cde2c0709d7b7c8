/** Whose request it is, when proxies stand in between: only the hops that TRUST_PROXY names are believed. */
import { BlockList, isIP, isIPv4, SocketAddress } from 'node:net';

export type ClientAddress = (remote: string | undefined, forwardedFor: string | undefined) => string;

const MAPPED = '::ffff:';

/** Canonical text of an address, IPv4-mapped IPv6 as IPv4; undefined when it is none. A port or zone is dropped. */
export const normalizeAddress = (text: string): string | undefined => {
  if (isIPv4(text)) return text;
  const bare = text.trim().replace(/^\[([^\]]*)\](?::\d{1,5})?$/, '$1').replace(/^([\d.]+):\d{1,5}$/, '$1').replace(/%.*$/, '');
  const family = isIP(bare);
  if (family === 0) return undefined;
  const { address } = new SocketAddress({ address: bare, family: family === 4 ? 'ipv4' : 'ipv6' });
  const inner = address.startsWith(MAPPED) ? address.slice(MAPPED.length) : address;
  return isIPv4(inner) ? inner : address;
};

/** Throws on anything but `address` or `address/prefix`. */
export const addRange = (list: BlockList, cidr: string): void => {
  const [, network = '', prefix] = /^([^/]+)(?:\/(\d{1,3}))?$/.exec(cidr) ?? [];
  const [widest, family] = isIPv4(network) ? ([32, 'ipv4'] as const) : ([128, 'ipv6'] as const);
  const bits = Number(prefix ?? widest);
  if (isIP(network) === 0 || bits > widest) throw new Error(`${cidr} is not a CIDR`);
  list.addSubnet(network, bits, family);
};

/** Addresses behind which many clients stand: this machine's own, and trusted proxies (CIDRs). */
export const createSharedAddresses = (trusted: readonly string[]): ((remote: string) => boolean) => {
  const list = new BlockList();
  for (const cidr of ['127.0.0.0/8', '::1/128', ...trusted]) addRange(list, cidr);
  return (remote) => {
    const address = normalizeAddress(remote);
    return address !== undefined && list.check(address, isIPv4(address) ? 'ipv4' : 'ipv6');
  };
};

/**
 * The right-most hop that is not in `trusted` (CIDRs): first the socket's own peer, then `X-Forwarded-For` from its end.
 * A hop that is no address ends the walk at the last believable one.
 */
export const createClientAddress = (trusted: readonly string[]): ClientAddress => {
  const list = new BlockList();
  for (const cidr of trusted) addRange(list, cidr);
  const isTrusted = (address: string): boolean => list.check(address, isIPv4(address) ? 'ipv4' : 'ipv6');

  return (remote, forwardedFor) => {
    let client = normalizeAddress(remote ?? '') ?? '0.0.0.0';
    if (forwardedFor === undefined) return client;
    for (const hop of forwardedFor.split(',').toReversed()) {
      if (!isTrusted(client)) return client;
      const address = normalizeAddress(hop);
      if (address === undefined) return client;
      client = address;
    }
    return client;
  };
};

import { isIP, isIPv6 } from 'node:net';

/** Who mails are from when nobody said so: `no-reply` at the host of PUBLIC_URL, an IP address as a literal (RFC 5321, 4.1.3). */
export const senderAddress = (publicUrl: string): string => {
  const host = new URL(publicUrl).hostname.replace(/^\[|\]$/gu, '');
  if (isIP(host) === 0) return `no-reply@${host}`;
  return `no-reply@[${isIPv6(host) ? 'IPv6:' : ''}${host}]`;
};

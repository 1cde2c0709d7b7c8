/** Where a customer's URL leads, as far as that can be told without asking anybody. */
import { isIP } from 'node:net';
import { Rejection } from '../../domain/kernel/rejection.ts';
import { isPublicAddress } from './addresses.ts';

/** `host` without brackets and without a dot at its end, lower case. */
export type Target = Readonly<{ host: string; port: number; secure: boolean; /** The operator said that it may be reached, whatever it is. */ allowed: boolean }>;

/** `reason` says what is wrong in words for whoever set the URL; it holds nothing of the URL. */
export const forbidden = (reason: string): Rejection => new Rejection('outbound.forbidden', { reason });
const forbiddenPort = (reason: string): Rejection => new Rejection('outbound.forbidden', { reason, part: 'port' });

const LONGEST_URL = 2_048;
const HTTP = 80;
const HTTPS = 443;
/** Ports below this one belong to other services than those that receive events. */
const FIRST_FREE_PORT = 1_024;

/** Names that never are public: RFC 6761, RFC 6762, RFC 8375, and what private networks call their own. */
const PRIVATE_SUFFIXES = ['localhost', 'local', 'localdomain', 'internal', 'intranet', 'lan', 'home', 'corp', 'home.arpa', 'test', 'invalid'];

const isPrivateName = (host: string): boolean =>
  !host.includes('.') || PRIVATE_SUFFIXES.some((suffix) => host === suffix || host.endsWith(`.${suffix}`));

const plainHost = (host: string): string => host.toLowerCase().replace(/^\[(.*)\]$/u, '$1').replace(/\.$/u, '');

const bracketed = (host: string): string => (isIP(host) === 6 ? `[${host}]` : host);

/** RFC 1123, with the underscore that names in use have; names of other alphabets as IDNA writes them. */
const isName = (host: string): boolean => host.length <= 253 && host.split('.').every((label) => /^[a-z0-9_-]{1,63}$/u.test(label));

/** Rejects with `outbound.forbidden` {reason} what is private by its name or by the address it is. */
export const checkHost = (host: string): void => {
  if (isIP(host) === 0 ? isPrivateName(host) : !isPublicAddress(host)) throw forbidden('leads to a private address');
};

/** As a URL would have it: `127.1` and `0x7f.1` are addresses, too. */
const canonical = (host: string): string => {
  if (isIP(host) !== 0) return host;
  if (!isName(host)) throw forbidden('is neither a host name nor an address');
  return plainHost(URL.parse(`https://${host}/`)?.hostname ?? '');
};

const located = (allow: ReadonlySet<string>, host: string, port: number, secure: boolean): Target => {
  const plain = canonical(plainHost(host));
  const allowed = allow.has(`${bracketed(plain)}:${String(port)}`);
  if (!allowed) checkHost(plain);
  return { host: plain, port, secure, allowed };
};

/** IANA's of syslog: over TCP as it is used (514) and as it is registered (601), over TLS (6514). */
const SYSLOG_PORTS: ReadonlySet<number> = new Set([514, 601, 6_514]);

/**
 * A host and a port by themselves, as syslog has them; `allow` are the operator's `host:port`s, lower case, IPv6 in brackets. Rejects with
 * `outbound.forbidden` {reason, part: `port` where that is wrong}.
 */
export const targetOf = (allow: ReadonlySet<string>, host: string, port: number, secure: boolean): Target => {
  const target = located(allow, host, port, secure);
  if (!target.allowed && port < FIRST_FREE_PORT && !SYSLOG_PORTS.has(port)) throw forbiddenPort(`must be ${[...SYSLOG_PORTS].join(', ')}, or at least ${String(FIRST_FREE_PORT)}`);
  return target;
};

const parse = (text: string): URL => {
  if (text.length > LONGEST_URL) throw forbidden(`is longer than ${String(LONGEST_URL)} characters`);
  // The parser drops tabs and line ends and trims; nobody means them.
  if (/[\s\p{Cc}\\]/u.test(text)) throw forbidden('holds white space, control characters or backslashes');
  const url = URL.parse(text) ?? undefined;
  if (url === undefined || !/^https?:\/\//iu.test(text)) throw forbidden('is not an http or https URL');
  return url;
};

/** Each service has its port, and those of others are none of ours. */
const checkScheme = ({ port, secure }: Target): void => {
  if (!secure) throw forbidden('must begin with https://');
  if (port !== HTTPS && port < FIRST_FREE_PORT) throw forbidden(`names a port below ${String(FIRST_FREE_PORT)} that is not ${String(HTTPS)}`);
};

const portOf = ({ port, protocol }: URL): number => {
  if (port !== '') return Number(port);
  return protocol === 'https:' ? HTTPS : HTTP;
};

/** Rejects with `outbound.forbidden` {reason} everything but https to a public host on a port that events may go to, unless the operator allowed its `host:port`. */
export const targetOfUrl = (allow: ReadonlySet<string>, text: string): Readonly<{ url: URL; target: Target }> => {
  const url = parse(text);
  if (url.username !== '' || url.password !== '') throw forbidden('holds a user name or a password');
  const target = located(allow, url.hostname, portOf(url), url.protocol === 'https:');
  if (!target.allowed) checkScheme(target);
  return { url, target };
};

/** For when a URL is set: a fragment stays with whoever has the URL (RFC 9110, 7.1), so that what somebody thinks is sent in it never is. */
export const refuseFragment = (text: string): void => {
  if (text.includes('#')) throw forbidden('holds a fragment (#), which is never sent');
};

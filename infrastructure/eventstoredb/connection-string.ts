/**
 * The connection string, judged before the client sees it: the client warns of what it does not know by printing all of it, password
 * included, and cuts passwords at their colons.
 */
import { isIP } from 'node:net';
import { ConfigError, isHost } from '../runtime/config-values.ts';

const NAME = 'EVENTSTORE_URL';
const ACCEPTED = 'esdb://user:password@host:2113?tls=true, several hosts separated by commas, or esdb+discover://…';

const malformed = (wrong: string): never => {
  throw new ConfigError(`${NAME} ${wrong}; accepted is ${ACCEPTED}`);
};

type Check = (value: string) => boolean;

const isFlag: Check = (value) => value === 'true' || value === 'false';
const isNumber: Check = (value) => /^-?\d{1,9}$/.test(value);
const isText: Check = () => true;

/** By lower-case name: options are not case-sensitive. */
const OPTIONS: ReadonlyMap<string, readonly [name: string, check: Check]> = new Map(
  (
    [
      ['tls', isFlag],
      ['tlsVerifyCert', (value) => value === 'true'],
      ['tlsCAFile', isText],
      ['userCertFile', isText],
      ['userKeyFile', isText],
      ['connectionName', isText],
      ['maxDiscoverAttempts', isNumber],
      ['discoveryInterval', isNumber],
      ['gossipTimeout', isNumber],
      ['keepAliveInterval', (value) => isNumber(value) && Number(value) >= 10_000],
      ['keepAliveTimeout', isNumber],
      ['defaultDeadline', isNumber],
      ['nodePreference', (value) => /^(leader|follower|random|read_?only_?replica)$/i.test(value)],
    ] satisfies readonly (readonly [string, Check])[]
  ).map(([name, check]) => [name.toLowerCase(), [name, check]]),
);

const decoded = (text: string, what: string): string => {
  try {
    return decodeURIComponent(text);
  } catch {
    return malformed(`holds a ${what} with a % that stands for nothing`);
  }
};

const credentials = (text: string | undefined): string => {
  if (text === undefined) return '';
  const colon = text.indexOf(':');
  if (colon <= 0 || colon === text.length - 1) malformed('names a user without a password, or a password without a user');
  const [user, password] = [decoded(text.slice(0, colon), 'user'), decoded(text.slice(colon + 1), 'password')];
  return `${encodeURIComponent(user)}:${encodeURIComponent(password)}@`;
};

/** The client knows no IPv6 addresses. */
const hostAndPort = (text: string): string => {
  const [, host = '', port = '2113'] = /^([^:]+)(?::(\d{1,5}))?$/.exec(text) ?? [];
  if (!isHost(host)) malformed('names no host, or one that is neither a host name nor an IPv4 address');
  if (Number(port) < 1 || Number(port) > 65_535) malformed('names a port that is none');
  return `${host}:${port}`;
};

const option = (text: string): readonly [string, string] => {
  const equals = text.indexOf('=');
  const [name, check] = OPTIONS.get(text.slice(0, Math.max(equals, 0)).toLowerCase()) ?? [];
  if (name === undefined || check === undefined) return malformed(`has an option that is none of ${[...OPTIONS.values()].map(([known]) => known).join(', ')}`);
  const value = text.slice(equals + 1);
  if (value === '' || !check(value)) malformed(`has a wrong value for ${name}`);
  return [name, value];
};

/** Over TLS the client says to the node which name it has called, and no address may stand there (RFC 6066, section 3). */
const requireNames = (where: readonly string[]): void => {
  const address = where.map((one) => one.slice(0, one.lastIndexOf(':'))).find((host) => isIP(host) !== 0);
  if (address !== undefined) throw new ConfigError(`${NAME} names a node by its address ${address}, and its client knows nodes by name alone over TLS; accepted is a name that the node's certificate is for, or tls=false`);
};

export type ConnectionString = Readonly<{
  /**
   * For one client after the other. Each waits a millisecond longer for answers to its keep-alive pings than the one before: clients with equal
   * settings share what they know of an address, and so the pauses before it is tried again, which grow to two minutes.
   */
  url: (client: number) => string;
  /** For people: without the credentials. */
  shown: string;
  /** Without TLS the client sends no credentials, whatever the string says. */
  ignoresCredentials: boolean;
}>;

const PATIENCE = 'keepAliveTimeout';
const DEFAULT_PATIENCE_MS = 10_000;

const SHAPE = /^(esdb|esdb\+discover):\/\/(?:([^@?]*)@)?([^@?/]+)\/?(?:\?(.*))?$/s;

/** Throws a ConfigError that says what is wrong, and nothing of the password. */
export const parseConnectionString = (text: string): ConnectionString => {
  const [, scheme, user, hosts, query] = SHAPE.exec(text.trim()) ?? [];
  if (scheme === undefined || hosts === undefined) return malformed('is no connection string of EventStoreDB');
  const all = hosts.split(',').map(hostAndPort);
  const where = all.join(',');
  const options = new Map((query ?? '').split('&').filter((part) => part !== '').map(option));
  const who = credentials(user);
  const isSecured = options.get('tls') !== 'false';
  if (isSecured) requireNames(all);
  const patience = Number(options.get(PATIENCE) ?? DEFAULT_PATIENCE_MS);
  const asked = (client: number): string =>
    [...new Map([...options, [PATIENCE, String(patience < 0 ? patience : patience + (client % 1_000))]])].map(([name, value]) => `${name}=${value}`).join('&');
  return {
    url: (client) => `${scheme}://${who}${where}?${asked(client)}`,
    shown: `${scheme}://${where}`,
    ignoresCredentials: who !== '' && !isSecured,
  };
};

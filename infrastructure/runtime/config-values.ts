/** How each kind of setting is read. A reader throws a `ConfigError` that says what is wrong and what is accepted, in one line. */
import { isIP, isIPv4 } from 'node:net';

export class ConfigError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'ConfigError';
  }
}

/** One variable that is set: its name for messages, and its text. */
export type Setting = Readonly<{ name: string; text: string }>;

export const refuse = ({ name, text }: Setting, accepted: string, part: string = text): never => {
  throw new ConfigError(`${name} has the wrong value ${JSON.stringify(part.slice(0, 120))}; accepted is ${accepted}`);
};

/** For values that must not be shown, not even wrong ones. */
export const refuseSecret = (name: string, wrong: string, accepted: string): never => {
  throw new ConfigError(`${name} ${wrong}; accepted is ${accepted}`);
};

/** Of a connection string: neither user, password (in which a slash may stand) nor options. */
export const hostsOf = (url: string): string => /^[^/]*\/\/(?:[^?]*@)?([^/?@]+)/.exec(url)?.[1] ?? '';

const HOST_NAME = /^(?=.{1,253}$)(?:[a-z\d_](?:[a-z\d_-]{0,61}[a-z\d])?)(?:\.[a-z\d](?:[a-z\d-]{0,61}[a-z\d])?)*$/i;
const ALL_DIGITS = /^[\d.]+$/;

export const isHost = (text: string): boolean => isIP(text) !== 0 || (HOST_NAME.test(text) && !ALL_DIGITS.test(text));

export const host = (setting: Setting): string => (isHost(setting.text) ? setting.text : refuse(setting, 'an IP address or a host name'));

const isPort = (text: string, lowest: number): boolean => /^\d{1,5}$/.test(text) && Number(text) >= lowest && Number(text) <= 65_535;

export const port = (setting: Setting): number =>
  isPort(setting.text, 0) ? Number(setting.text) : refuse(setting, 'a whole number from 0 to 65535 (0: any free port)');

const URL_WORDS = 'an http or https URL without user, query or fragment';

/** Without a trailing slash. */
export const webUrl = (setting: Setting): string => {
  const url = URL.parse(setting.text);
  if (url === null || !/^https?:$/.test(url.protocol)) return refuse(setting, URL_WORDS);
  if (url.username !== '' || url.password !== '') return refuseSecret(setting.name, 'holds a user or a password', URL_WORDS);
  if (url.search !== '' || url.hash !== '') return refuse(setting, URL_WORDS);
  return url.href.replace(/(?<!\/)\/+$/, '');
};

/** 32 bytes. */
export const keyOf32Bytes = ({ name, text }: Setting): Uint8Array => {
  const bytes = Buffer.from(text, 'base64');
  if (!/^[A-Za-z\d+/]+={0,2}$/.test(text)) return refuseSecret(name, 'is not base64', '32 bytes in base64 (44 characters)');
  return bytes.length === 32 && bytes.toString('base64') === text
    ? new Uint8Array(bytes)
    : refuseSecret(name, `holds ${bytes.length} bytes`, '32 bytes in base64 (44 characters)');
};

const BEARER_TOKEN = /^[\w.~+/=-]{8,512}$/;

/** What can stand in an `Authorization` header (RFC 6750, 2.1). */
export const bearerToken = ({ name, text }: Setting): string =>
  BEARER_TOKEN.test(text) ? text : refuseSecret(name, 'is no bearer token', '8 to 512 characters out of A-Z a-z 0-9 . _ ~ + / = -');

export const oneOf =
  <const Word extends string>(words: readonly Word[]) =>
  (setting: Setting): Word =>
    words.find((word) => word === setting.text) ?? refuse(setting, `one of ${words.join(', ')}`);

const parts = (text: string): readonly string[] => text.split(',').map((part) => part.trim()).filter((part) => part !== '');

export const someOf =
  <const Word extends string>(words: readonly Word[]) =>
  (setting: Setting): readonly Word[] => {
    const chosen = parts(setting.text).map((part) => words.find((word) => word === part) ?? refuse(setting, `a comma-separated list out of ${words.join(', ')}`, part));
    return chosen.length > 0 ? [...new Set(chosen)] : refuse(setting, `a comma-separated list out of ${words.join(', ')}`);
  };

const isCidr = (text: string): boolean => {
  const [, network = '', prefix = '0'] = /^([^/]+)(?:\/(\d{1,3}))?$/.exec(text) ?? [];
  return isIP(network) !== 0 && Number(prefix) <= (isIPv4(network) ? 32 : 128);
};

export const cidrs = (setting: Setting): readonly string[] =>
  parts(setting.text).map((part) => (isCidr(part) ? part : refuse(setting, 'a comma-separated list of IP addresses or CIDRs such as 10.0.0.0/8', part)));

const isHostAndPort = (text: string): boolean => {
  const [, name = '', number = ''] = /^(?:\[([^\]]+)\]|[^:]+):(\d{1,5})$/.exec(text) ?? [];
  return isHost(name === '' ? text.slice(0, text.lastIndexOf(':')) : name) && isPort(number, 1);
};

export const hostsAndPorts = (setting: Setting): readonly string[] =>
  parts(setting.text).map((part) =>
    isHostAndPort(part) ? part.toLowerCase() : refuse(setting, 'a comma-separated list of host:port, IPv6 addresses in brackets', part),
  );

/** Lower-case host name → one of the words. */
export const hostMap =
  (words: readonly string[]) =>
  (setting: Setting): ReadonlyMap<string, string> => {
    const accepted = `a comma-separated list of host=surface, each host once, with surfaces out of ${words.join(', ')}`;
    const map = new Map<string, string>();
    for (const part of parts(setting.text)) {
      const [name = '', word = '', ...rest] = part.split('=').map((side) => side.trim().toLowerCase());
      if (!isHost(name) || !words.includes(word) || rest.length > 0 || map.has(name)) refuse(setting, accepted, part);
      map.set(name, word);
    }
    return map;
  };

const VERSION = /^\d{1,9}\.\d{1,9}\.\d{1,9}(?:-[\dA-Za-z.-]{1,64})?$/;

export const version = (setting: Setting): string =>
  VERSION.test(setting.text) ? setting.text : refuse(setting, 'a semantic version such as 1.2.0');

/** The name of a log: a schema-less URL, as C2SP tlog-checkpoint advises; neither spaces nor `+` (signed-note). */
export const logOrigin = (setting: Setting): string =>
  /^[\w.~:/-]{1,200}$/.test(setting.text) ? setting.text : refuse(setting, 'up to 200 characters out of A-Z a-z 0-9 . _ ~ : / -, such as log.example.com/chancery');

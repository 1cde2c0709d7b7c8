/** The settings of Azure Trusted Signing: read, and needed, only with `SIGNING_BACKEND=azure`. */
import { BlockList, isIP } from 'node:net';
import type { AzureSettings } from '../signing/azure-backend.ts';
import { ConfigError, refuse, refuseSecret, webUrl, type Setting } from './config-values.ts';

const DEFAULT_AUTHORITY = 'https://login.microsoftonline.com';

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8, 'ipv4');
loopback.addAddress('::1', 'ipv6');

const isThisMachine = (hostname: string): boolean => {
  const name = hostname.replace(/^\[(.*)\]$/, '$1');
  const family = isIP(name);
  return family === 0 ? name === 'localhost' : loopback.check(name, family === 4 ? 'ipv4' : 'ipv6');
};

const URL_WORDS = 'an https URL without user, query or fragment (http for addresses of this machine alone)';

/** Secrets and tokens go there (RFC 6749 3.2). */
const secureUrl = (setting: Setting): string => {
  const href = webUrl(setting);
  const { protocol, hostname } = new URL(href);
  return protocol === 'https:' || isThisMachine(hostname) ? href : refuse(setting, URL_WORDS);
};

const matching =
  (pattern: RegExp, accepted: string) =>
  (setting: Setting): string =>
    pattern.test(setting.text) ? setting.text : refuse(setting, accepted);

const secret =
  (accepted: string) =>
  ({ name, text }: Setting): string =>
    /^[\u0021-\u007E]{1,512}$/.test(text) ? text : refuseSecret(name, 'is no client secret', accepted);

type Rule = Readonly<{ accepted: string; read: (setting: Setting) => string; otherwise?: string }>;

const named = (pattern: RegExp, accepted: string): Rule => ({ accepted, read: matching(pattern, accepted) });
const SECRET_WORDS = '1 to 512 printable ASCII characters without spaces';

const RULES: Readonly<Record<string, Rule>> = {
  AZURE_SIGNING_ENDPOINT: { accepted: URL_WORDS, read: secureUrl },
  AZURE_SIGNING_ACCOUNT: named(/^[A-Za-z\d-]{1,24}$/, 'up to 24 letters, digits and hyphens'),
  AZURE_SIGNING_PROFILE: named(/^[A-Za-z\d-]{1,100}$/, 'up to 100 letters, digits and hyphens'),
  AZURE_TENANT_ID: named(/^(?!(?:common|organizations|consumers)$)[A-Za-z\d][A-Za-z\d.-]{0,252}$/i, 'the id of one directory, or a domain name of it'),
  AZURE_CLIENT_ID: named(/^[\w.-]{1,128}$/, 'the id of an application: up to 128 letters, digits, . _ -'),
  AZURE_CLIENT_SECRET: { accepted: SECRET_WORDS, read: secret(SECRET_WORDS) },
  AZURE_AUTHORITY: { accepted: URL_WORDS, read: secureUrl, otherwise: DEFAULT_AUTHORITY },
};

/** `read` gives a variable's value, or undefined when it is not set. Throws a `ConfigError` on the first that is missing or wrong. */
export const readAzure = (read: (name: string, reader: (setting: Setting) => string) => string | undefined): AzureSettings => {
  const value = (name: string): string => {
    const rule = RULES[name];
    if (rule === undefined) throw new Error(`${name} has no rule`);
    const found = read(name, rule.read) ?? rule.otherwise;
    if (found === undefined) throw new ConfigError(`${name} is not set, and SIGNING_BACKEND=azure needs it; accepted is ${rule.accepted}`);
    return found;
  };
  return Object.freeze({
    endpoint: value('AZURE_SIGNING_ENDPOINT'),
    account: value('AZURE_SIGNING_ACCOUNT'),
    profile: value('AZURE_SIGNING_PROFILE'),
    tenantId: value('AZURE_TENANT_ID'),
    clientId: value('AZURE_CLIENT_ID'),
    clientSecret: value('AZURE_CLIENT_SECRET'),
    authority: value('AZURE_AUTHORITY'),
  });
};

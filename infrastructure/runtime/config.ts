/** The environment, read once: typed, frozen, and refused with one clear line when something in it is wrong. */
import { resolve } from 'node:path';
import type { AzureSettings } from '../signing/azure-backend.ts';
import { readAzure } from './config-azure.ts';
import { readEngines, type EngineSettings } from './config-engines.ts';
import { mailServer, type MailServer } from './config-mail.ts';
import {
  bearerToken,
  cidrs,
  ConfigError,
  host,
  hostMap,
  hostsAndPorts,
  keyOf32Bytes,
  logOrigin,
  oneOf,
  port,
  version,
  webUrl,
  type Setting,
} from './config-values.ts';
import { LOG_LEVELS, type LogLevel } from './logger.ts';

export { ConfigError } from './config-values.ts';

export { ROLES, type ProcessRole } from './config-engines.ts';

const SIGNING_BACKENDS = ['local', 'azure'] as const;

/** Host name → surface, for the products' own addresses. */
export const DEFAULT_SURFACE_HOSTS: ReadonlyMap<string, string> = new Map([
  ['app.qwickcert.com', 'qwick-cert'],
  ['api.quantumapi.eu', 'quantum-api'],
  ['login.quickztna.com', 'quick-ztna'],
  ['quantumlock.softquantus.com', 'quantum-lock'],
  ['certwatch.localhost', 'certwatch'],
]);

const SURFACES = [...DEFAULT_SURFACE_HOSTS.values(), 'platform'];

export type Config = Readonly<{
  host: string;
  port: number;
  /** Base of absolute links, without a trailing slash; undefined: where the server turns out to listen. */
  publicUrl: string | undefined;
  /** Absolute. */
  dataDir: string;
  /** 32 bytes; undefined: kept in a file of the data directory. */
  masterKey: Uint8Array | undefined;
  /** 32 bytes; the key that `masterKey` is to take the place of. */
  previousMasterKey: Uint8Array | undefined;
  /** Undefined: kept in a file of the data directory. */
  operatorToken: string | undefined;
  logOrigin: string | undefined;
  /** Undefined: mail is kept in the data directory. */
  mailServer: MailServer | undefined;
  tsaUrl: string | undefined;
  signingBackend: (typeof SIGNING_BACKENDS)[number];
  /** Set when the signing backend is Azure. */
  azure: AzureSettings | undefined;
  cliMinVersion: string | undefined;
  cliVersion: string | undefined;
  surfaceHosts: ReadonlyMap<string, string>;
  trustProxy: readonly string[];
  outboundAllow: readonly string[];
  logLevel: LogLevel;
}> & EngineSettings;

export type Environment = Readonly<Record<string, string | undefined>>;

/** An empty variable counts as unset. */
const readerOf =
  (env: Environment) =>
  <Value, Default>(name: string, read: (setting: Setting) => Value, otherwise: Default): Value | Default => {
    const text = env[name]?.trim() ?? '';
    return text === '' ? otherwise : read({ name, text });
  };

/** Throws a `ConfigError` on the first wrong value. */
export const readConfig = (env: Environment): Config => {
  if ((env['MASTER_KEY_PREVIOUS'] ?? '').trim() !== '' && (env['MASTER_KEY'] ?? '').trim() === '') {
    throw new ConfigError('MASTER_KEY_PREVIOUS is set without MASTER_KEY; accepted is both, the new key and the one whose place it takes');
  }
  const read = readerOf(env);
  const signingBackend = read('SIGNING_BACKEND', oneOf(SIGNING_BACKENDS), 'local' as const);
  return Object.freeze({
    host: read('HOST', host, '127.0.0.1'),
    port: read('PORT', port, 8080),
    publicUrl: read('PUBLIC_URL', webUrl, undefined),
    dataDir: read('DATA_DIR', ({ text }) => resolve(text), resolve('./data')),
    masterKey: read('MASTER_KEY', keyOf32Bytes, undefined),
    previousMasterKey: read('MASTER_KEY_PREVIOUS', keyOf32Bytes, undefined),
    operatorToken: read('OPERATOR_TOKEN', bearerToken, undefined),
    logOrigin: read('LOG_ORIGIN', logOrigin, undefined),
    mailServer: read('SMTP_URL', mailServer, undefined),
    tsaUrl: read('TSA_URL', webUrl, undefined),
    signingBackend,
    azure: signingBackend === 'azure' ? readAzure((name, reader) => read(name, reader, undefined)) : undefined,
    cliMinVersion: read('CLI_MIN_VERSION', version, undefined),
    cliVersion: read('CLI_VERSION', version, undefined),
    ...readEngines(read, (name) => (env[name] ?? '').trim() !== ''),
    surfaceHosts: read('SURFACE_HOSTS', hostMap(SURFACES), DEFAULT_SURFACE_HOSTS),
    trustProxy: read('TRUST_PROXY', cidrs, []),
    outboundAllow: read('OUTBOUND_ALLOW', hostsAndPorts, []),
    logLevel: read('LOG_LEVEL', oneOf(LOG_LEVELS), 'info' as const),
  });
};

/** `http://HOST:PORT` as it stands in links; IPv6 addresses in brackets. */
export const listeningUrl = (address: string, listeningPort: number): string =>
  `http://${address.includes(':') ? `[${address}]` : address}:${listeningPort}`;

/** What keeps the program from starting, said in one line by the name of the variable that can be changed. */
import { Rejection } from '../../domain/kernel/rejection.ts';
import { ConfigError, type Config } from '../../infrastructure/runtime/config.ts';

type Listening = Pick<Config, 'host' | 'port'>;

const notFound = ({ host }: Listening): string => `HOST ${JSON.stringify(host)} cannot be resolved; accepted is an IP address of this machine or a name that leads to one`;

const LISTEN_ERRORS: Readonly<Record<string, (listening: Listening) => string>> = {
  EADDRINUSE: ({ host, port }) => `PORT ${port} of HOST ${host} is in use by another program; accepted is a free port (0: any free one)`,
  EACCES: ({ host, port }) => `PORT ${port} of HOST ${host} is not for this user to listen on; accepted is a free port that is, mostly one from 1024 on (0: any free one)`,
  EADDRNOTAVAIL: ({ host }) => `HOST ${JSON.stringify(host)} is no address of this machine; accepted is one of its own, such as 127.0.0.1 (this machine alone) or 0.0.0.0 (all of them)`,
  ENOTFOUND: notFound,
  EAI_AGAIN: notFound,
};

/** The error of a server that cannot listen as a `ConfigError`; any other one as it is. */
export const listenError = (error: unknown, listening: Listening): unknown => {
  const line = LISTEN_ERRORS[String((error as NodeJS.ErrnoException).code)]?.(listening);
  return line === undefined ? error : new ConfigError(`${line} (${(error as NodeJS.ErrnoException).code})`);
};

type Logged = Pick<Config, 'dataDir' | 'eventStoreUrl'>;

const logOf = ({ eventStoreUrl }: Pick<Logged, 'eventStoreUrl'>): string => (eventStoreUrl === undefined ? 'the log in DATA_DIR' : 'the log that EVENTSTORE_URL leads to');

/** The refusal of another origin than the log bears, likewise. */
export const originError = (error: unknown, config: Pick<Config, 'logOrigin' | 'eventStoreUrl'>): unknown => {
  if (!(error instanceof Rejection) || error.code !== 'transparency.origin_differs') return error;
  const { origin } = error.details;
  return new ConfigError(`LOG_ORIGIN is ${JSON.stringify(config.logOrigin)}, but ${logOf(config)} bears ${JSON.stringify(origin)} since its first start; accepted is ${JSON.stringify(origin)}, or leaving it unset`);
};

const brokenIn = ({ dataDir, eventStoreUrl }: Logged): string =>
  eventStoreUrl === undefined
    ? `DATA_DIR ${JSON.stringify(dataDir)}: a sealed key or secret in events.db was changed and does not open; accepted is the data as it was written: restore a backup into a new DATA_DIR`
    : 'MONGO_URL: the keys there do not open what is sealed in the log that EVENTSTORE_URL leads to: it is the database of another log, or something was changed; accepted is the database that belongs to this log, or a backup of each, MongoDB\'s made before EventStoreDB\'s';

/** What was sealed under the right master key and does not open was changed where it is stored, or is not what belongs together. */
export const sealError = (error: unknown, config: Logged): unknown =>
  error instanceof Rejection && error.code === 'kernel.seal_broken' ? new ConfigError(brokenIn(config)) : error;

/** A store that could not be used during a start: which one, as far as the settings tell. */
export const unavailableLine = (env: Readonly<Record<string, string | undefined>>): string => {
  const elsewhere = ['EVENTSTORE_URL', 'MONGO_URL'].filter((name) => (env[name] ?? '') !== '');
  return elsewhere.length === 0 ? 'nothing can be stored in DATA_DIR: its disk is full or failing' : `what ${elsewhere.join(' and ')} ${elsewhere.length > 1 ? 'lead' : 'leads'} to did not answer during the start, or DATA_DIR's disk is full or failing`;
};

/** Which engines carry the program, and which parts of it this process runs: settings that depend on each other. */
import { parseConnectionString } from '../eventstoredb/connection-string.ts';
import { ConfigError, hostsAndPorts, oneOf, refuse, refuseSecret, someOf, type Setting } from './config-values.ts';

export const ROLES = ['api', 'projector', 'relay', 'dispatcher', 'scheduler'] as const;
export type ProcessRole = (typeof ROLES)[number];

const MECHANISMS = ['plain', 'scram-sha-256', 'scram-sha-512'] as const;
/** RFC 4616, RFC 7677. */
export type KafkaLogin = Readonly<{ mechanism: (typeof MECHANISMS)[number]; username: string; password: string }>;

export type EngineSettings = Readonly<{
  /** Connection string of EventStoreDB, as it stands; undefined: the embedded event store. */
  eventStoreUrl: string | undefined;
  /** Connection string of MongoDB with the name of a database, as it stands; undefined: embedded. */
  mongoUrl: string | undefined;
  /** `host:port`s; empty: the in-process bus. */
  kafkaBrokers: readonly string[];
  kafkaTls: boolean;
  /** Undefined: the brokers ask for no password. */
  kafkaLogin: KafkaLogin | undefined;
  /** What the names of topics begin with. */
  kafkaTopicPrefix: string;
  roles: readonly ProcessRole[];
}>;

type Read = <Value, Default>(name: string, read: (setting: Setting) => Value, otherwise: Default) => Value | Default;

const MONGO_WORDS = 'mongodb://[user:password@]host[:port][,host:port…]/database[?…], or the same with mongodb+srv';

/** Connection strings may hold passwords: nothing of a wrong one is shown. */
const eventStoreUrl = ({ text }: Setting): string => {
  parseConnectionString(text);
  return text;
};

const mongoUrl = ({ name, text }: Setting): string =>
  /^mongodb(\+srv)?:\/\/[^\s/?#]+\/[^\s/?#."$*<>:|\\]{1,63}(\?\S*)?$/.test(text) ? text : refuseSecret(name, 'is no connection string of MongoDB with the name of a database', MONGO_WORDS);

const brokers = (setting: Setting): readonly string[] => {
  const all = hostsAndPorts(setting);
  return all.length > 0 ? all : refuse(setting, 'a comma-separated list of host:port, IPv6 addresses in brackets');
};

const TRUTH = ['true', 'false'] as const;

const asIs = ({ text }: Setting): string => text;

const kafkaLogin = (read: Read): KafkaLogin | undefined => {
  const username = read('KAFKA_USERNAME', asIs, undefined);
  const password = read('KAFKA_PASSWORD', asIs, undefined);
  const mechanism = read('KAFKA_SASL_MECHANISM', oneOf(MECHANISMS), 'plain' as const);
  if (username === undefined && password === undefined) return undefined;
  if (username === undefined || password === undefined) throw new ConfigError('KAFKA_USERNAME and KAFKA_PASSWORD are not both set; accepted is both, or neither');
  return { mechanism, username, password };
};

const topicPrefix = (setting: Setting): string => (/^[\w.-]{1,60}$/.test(setting.text) ? setting.text : refuse(setting, 'up to 60 characters out of A-Z a-z 0-9 . _ -'));

/** What a log on another machine needs beside it: processes that share it must agree on all of these. */
const SHARED_NEEDS = {
  MONGO_URL: 'the keys and the operational state of a log that others can reach do not stand in one process\'s directory',
  MASTER_KEY: 'every process that shares the log needs the same one',
  OPERATOR_TOKEN: 'every process that shares the log needs the same one',
} as const;

/** Throws a `ConfigError` on the first wrong value, and where one setting lacks another. */
export const readEngines = (read: Read, isSet: (name: string) => boolean): EngineSettings => {
  const settings: EngineSettings = {
    eventStoreUrl: read('EVENTSTORE_URL', eventStoreUrl, undefined),
    mongoUrl: read('MONGO_URL', mongoUrl, undefined),
    kafkaBrokers: read('KAFKA_BROKERS', brokers, []),
    kafkaTls: read('KAFKA_TLS', oneOf(TRUTH), 'false' as const) === 'true',
    kafkaLogin: kafkaLogin(read),
    kafkaTopicPrefix: read('KAFKA_TOPIC_PREFIX', topicPrefix, 'chancery.'),
    roles: read('ROLES', someOf(ROLES), ROLES),
  };
  for (const [name, why] of Object.entries(SHARED_NEEDS)) {
    if (settings.eventStoreUrl !== undefined && !isSet(name)) throw new ConfigError(`EVENTSTORE_URL is set without ${name}; accepted is both: ${why}`);
  }
  const lacking = ['EVENTSTORE_URL', 'KAFKA_BROKERS'].find((name) => !isSet(name));
  if (settings.roles.length < ROLES.length && lacking !== undefined) {
    throw new ConfigError(`ROLES leaves out ${ROLES.filter((role) => !settings.roles.includes(role)).join(',')} while ${lacking} is not set; accepted is leaving it unset: with an embedded engine all of ${ROLES.join(',')} are in one process`);
  }
  return settings;
};

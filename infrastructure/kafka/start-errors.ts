/** Why a bus cannot be opened, in one line that names what to change. */
import { Rejection } from '../../domain/kernel/rejection.ts';
import { ConfigError } from '../runtime/config-values.ts';

type KafkaError = Readonly<{ name: string; message: string; type?: string; cause?: unknown }>;

/** kafkajs wraps what happened into what it gave up with. */
const originOf = (error: unknown): KafkaError => {
  const { cause } = error as KafkaError;
  return cause instanceof Error && cause !== error ? originOf(cause) : (error as KafkaError);
};

const WORDS: readonly (readonly [RegExp, string])[] = [
  [/KafkaJSSASLAuthenticationError|SASL_AUTHENTICATION_FAILED|ILLEGAL_SASL_STATE|UNSUPPORTED_SASL_MECHANISM/, 'the broker refuses the user or the password'],
  [/AUTHORIZATION_FAILED/, 'the broker does not permit this user to publish'],
  [/KafkaJSServerDoesNotSupportApiKey|KafkaJSNotImplemented|UNSUPPORTED_VERSION|KafkaJSUnsupportedMagicByte/, 'the broker is too old: Apache Kafka 2.4 or newer is needed'],
  [/KafkaJSConnectionClosedError|Connection closed by the server/, 'who listens there closes the connection: it is no Kafka broker, or it asks for TLS or a password'],
];

/** `brokers` hold no secret. */
export const startError = (error: unknown, brokers: readonly string[]): ConfigError => {
  const { name, type = '', message }: KafkaError = error instanceof Rejection ? { name: 'timeout', message: 'nothing came in time' } : originOf(error);
  const known = WORDS.find(([pattern]) => pattern.test(`${name} ${type} ${message}`))?.[1];
  return new ConfigError(`KAFKA_BROKERS ${JSON.stringify(brokers.join(','))}: ${known ?? `no broker answers (${message})`}`);
};

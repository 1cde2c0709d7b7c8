/** Why a bus cannot be opened, in one line that names what to change. */
import { Rejection } from '../../domain/kernel/rejection.ts';
import { ConfigError } from '../runtime/config-values.ts';

type KafkaError = Readonly<{ name: string; message: string; type?: string; code?: string; cause?: unknown }>;

/** kafkajs wraps what happened into what it gave up with. */
const originOf = (error: unknown): KafkaError => {
  const { cause } = error as KafkaError;
  return cause instanceof Error && cause !== error ? originOf(cause) : (error as KafkaError);
};

/** Of name, type, code and message, the first that fits. Codes of certificates are Node.js' and OpenSSL's. */
const WORDS: readonly (readonly [RegExp, string])[] = [
  [/UNSUPPORTED_SASL_MECHANISM|mechanism is not supported/, 'the broker does not offer KAFKA_SASL_MECHANISM'],
  [/ILLEGAL_SASL_STATE/, 'the broker asks for no password there: KAFKA_USERNAME and KAFKA_PASSWORD are to be unset, or another port is meant'],
  [/KafkaJSSASLAuthenticationError|SASL_AUTHENTICATION_FAILED/, 'the broker refuses the user or the password: KAFKA_USERNAME, KAFKA_PASSWORD'],
  [/AUTHORIZATION_FAILED/, 'the broker does not permit this user to publish: KAFKA_USERNAME'],
  [/KafkaJSServerDoesNotSupportApiKey|KafkaJSNotImplemented|UNSUPPORTED_VERSION|KafkaJSUnsupportedMagicByte/, 'the broker is too old: Apache Kafka 2.4 or newer is needed'],
  [/ERR_TLS_CERT_ALTNAME_INVALID/, 'the broker\'s certificate is for another name'],
  [/CERT_HAS_EXPIRED|CERT_NOT_YET_VALID/, 'the broker\'s certificate has expired, or is not valid yet'],
  [/UNABLE_TO_VERIFY_LEAF_SIGNATURE|UNABLE_TO_GET_ISSUER_CERT|SELF_SIGNED_CERT/, 'the broker\'s certificate is by an authority that is not known: NODE_EXTRA_CA_CERTS names the file of one\'s own'],
  [/before secure TLS connection was established|EPROTO|ERR_SSL_/, 'who listens there does not speak TLS, or refuses ours: KAFKA_TLS'],
  [/ERR_BUFFER_OUT_OF_BOUNDS|outside buffer bounds|ERR_OUT_OF_RANGE|Invalid array length|Invalid typed array length|KafkaJSPartialMessageError/, 'what listens there is no Kafka broker: it answers in another language'],
  [/KafkaJSConnectionClosedError|Connection closed by the server/, 'who listens there closes the connection: it is no Kafka broker, or it asks for TLS or a password (KAFKA_TLS, KAFKA_USERNAME)'],
];

/** `brokers` hold no secret. */
export const startError = (error: unknown, brokers: readonly string[]): ConfigError => {
  const { name, type = '', code = '', message }: KafkaError = error instanceof Rejection ? { name: 'timeout', message: 'nothing came in time' } : originOf(error);
  const known = WORDS.find(([pattern]) => pattern.test(`${name} ${type} ${code} ${message}`))?.[1];
  return new ConfigError(`KAFKA_BROKERS ${JSON.stringify(brokers.join(','))}: ${known ?? `no broker answers (${message})`}`);
};

/** A broker of a test's own that listens in every way: over TLS with a certificate of an authority of its own, and asking for a password. */
import { createKafka, type Settings } from '../../scripts/engines-support/kafka.ts';
import { startOwnEngine, type OwnEngine } from './engines.ts';
import { makeServerCertificate } from './eventstore-node/certificates.ts';

export const USER = 'chancery';
/** One for each way, so that none is taken for another's. */
export const PASSWORDS = { 'plain': 'correct-plain', 'scram-sha-256': 'correct=256', 'scram-sha-512': 'correct/512' } as const;

export type SecuredKafka = Readonly<{
  engine: OwnEngine;
  /** `host:port`s. The one without TLS that asks for a password knows no SCRAM-SHA-256. */
  at: Readonly<{ tlsWithPassword: string; password: string; tls: string; open: string }>;
  /** The authority's certificate, PEM. */
  authority: string;
}>;

const PLAIN = `org.apache.kafka.common.security.plain.PlainLoginModule required user_${USER}="${PASSWORDS.plain}";`;
const SCRAM = 'org.apache.kafka.common.security.scram.ScramLoginModule required;';

/** Several lines in one of a file of properties. */
const inOneLine = (text: string): string => text.replaceAll('\n', String.raw`\n`);

const settingsOf = ([open, controller, tlsWithPassword, password, tls]: readonly number[], key: string, certificate: string): Settings => ({
  'listeners': `PLAINTEXT://127.0.0.1:${open},CONTROLLER://127.0.0.1:${controller},SASL_SSL://127.0.0.1:${tlsWithPassword},SASL_PLAINTEXT://127.0.0.1:${password},SSL://127.0.0.1:${tls}`,
  'advertised.listeners': `PLAINTEXT://127.0.0.1:${open},SASL_SSL://127.0.0.1:${tlsWithPassword},SASL_PLAINTEXT://127.0.0.1:${password},SSL://127.0.0.1:${tls}`,
  'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,SASL_SSL:SASL_SSL,SASL_PLAINTEXT:SASL_PLAINTEXT,SSL:SSL',
  'ssl.keystore.type': 'PEM',
  'ssl.keystore.key': inOneLine(key),
  'ssl.keystore.certificate.chain': inOneLine(certificate),
  'sasl.enabled.mechanisms': 'PLAIN,SCRAM-SHA-256,SCRAM-SHA-512',
  'listener.name.sasl_plaintext.sasl.enabled.mechanisms': 'PLAIN,SCRAM-SHA-512',
  ...Object.fromEntries(['sasl_ssl', 'sasl_plaintext'].flatMap((listener) => [
    [`listener.name.${listener}.plain.sasl.jaas.config`, PLAIN],
    [`listener.name.${listener}.scram-sha-256.sasl.jaas.config`, SCRAM],
    [`listener.name.${listener}.scram-sha-512.sasl.jaas.config`, SCRAM],
  ])),
});

export const startSecuredKafka = async (): Promise<SecuredKafka> => {
  const { key, certificate, authority } = await makeServerCertificate();
  let ports: readonly number[] = [];
  const scram = (['scram-sha-256', 'scram-sha-512'] as const).flatMap((mechanism) => ['--add-scram', `${mechanism.toUpperCase()}=[name=${USER},password=${PASSWORDS[mechanism]}]`]);
  const engine = await startOwnEngine(createKafka({
    morePorts: 3,
    settings: (place) => {
      ({ ports } = place);
      return settingsOf(ports, key, certificate);
    },
    format: scram,
  }));
  const [open, , tlsWithPassword, password, tls] = ports.map((port) => `127.0.0.1:${port}`) as [string, string, string, string, string];
  return { engine, at: { open, tlsWithPassword, password, tls }, authority };
};

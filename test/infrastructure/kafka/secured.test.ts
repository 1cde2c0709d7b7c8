/** Kafka over TLS and with passwords: a real broker with a certificate of an authority of its own. */
import { expect } from 'chai';
import type { SASLOptions } from 'kafkajs';
import { randomUUID } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { ConfigError } from '../../../infrastructure/runtime/config-values.ts';
import type { KafkaBusOptions } from '../../../infrastructure/kafka/kafka-bus.ts';
import { requireOwnEngine } from '../../support/engines.ts';
import { PASSWORDS, startSecuredKafka, USER, type SecuredKafka } from '../../support/kafka-secured.ts';
import { serveProgram, type ServedProgram } from '../../support/served-program.ts';
import { temporaryDirectory, type TemporaryDirectory } from '../../support/temporary-directory.ts';
import { consuming, messagesOf, openBus, untilSeen } from './support.ts';

type Mechanism = keyof typeof PASSWORDS;
type Access = Pick<KafkaBusOptions, 'tls' | 'login'>;

const MECHANISMS = Object.keys(PASSWORDS) as readonly Mechanism[];
const WRONG = 'not-to-be-shown';
const WRONG_SETTINGS = 2;
/** Each says no within its retries, on cores that others use as well. */
const AT_ONCE_MS = 10_000;

const loginBy = (mechanism: Mechanism, password: string = PASSWORDS[mechanism]): SASLOptions => ({ mechanism, username: USER, password });

const expectUsable = async (address: string, access: Access): Promise<void> => {
  const { bus, close } = await openBus(address, access);
  const consumer = { name: 'reader', topic: randomUUID() };
  const messages = messagesOf(consumer.topic, ['one', 'other'], 3);
  await bus.publish(messages);
  const running = consuming(bus, consumer);
  await untilSeen(messages.map(({ id }) => id), running);
  await running.stop();
  await close();
};

const refusal = async (address: string, access: Access): Promise<string> => {
  const begun = performance.now();
  const error = await openBus(address, access).catch((reason: unknown) => reason);
  expect(performance.now() - begun, 'ms').to.be.lessThan(AT_ONCE_MS);
  expect(error).to.be.instanceOf(ConfigError);
  const { message } = error as ConfigError;
  expect(message).to.match(/^KAFKA_BROKERS "127\.0\.0\.1:\d+": [^\n]+$/u).and.not.contain(WRONG);
  return message;
};

describe('the bus in a Kafka that asks for TLS and passwords', function suite() {
  this.timeout(120_000);
  let kafka: SecuredKafka;
  let directory: TemporaryDirectory;
  const usual = getCACertificates('default');

  before(async function starting() {
    requireOwnEngine(this, 'kafka');
    kafka = await startSecuredKafka();
    directory = temporaryDirectory();
    // As NODE_EXTRA_CA_CERTS does it at the start of a process.
    setDefaultCACertificates([...usual, kafka.authority]);
  });
  after(async () => {
    setDefaultCACertificates([...usual]);
    await kafka?.engine.stop();
    directory?.remove();
  });

  for (const mechanism of MECHANISMS) {
    it(`publishes and consumes over TLS with ${mechanism}, and refuses a wrong password`, async () => {
      await expectUsable(kafka.at.tlsWithPassword, { tls: true, login: loginBy(mechanism) });
      expect(await refusal(kafka.at.tlsWithPassword, { tls: true, login: loginBy(mechanism, WRONG) })).to.match(/: the broker refuses the user or the password: KAFKA_USERNAME, KAFKA_PASSWORD$/u);
    });
  }

  it('publishes and consumes over TLS alone, and with a password alone', async () => {
    await expectUsable(kafka.at.tls, { tls: true });
    await expectUsable(kafka.at.password, { login: loginBy('plain') });
    await expectUsable(kafka.at.password, { login: loginBy('scram-sha-512') });
  });

  it('says what does not fit: TLS, a password, how it is said', async () => {
    const { open, tls, password, tlsWithPassword } = kafka.at;
    for (const [address, access] of [[open, {}], [password, { login: loginBy('plain') }]] as const) expect(await refusal(address, { tls: true, ...access })).to.match(/does not speak TLS, or refuses ours: KAFKA_TLS$/u);
    for (const [address, access] of [[tls, {}], [tlsWithPassword, { login: loginBy('plain') }], [password, {}], [tlsWithPassword, { tls: true }]] as const) {
      expect(await refusal(address, access)).to.match(/it is no Kafka broker, or it asks for TLS or a password \(KAFKA_TLS, KAFKA_USERNAME\)$/u);
    }
    for (const [address, isTls] of [[open, false], [tls, true]] as const) expect(await refusal(address, { tls: isTls, login: loginBy('plain', WRONG) })).to.match(/the broker asks for no password there: KAFKA_USERNAME and KAFKA_PASSWORD/u);
    expect(await refusal(password, { login: loginBy('scram-sha-256', WRONG) })).to.match(/the broker does not offer KAFKA_SASL_MECHANISM$/u);
  });

  it('refuses a broker whose certificate is by an authority that is not known', async () => {
    setDefaultCACertificates([...usual]);
    try {
      expect(await refusal(kafka.at.tls, { tls: true })).to.match(/by an authority that is not known: NODE_EXTRA_CA_CERTS names the file of one's own$/u);
      expect(await refusal(kafka.at.tlsWithPassword, { tls: true, login: loginBy('plain', WRONG) })).to.match(/by an authority that is not known/u);
    } finally {
      setDefaultCACertificates([...usual, kafka.authority]);
    }
  });

  describe('the program', () => {
    const started: ServedProgram[] = [];
    afterEach(() => started.splice(0).forEach(({ process }) => process.kill('SIGKILL')));

    /** All that it says on both of its outputs. */
    const start = (more: Readonly<Record<string, string>>) => {
      const file = join(directory.path, 'authority.pem');
      writeFileSync(file, kafka.authority);
      const program = serveProgram({
        dataDir: join(directory.path, randomUUID()),
        env: { KAFKA_BROKERS: kafka.at.tlsWithPassword, KAFKA_TLS: 'true', KAFKA_USERNAME: USER, KAFKA_PASSWORD: PASSWORDS['scram-sha-512'], KAFKA_SASL_MECHANISM: 'scram-sha-512', NODE_EXTRA_CA_CERTS: file, ...more },
      });
      started.push(program);
      let logged = '';
      program.process.stdout?.on('data', (chunk: Buffer) => { logged += chunk.toString(); });
      return { program, all: () => `${logged}${program.said()}` };
    };

    const refused = async (more: Readonly<Record<string, string>>): Promise<string> => {
      const { program, all } = start(more);
      expect(await program.gone, program.said()).to.equal(WRONG_SETTINGS);
      expect(program.said()).to.match(/^[^\n]+\n$/u);
      expect(all()).not.to.contain(WRONG);
      return program.said();
    };

    it('trusts the authority that NODE_EXTRA_CA_CERTS names, and serves', async () => {
      const { program, all } = start({});
      await program.listening;
      expect(all()).not.to.contain(PASSWORDS['scram-sha-512']);
    });

    it('does not start with a wrong password, or without the authority', async () => {
      expect(await refused({ KAFKA_PASSWORD: WRONG })).to.match(/KAFKA_BROKERS .*refuses the user or the password: KAFKA_USERNAME, KAFKA_PASSWORD/u);
      expect(await refused({ NODE_EXTRA_CA_CERTS: '', KAFKA_PASSWORD: WRONG })).to.match(/KAFKA_BROKERS .*NODE_EXTRA_CA_CERTS/u);
    });
  });
});

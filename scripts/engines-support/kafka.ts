/** Apache Kafka in KRaft mode: nodes that are broker and controller, small, for tests. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import kafkajs from 'kafkajs';
import type { Command, Engine, Place } from './engine.ts';
import { build, findMade, make, requireTools, type Recipe } from './toolchain.ts';

const jars: Recipe = {
  name: 'kafka',
  recipe: fileURLToPath(new URL('kafka', import.meta.url)),
  tools: ['java', 'mvn'],
  make: (folder) => build('mvn', ['-q', '-B', 'dependency:copy-dependencies', '-DincludeScope=runtime', `-DoutputDirectory=${join(folder, 'jars')}`], folder),
};

/** Any 16 bytes in base64url; the data is nobody else's. */
const CLUSTER_ID = 'Y2hhbmNlcnktdGVzdHMtMQ';

const settingsFile = ({ folder }: Place): string => join(folder, 'server.properties');

export type Settings = Readonly<Record<string, string | number>>;

/** What is different about a broker that is not like the one which all tests share. */
export type Variant = Readonly<{
  /** Ports beside the first two: its own for clients, and its controller's. */
  morePorts?: number;
  /** Over those that every broker has. */
  settings?: (place: Place) => Settings;
  /** Said to `kafka-storage format` as well. */
  format?: readonly string[];
}>;

/** As little of everything as a single broker gets along with; topics are made by who publishes, as in production. */
const usualSettings = ({ folder, ports: [port, controllerPort] }: Place): Settings => ({
  'process.roles': 'broker,controller',
  'node.id': 1,
  'controller.quorum.voters': `1@127.0.0.1:${controllerPort}`,
  'listeners': `PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controllerPort}`,
  'advertised.listeners': `PLAINTEXT://127.0.0.1:${port}`,
  'controller.listener.names': 'CONTROLLER',
  'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT',
  'log.dirs': join(folder, 'data'),
  'auto.create.topics.enable': 'false',
  'offsets.topic.replication.factor': 1,
  'offsets.topic.num.partitions': 4,
  'transaction.state.log.replication.factor': 1,
  'transaction.state.log.min.isr': 1,
  'group.initial.rebalance.delay.ms': 0,
  // A broker that was killed is not let in again before its session has ended.
  'broker.heartbeat.interval.ms': 300,
  'broker.session.timeout.ms': 1_500,
  'num.network.threads': 2,
  'num.io.threads': 2,
  'background.threads': 2,
  'log.cleaner.threads': 1,
  'log.cleaner.dedupe.buffer.size': 4_194_304,
});

/** A short start counts for more than speed later. */
const JVM = ['-Xms64m', '-Xmx256m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-XX:-UsePerfData'];

const java = (main: string, ...args: readonly string[]): Command => ({ program: 'java', args: [...JVM, '-cp', join(make(jars), 'jars', '*'), main, ...args] });

const patience = { connectionTimeout: 2_000, requestTimeout: 5_000, retry: { retries: 0 }, logLevel: kafkajs.logLevel.NOTHING };

export const createKafka = ({ morePorts = 0, settings, format = [] }: Variant = {}): Engine => ({
  name: 'kafka',
  variable: 'KAFKA_BROKERS',
  portsNeeded: 2 + morePorts,
  isMade: () => findMade(jars) !== undefined,
  prepare: (place) => {
    make(jars);
    requireTools('java');
    const all = { ...usualSettings(place), ...settings?.(place) };
    writeFileSync(settingsFile(place), Object.entries(all).map(([name, value]) => `${name}=${value}\n`).join(''));
    const { program, args } = java('kafka.tools.StorageTool', 'format', '-t', CLUSTER_ID, '-c', settingsFile(place), ...format);
    build(program, args, place.folder);
  },
  command: (place) => java('kafka.Kafka', settingsFile(place)),
  address: ({ ports: [port] }) => `127.0.0.1:${port}`,
  ask: async (address) => {
    const admin = new kafkajs.Kafka({ brokers: [address], ...patience }).admin();
    try {
      await admin.connect();
      await admin.describeCluster();
    } finally {
      await admin.disconnect();
    }
  },
});

export const kafka: Engine = createKafka();

/** Several brokers of a test's own, each of which keeps a copy of everything: what is acknowledged is on two of three at least. */
import kafkajs from 'kafkajs';
import { freePort } from '../../scripts/engines-support/free-port.ts';
import { createKafka, type Settings } from '../../scripts/engines-support/kafka.ts';
import { startOwnEngine, type OwnEngine } from './engines.ts';

export type PlacedPartition = Readonly<{ partition: number; leader: number; replicas: readonly number[]; inSync: readonly number[] }>;

export interface KafkaCluster {
  /** What KAFKA_BROKERS would be. */
  readonly addresses: string;
  /** By node id less one. */
  readonly nodes: readonly OwnEngine[];
  /** Where a topic is, as the brokers that are there tell it. */
  partitions(topic: string): Promise<readonly PlacedPartition[]>;
  setting(topic: string, name: string): Promise<string | undefined>;
  stop(): Promise<void>;
}

const NODES = [1, 2, 3];

/** Of the node `id`, whose controllers listen at `controllers`. */
const settingsOf = (id: number, controllers: readonly number[], port: number | undefined): Settings => ({
  'node.id': id,
  'controller.quorum.voters': NODES.map((node, index) => `${node}@127.0.0.1:${controllers[index]}`).join(','),
  'listeners': `PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controllers[id - 1]}`,
  'default.replication.factor': 3,
  'min.insync.replicas': 2,
  'offsets.topic.replication.factor': 3,
  // Another controller is elected as fast as another leader.
  'controller.quorum.election.timeout.ms': 500,
  'controller.quorum.fetch.timeout.ms': 1_000,
});

/** Resolves when all three answer and know of each other. */
export const startKafkaCluster = async (): Promise<KafkaCluster> => {
  const controllers: number[] = [];
  for (const _node of NODES) controllers.push(await freePort());
  const nodes = await Promise.all(NODES.map((id) => startOwnEngine(createKafka({ settings: ({ ports: [port] }) => settingsOf(id, controllers, port) }))));
  const brokers = nodes.map(({ address }) => address);

  const asking = async <Answer>(ask: (admin: kafkajs.Admin) => Promise<Answer>): Promise<Answer> => {
    const admin = new kafkajs.Kafka({ brokers, logLevel: kafkajs.logLevel.NOTHING }).admin();
    await admin.connect();
    try {
      return await ask(admin);
    } finally {
      await admin.disconnect();
    }
  };

  const untilComplete = async (): Promise<void> => {
    while ((await asking((admin) => admin.describeCluster())).brokers.length < NODES.length);
  };

  await untilComplete();
  return {
    addresses: brokers.join(','),
    nodes,
    partitions: async (topic) => {
      const { topics: [known] } = await asking((admin) => admin.fetchTopicMetadata({ topics: [topic] }));
      return (known?.partitions ?? []).map(({ partitionId, leader, replicas, isr }) => ({ partition: partitionId, leader, replicas, inSync: isr }));
    },
    setting: async (topic, name) => {
      const { resources: [known] } = await asking((admin) => admin.describeConfigs({ includeSynonyms: false, resources: [{ type: kafkajs.ConfigResourceTypes.TOPIC, name: topic, configNames: [name] }] }));
      return known?.configEntries.find(({ configName }) => configName === name)?.configValue;
    },
    stop: async () => { await Promise.all(nodes.map((node) => node.stop())); },
  };
};

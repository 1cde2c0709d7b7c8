import type { Bus } from '../../application/kernel/bus.ts';
import { openKafkaBus, type OpenBus } from '../../infrastructure/kafka/kafka-bus.ts';
import { describeWithEngine } from '../support/pending.ts';
import { silentLogger } from '../support/silent.ts';
import { busContract } from './bus.contract.ts';

describeWithEngine('contract: bus in Kafka', 'KAFKA_BROKERS', (address) => {
  let opened: OpenBus;
  let bus: Bus;

  before(async () => {
    opened = await openKafkaBus({ brokers: address.split(','), prefix: 'chancery-test.', clientId: 'chancery-test', logger: silentLogger, partitions: 3 });
    ({ bus } = opened);
  });

  after(() => opened.close());

  busContract(() => bus);
});

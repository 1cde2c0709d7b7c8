/** A consumer that may be killed: writes the id of each message that it has handled. */
import { writeSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { openKafkaBus } from '../../../infrastructure/kafka/kafka-bus.ts';
import { silentLogger } from '../../support/silent.ts';

const [address = '', name = '', topic = ''] = process.argv.slice(2);
const { bus } = await openKafkaBus({ brokers: address.split(','), prefix: 'chancery-test.', clientId: 'chancery-test', logger: silentLogger });
await bus.consume({ name, topic }, async ({ id }) => {
  writeSync(1, `${id}\n`);
  await delay(1);
}, new AbortController().signal);
